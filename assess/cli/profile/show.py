"""`assess profile show`: one profile, drawn or written out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assess.cli.options import ProfilesOption
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.device import Device
    from assess.describe.library import Library


def show(
    id_: Annotated[str, typer.Argument(metavar="ID|FILE", help="A device, or any other profile.")],
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Write the file out, with all that it takes from the device it extends.")
    ] = False,
    profiles: ProfilesOption = None,
) -> None:
    """Draw a device: engines, memories, roofline, power modes, sources; write any other profile out.

    Example: assess profile show nvidia-jetson-agx-orin-64gb
    """
    from assess.clean import clean
    from assess.cli.notes import tell_notes
    from assess.cli.terminal import terminal_width
    from assess.describe.kinds import DEVICE
    from assess.describe.library import Library, profile_folders
    from assess.report.drawn import drawn
    from assess.report.toml_text import toml_text

    library = Library(profile_folders(profiles or ()))
    kind, file = library.find(id_)
    left_out: list[Path] = []
    if kind is DEVICE and not resolved:
        device = library.device(str(file))
        modes, left_out = _sound(library.modes_of(file), library)
        typer.echo(drawn(device, modes, terminal_width()), nl=False)
    else:
        library.record(kind, file)
        whole = library.resolved(kind, file)
        if whole.base:
            typer.echo(f"# {clean(file.stem)}, with what it takes from {clean(whole.base)}")
        typer.echo(toml_text(whole.mapping), nl=False)
    tell_notes(library, *(f"{one} is left out: it has problems" for one in left_out))


def _sound(files: Sequence[Path], library: Library) -> tuple[list[Device], list[Path]]:
    """The devices of files, and those that have problems: these are no reason not to show another."""
    sound, left_out = [], []
    for file in files:
        try:
            sound.append(library.device(str(file)))
        except AssessError:
            left_out.append(file)
    return sound, left_out
