"""`assess demo`: the main job on a real model that ships with the project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_SUITE = "demo"


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.html", help="Where the HTML report goes.")
    ] = Path("assess-demo.html"),
) -> None:
    """Run the main job on a shipped model: one report in full, then the same model on a device of every sector.

    Example: assess demo
    """
    from assess.cli.output import check_outputs, deliver, named_format
    from assess.cli.progress import progress
    from assess.cli.terminal import terminal_width
    from assess.describe.library import Library
    from assess.judge.fit_report import FitReport
    from assess.report.matrix import lines
    from assess.suite import run_suite

    check_outputs([output])
    library = Library()
    with progress() as tell:
        outcomes = run_suite(library.suite(_SUITE), library, on_progress=tell)
    in_full = next(outcome for outcome in outcomes if isinstance(outcome, FitReport))
    deliver(in_full, named_format("terminal"), [output])
    typer.echo("\nthe same model elsewhere\n")
    typer.echo("\n".join(lines([outcome for outcome in outcomes if outcome is not in_full], terminal_width())))
