"""`assess target clean`: remove what assess keeps on a board."""

from __future__ import annotations

import typer

from assess.clean import clean as cleaned
from assess.cli.target.check import TargetArgument
from assess.cli.target.inventory import InventoryOption


def clean(name: TargetArgument, inventory: InventoryOption = None) -> None:
    """Remove what assess keeps on a board: the kit, models, runs that nobody fetched. Nothing else is there.

    Example: assess target clean orin-desk
    """
    from assess.cli.progress import progress
    from assess.describe.inventory import find_target, inventory_files
    from assess.target.clean import clean as remove

    target = find_target(name, inventory_files(inventory))
    with progress() as tell:
        tell(f"cleaning {target.name}", None, None)
        freed = remove(target)
    what = f"{freed / 1e6:.1f} MB freed" if freed else "there was nothing to remove"
    typer.echo(f"{cleaned(target.name)}: {what}", err=True)
