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
    from assess.cli.output import terminal_width
    from assess.describe.library import Library, profile_folders
    from assess.report.drawn import drawn
    from assess.report.toml_text import toml_text

    library = Library(profile_folders(profiles or ()))
    kind, file = library.find(id_)
    if kind == "devices" and not resolved:
        device = library.device(str(file))
        typer.echo(drawn(device, _sound(library.modes_of(file), library), terminal_width()), nl=False)
    else:
        library.check(kind, file)
        whole = library.resolved(kind, file)
        if base := whole.pop("extends", ""):
            typer.echo(f"# {file.stem}, with what it takes from {clean(str(base))}")
        typer.echo(toml_text(whole), nl=False)
    tell_notes(library)


def _sound(files: Sequence[Path], library: Library) -> list[Device]:
    """The devices of files, without those that have problems: these are no reason not to show another."""
    found = []
    for file in files:
        try:
            found.append(library.device(str(file)))
        except AssessError:
            library.notes.append(f"{file} is left out: it has problems")
    return found
