"""`assess target list`: the boards of an inventory."""

from __future__ import annotations

from typing import Annotated

import typer

from assess.cli.options import choice
from assess.cli.target.inventory import InventoryOption
from assess.errors import AssessError


def list_(
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="WORD", help="Those that have it; repeatable: all of them.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = "text",
    inventory: InventoryOption = None,
) -> None:
    """List the boards of an inventory: name, address, device, tags. Nothing is connected to.

    Example: assess target list --tag lab
    """
    from assess.describe.inventory import inventory_files, load_inventory, usual_files
    from assess.report.targets import targets_json, targets_text

    choice(format_, ("text", "json"), "--format")
    files = inventory_files(inventory)
    if not files:
        usual = " or ".join(map(str, usual_files()))
        raise AssessError("there is no inventory", hint=f"name one with --inventory, or write {usual}")
    wanted = set(tag or ())
    found = [one for file in files for one in load_inventory(file).targets if wanted <= set(one.tags)]
    if not found and format_ == "text":
        typer.echo(f"none of them has the {'tag' if len(wanted) == 1 else 'tags'} {', '.join(sorted(wanted))}")
        return
    typer.echo((targets_json if format_ == "json" else targets_text)(found), nl=False)
