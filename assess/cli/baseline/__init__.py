"""`assess baseline`: keep, look at and replace what was accepted, one file per command."""

from __future__ import annotations

import typer

from assess.cli.baseline.accept import accept
from assess.cli.baseline.list import list_
from assess.cli.baseline.prune import prune
from assess.cli.baseline.show import show

baseline = typer.Typer(
    name="baseline",
    help="Keep what was accepted, for `assess gate --baseline`: accept, show, list, prune.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (accept, show, prune):
    baseline.command()(_command)
baseline.command("list")(list_)
