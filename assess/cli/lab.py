"""`assess lab`: offer a board to a lab, and see who offers what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import ProfilesOption
from assess.cli.place import InventoryOption, There, place_of
from assess.errors import AssessError

lab = typer.Typer(no_args_is_help=True, help="A lab: runs of a suite on many boards at once.")


@lab.command()
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
    from assess.lab.store import Store
    from assess.lab.task import cache_folder
    from assess.lab.worker import Offer, offered, runner_on, serve

    library, place = library_of(profiles, None), place_of(target, inventory)
    if isinstance(place, There) and not device and not place.device:
        raise AssessError("is missing", where="--device", hint="say which device the target is, or let its inventory")
    devices = offered(library, device or ([place.device] if place.device else []))
    measure = runner_on(place.board) if isinstance(place, There) else on_this_host("assess lab worker")
    warn_if_open(scheduler)
    bench = Bench(measure, Store(cache or cache_folder()), library)
    offer = Offer(scheduler, devices, name or target or "")
    serve(offer, bench, lambda known: typer.echo(f"{known} offers {', '.join(devices)} to {scheduler}", err=True))


@lab.command()
def status(
    address: Annotated[str, typer.Option("--lab", metavar="ADDRESS", help="Of its scheduler.")],
) -> None:
    """Tell which workers of a lab offer which devices, what runs on them, and how much waits for them.

    Example: assess lab status --lab tcp://127.0.0.1:8786
    """
    require_distributed()
    from assess.clean import clean
    from assess.lab.status import read_status, status_lines

    warn_if_open(address)
    for line in status_lines(read_status(address)):
        typer.echo(clean(line))


def require_distributed() -> None:
    """Refuse what needs Dask where it is not installed.

    Raises:
        AssessError: says how it is.
    """
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise AssessError("a lab needs Dask", hint='pip install "assess[lab]"')


def warn_if_open(address: str) -> None:
    """Say on standard error that whoever reaches an address without TLS may run what they like."""
    from assess.lab.address import is_open_to_others

    if is_open_to_others(address):
        typer.echo(
            f"note: {address} has no authentication: who reaches it can run any code on scheduler, workers and here; "
            "use tls:// (docs/lab.md)", err=True,
        )  # fmt: skip
