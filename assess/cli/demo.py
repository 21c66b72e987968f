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
    from assess.cli.output import check_outputs, deliver, named_format, tell_waiting
    from assess.cli.progress import progress
    from assess.cli.terminal import terminal_width
    from assess.describe.library import Library
    from assess.portfolio import judge_all
    from assess.report.matrix import lines
    from assess.suite import plan_suite, report_of, runner_of, usual_settings

    check_outputs([output])
    library = Library()
    with progress() as tell:
        plan = plan_suite(library.suite(_SUITE), Path(), library, usual_settings, on_progress=tell)
        judged = judge_all(plan.runs, runner_of(plan, library, on_wait=tell_waiting), on_progress=tell)
    if judged.bug:
        raise judged.bug
    if judged.over:  # Stopped in its only run.
        raise KeyboardInterrupt
    in_full, *others = report_of(plan, judged).reports
    deliver(in_full, named_format("terminal"), [output])
    typer.echo("\nthe same model elsewhere\n")
    typer.echo("\n".join(lines(others, terminal_width())))
