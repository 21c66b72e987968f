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
    from assess.describe.library import Library
    from assess.pipeline import run_suite
    from assess.report.matrix import matrix

    check_outputs([output])
    library = Library()
    with progress() as tell:
        reports = run_suite(library.suite(_SUITE), library, on_progress=tell)
    deliver(reports[0], named_format("terminal"), [output])
    typer.echo("\nthe same model elsewhere\n")
    typer.echo(matrix(reports[1:]), nl=False)
