"""`assess lab`: offer a board to a lab, and see who offers what; one file per command."""

from __future__ import annotations

import typer

from assess.cli.lab.status import status
from assess.cli.lab.worker import worker

lab = typer.Typer(no_args_is_help=True, help="A lab: runs of a suite on many boards at once.")

for _command in (worker, status):
    lab.command()(_command)
