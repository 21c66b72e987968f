"""`assess profile diff`: what two profiles say differently."""

from __future__ import annotations

from typing import Annotated

import typer

from assess.cli.options import ProfilesOption
from assess.errors import AssessError


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A profile: id or file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another of its kind.")],
    profiles: ProfilesOption = None,
) -> None:
    """Tell what two profiles say differently: exit 0 if nothing, 1 if something.

    Variants are compared with all that they take from the device they extend.

    Example: assess profile diff nvidia-jetson-agx-orin-64gb nvidia-jetson-agx-orin-64gb-30w
    """
    from assess.cli.exit_codes import ExitCode
    from assess.cli.notes import tell_notes
    from assess.describe.library import Library, profile_folders
    from assess.report.difference import difference

    library = Library(profile_folders(profiles or ()))
    (kind, one), (other_kind, other) = library.find(first), library.find(second)
    if kind is not other_kind:
        raise AssessError(
            f"{first} is one of {kind.folder}, {second} one of {other_kind.folder}", hint="compare two of a kind"
        )
    for file in (one, other):
        library.record(kind, file)
    found = difference(library.resolved(kind, one).mapping, library.resolved(kind, other).mapping)
    typer.echo(found or f"{first} and {second} say the same\n", nl=False)
    tell_notes(library)
    raise typer.Exit(ExitCode.NO if found else ExitCode.YES)
