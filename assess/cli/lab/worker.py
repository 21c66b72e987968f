"""`assess lab worker`: offer a board to a lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.lab.dask import require_distributed, warn_if_open
from assess.cli.options import ProfilesOption
from assess.cli.place import InventoryOption, There, place_of
from assess.errors import AssessError


def worker(
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="Of the lab: tcp://host:port or tls://host:port.")
    ],
    target: Annotated[
        str | None, typer.Option("--target", metavar="TARGET", help="Measure on it, over ssh; default: on this host.")
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device", "-d", metavar="ID|FILE", help="What to offer; default: what this host is; repeatable."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", metavar="TEXT", help="As people know it; default: the target or host.")
    ] = "",
    cache: Annotated[
        Path | None, typer.Option("--cache", metavar="DIR", help="Where models are kept that it was sent.")
    ] = None,
    profiles: ProfilesOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Offer a device to a lab: measure on this host, or on a target, what its clients ask, one case at a time.

    Runs until it is told to end (Ctrl-C, SIGTERM); a case that is being measured then goes to another worker.

    Example: assess lab worker --scheduler tcp://127.0.0.1:8786 --device raspberry-pi-5-8gb
    """
    from assess.cli.targets import library_of

    require_distributed()
    from assess.lab.bench import Bench, on_this_host
    from assess.lab.store import Store, usual_folder
    from assess.lab.worker import Offer, measure_on, offered, serve

    library, place = library_of(profiles, None), place_of(target, inventory)
    if isinstance(place, There) and not device and not place.device:
        raise AssessError("is missing", where="--device", hint="say which device the target is, or let its inventory")
    devices = offered(library, device or ([place.device] if place.device else []))
    # A target that cannot be reached is told of now; later it is reached anew for each case.
    measure = measure_on(place.board.target) if isinstance(place, There) else on_this_host("assess lab worker")
    warn_if_open(scheduler)
    bench = Bench(measure, Store(cache or usual_folder()), library)
    offer = Offer(scheduler, devices, name or target or "")
    serve(offer, bench, lambda known: typer.echo(f"{known} offers {', '.join(devices)} to {scheduler}", err=True))
