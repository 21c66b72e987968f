"""What a user may not expect of the files that were used, told on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from assess.clean import clean

if TYPE_CHECKING:
    from assess.describe.library import Library


def tell_notes(library: Library, *more: str) -> None:
    """Tell each of them, and what the command itself notes."""
    for note in (*library.notes, *more):
        typer.echo(f"note: {clean(note)}", err=True)
