"""Standard error: complaints, and why one that nobody can read changes no answer."""

from __future__ import annotations

import io
import sys
import traceback
from typing import Any, TextIO

import typer

from assess.clean import clean
from assess.errors import AssessError


class _Unfailing(io.FileIO):
    """A file that says that it took what it could not take: a full disk, a reader that is gone."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


def unfailing(stream: TextIO) -> TextIO:
    """The same stream, which drops what cannot be written: an exit code is an answer, and notes are beside it."""
    raw = _Unfailing(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace", line_buffering=True
    )


def complain(error: AssessError) -> None:
    """Print an error; text from files and names is data, a profile's problems keep their lines."""
    lines = error.problem.split("\n") if hasattr(error, "problems") else [error.problem]
    where = f"{clean(error.where)}: " if error.where else ""
    typer.echo(f"error: {where}" + "\n".join(map(clean, lines)), err=True)
    if error.hint:
        typer.echo(f"hint: {clean(error.hint)}", err=True)


def tell_also(error: Exception) -> None:
    """Print an error that another one keeps from being raised."""
    if isinstance(error, AssessError):
        complain(error)
    else:
        traceback.print_exception(error, file=sys.stderr)
