"""A worker of a lab: one process for one board, this host or a target; it measures one case at a time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import dask
from distributed import Worker

from assess.describe.inventory import Target
from assess.describe.library import Library
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.lab.bench import Bench, Measure, UnfitError
from assess.lab.scheduler import CONNECT_S, checked_address, is_open_to_others, quiet
from assess.lab.task import BENCHES, RESOURCE, worker_name
from assess.measure.host import read_host
from assess.measure.measurement import Host, Measurement, Settings
from assess.measure.timed_run import OnProgress
from assess.pipeline import Subject
from assess.project.target import why_not_the_device
from assess.target.asking import Listener
from assess.target.connected import Board, connect
from assess.target.measuring import run_on

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))


@dataclass(frozen=True, slots=True)
class Offer:
    """What a worker offers to whom.

    Attributes:
        scheduler: its address.
        devices: ids of what it measures on.
        name: by which people know it; its process is added.
    """

    scheduler: str
    devices: tuple[str, ...]
    name: str = ""


def measure_on(target: Target, reach: Callable[[Target, Listener], Board] = connect) -> Measure:
    """Measures on a target, which is reached anew for each case: it may have been cleaned, or started again.

    Args:
        target: as its inventory has it.
        reach: connects to it.
    """

    def measure(subject: Subject, job: Job, settings: Settings, library: Library, tell: OnProgress) -> Measurement:
        listen = Listener(tell, lambda what: tell(what, None, None))
        try:
            board = reach(target, listen)
        except AssessError as error:  # Whatever it lacks, it lacks it for every case.
            raise UnfitError(f"{error.where}: {error.problem}" if error.where else error.problem) from error
        return run_on(board, subject, job, settings, feeds={}, library=library, on_progress=tell, listen=listen)

    return measure


def recognised(library: Library, host: Callable[[], Host] = read_host) -> tuple[str, ...]:
    """Ids of the devices that this host is, as far as its firmware and kernel tell.

    Raises:
        AssessError: a device's file has problems.
    """
    here = host()
    return tuple(id_ for id_ in library.ids("devices") if not why_not_the_device(here, library.bare_device(id_)))


def offered(library: Library, named: Sequence[str], host: Callable[[], Host] = read_host) -> tuple[str, ...]:
    """Ids of the devices that a worker on this host offers: those that were named, or those that it is.

    Raises:
        AssessError: there is no such device, or this host is none and none was named.
    """
    if named:
        return tuple(dict.fromkeys(library.bare_device(word).id for word in named))
    if found := recognised(library, host):
        return found
    raise AssessError(
        f"this host is recognised as none of the {len(library.ids('devices'))} devices", where="--device",
        hint="name the device that it is to stand for: its runs are a proxy's, and reports say so",
    )  # fmt: skip


def serve(offer: Offer, bench: Bench, told: Callable[[str], object] = lambda _: None) -> None:
    """Measure what a lab's clients ask, until a signal ends it; a case that is being measured then goes to another.

    Args:
        offer: what, to whom.
        bench: what it measures on.
        told: told, once, when the scheduler knows it.

    Raises:
        AssessError: the scheduler cannot be reached, or is gone.
    """
    checked_address(offer.scheduler, "--scheduler")
    quiet()
    with dask.config.set({"distributed.worker.http.routes": []}):
        asyncio.run(_serve(offer, bench, told))


async def _serve(offer: Offer, bench: Bench, told: Callable[[str], object]) -> None:
    where = f"--scheduler {offer.scheduler}"
    worker = Worker(
        offer.scheduler,
        nthreads=1,  # One case at a time, whatever devices it offers.
        resources={f"{RESOURCE}{device}": 1 for device in offer.devices},
        name=worker_name(offer.name),
        memory_limit=0,  # A measurement's memory is measured, not managed.
        death_timeout=CONNECT_S,
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        # Where everything is on this host nobody else need reach it.
        host=None if is_open_to_others(offer.scheduler) or offer.scheduler.startswith("tls") else "127.0.0.1",
    )
    BENCHES[worker] = bench
    try:
        await worker
    except Exception as error:
        problem = f"it cannot be joined: {error!s:.200}"
        raise AssessError(problem, where=where, hint="is `dask scheduler` running there? docs/lab.md") from error
    told(str(worker.name))
    if not await _until_signalled(worker, bench):
        raise AssessError("the scheduler is gone", where=where, hint="start the worker again when it is back")


async def _until_signalled(worker: Worker, bench: Bench) -> bool:
    """Whether a signal ended it, rather than the scheduler."""
    loop, signalled = asyncio.get_running_loop(), asyncio.Event()
    for number in _ENDING:
        loop.add_signal_handler(number, signalled.set)
    waits = [asyncio.ensure_future(worker.finished()), asyncio.ensure_future(signalled.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    bench.given_up.add(None)
    for wait in waits:
        wait.cancel()
    with suppress(Exception):  # It is gone either way.
        await worker.close()
    return signalled.is_set()
