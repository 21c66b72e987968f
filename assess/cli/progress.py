"""A bar with what is being done and how long it will take; on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assess.measure.timed_run import OnProgress


@contextmanager
def progress() -> Iterator[OnProgress]:
    """Something to tell progress to; it is shown on standard error where that is a terminal, and wiped at the end."""
    from assess.measure.timed_run import silent

    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None, left="")

        def tell(what: str, done: float | None, left_s: float | None) -> None:
            left = "" if left_s is None else f"{left_s:.0f} s left"
            bar.update(task, description=what, total=None if done is None else 1.0, completed=done or 0.0, left=left)

        yield tell
