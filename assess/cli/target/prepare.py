"""`assess target prepare`: fetch the wheels that boards need, once, and bring a board its kit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.clean import clean
from assess.cli.target.inventory import InventoryOption
from assess.errors import AssessError


def prepare(
    name: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="A name of the inventory, or ssh://user@host[:port].")
    ] = None,
    arch: Annotated[
        str | None, typer.Option("--arch", metavar="NAME", help="Instead: wheels for aarch64 or x86_64, kept here.")
    ] = None,
    python: Annotated[
        str | None, typer.Option("--python", metavar="VERSION", help="With --arch: of the boards, as 3.11.")
    ] = None,
    inventory: InventoryOption = None,
) -> None:
    """Fetch the wheels that boards need and keep them here, for a lab without a network; bring a board its kit.

    Example: assess target prepare --arch aarch64 --python 3.11
    """
    if (name is None) == (arch is None):
        raise AssessError("either a board is named, or what boards are", where="TARGET, --arch",
                          hint="assess target prepare NAME, or --arch aarch64 --python 3.11")  # fmt: skip
    if (arch is None) != (python is None):
        raise AssessError("belong together", where="--arch, --python", hint="--arch aarch64 --python 3.11")
    if name is not None:
        _bring(name, inventory)
    else:
        _fetch(str(arch), str(python))


def _bring(name: str, inventory: Path | None) -> None:
    from assess.cli.place import There, place_of

    place = place_of(name, inventory)
    assert isinstance(place, There)
    place.reach()
    where = clean(f"{place.name}: {place.board.probed.folder}")
    typer.echo(f"{where}: the kit {clean(place.board.kit)} is there", err=True)
    place.tell_sent()


def _fetch(arch: str, python: str) -> None:
    from assess.cli.progress import progress
    from assess.target.wheels import check_names, fetch_wheels

    check_names(arch, python)
    with progress() as tell:
        tell(f"fetching wheels for {arch}, Python {python}", None, None)
        found = fetch_wheels(arch, python)
    if found.note:
        typer.echo(f"note: {clean(found.note)}", err=True)
    typer.echo(f"kept: {clean(str(found.folder))}, {len(found.wheels)} wheels, {found.size / 1e6:.1f} MB", err=True)
