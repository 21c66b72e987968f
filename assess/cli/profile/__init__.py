"""`assess profile`: everything for who writes profiles, one file per command."""

from __future__ import annotations

import typer

from assess.cli.list import list_
from assess.cli.profile.diff import diff
from assess.cli.profile.lint import lint
from assess.cli.profile.new import new
from assess.cli.profile.schema import schema
from assess.cli.profile.show import show

profile = typer.Typer(
    name="profile",
    help="Write profiles of devices, workloads, partners: new, lint, show, diff, list, schema.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (new, lint, show, diff, schema):
    profile.command()(_command)
profile.command("list")(list_)
