"""`assess baseline show`: one baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import choice


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A baseline.")],
    format_: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = "text",
) -> None:
    """Show a baseline: what was accepted, by whom and why, on which machine, and how fast it was there.

    Example: assess baseline show baselines/lanes--camera-30hz--1a2b3c4d--5e6f7a8b.baseline.json
    """
    from assess.cli.terminal import terminal_width
    from assess.measure.baseline_json import read
    from assess.report.baseline import baseline_text, baselines_json

    choice(format_, ("text", "json"), "--format")
    found = read(file)
    text = baseline_text(found, width=terminal_width()) if format_ == "text" else baselines_json([(str(file), found)])
    typer.echo(text, nl=False)
