"""The folder of baselines, as the commands take it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from assess.gate.store import StoredFile

FOLDER = Path("baselines")
FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of baselines.")]


def readable(folder: Path) -> Iterator[StoredFile]:
    """The baselines of a folder; files that are none are complained about, and left out.

    Raises:
        AssessError: there is no such folder.
    """
    from assess.cli.stderr import complain
    from assess.errors import AssessError
    from assess.gate.store import stored

    for found in stored(folder):
        if isinstance(found, AssessError):
            complain(found)
        else:
            yield found
