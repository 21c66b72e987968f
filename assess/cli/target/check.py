"""`assess target check`: whether a board is usable, and how good it is."""

from __future__ import annotations

from typing import Annotated

import typer

from assess.cli.options import ProfilesOption, choice
from assess.cli.target.inventory import InventoryOption

TargetArgument = Annotated[
    str, typer.Argument(metavar="TARGET", help="A name of the inventory, or ssh://user@host[:port].")
]


def check(
    name: TargetArgument,
    format_: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = "text",
    profiles: ProfilesOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Tell in ten seconds whether a board is usable and how good it is. Nothing is brought there.

    Example: assess target check orin-desk
    """
    from assess.cli.exit_codes import ExitCode
    from assess.cli.place import listener
    from assess.cli.progress import progress
    from assess.cli.targets import library_of
    from assess.cli.terminal import terminal_width
    from assess.describe.inventory import find_target, inventory_files
    from assess.report.target_check import target_check_json, target_check_text
    from assess.target.check import check as look

    choice(format_, ("text", "json"), "--format")
    target = find_target(name, inventory_files(inventory))
    device = library_of(profiles, None).device(target.device) if target.device else None
    with progress() as tell:
        found = look(target, device, listener(tell))
    if format_ == "json":
        typer.echo(target_check_json(found), nl=False)
    else:
        typer.echo(target_check_text(found, width=terminal_width()), nl=False)
    if not found.is_usable:
        raise typer.Exit(ExitCode.NO)
