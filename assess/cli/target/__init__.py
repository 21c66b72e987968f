"""`assess target`: the boards that can be reached, one file per command."""

from __future__ import annotations

import typer

from assess.cli.target.check import check
from assess.cli.target.clean import clean
from assess.cli.target.list import list_
from assess.cli.target.prepare import prepare

target = typer.Typer(
    name="target",
    help="Boards that are reached over SSH, as an inventory names them: list, check, prepare, clean.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

target.command("list")(list_)
for _command in (check, prepare, clean):
    target.command()(_command)
