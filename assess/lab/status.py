"""How a lab is doing: who offers what, what runs there, and which sessions wait for how much."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from assess.lab.dask_lab import gone, versions_of, with_version, workers_of
from assess.lab.messages import LabWorker
from assess.lab.scheduler import connected
from assess.lab.states import STATES, fresh

_KEY: Final = re.compile(r"assess-[0-9a-f]{32}-\d+ (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Session:
    """A client's cases.

    Attributes:
        title: of its suite.
        waiting: cases that wait in the client for a free worker.
        running: cases that workers have.
        done: cases that came.
    """

    title: str
    waiting: int
    running: int
    done: int


@dataclass(frozen=True, slots=True)
class Status:
    """What a scheduler tells.

    Attributes:
        address: of the scheduler.
        workers: by their names.
        sessions: of clients that said something lately.
    """

    address: str
    workers: tuple[LabWorker, ...]
    sessions: tuple[Session, ...]


def read_status(address: str, clock: Callable[[], float] = time.time) -> Status:
    """Ask a scheduler.

    Raises:
        AssessError: it cannot be reached.
    """
    with connected(address, "--lab") as client:
        workers = workers_of(client, address)
        versions = versions_of(client, [one.address for one in workers])
        try:
            processing = client.processing()
            states = client.get_metadata([STATES], {})
        except Exception as error:  # Dask raises what its network does.
            raise gone(address) from error
    found = [_with_tasks(with_version(one, versions), processing) for one in workers]
    return Status(address, tuple(sorted(found, key=lambda one: one.name)), tuple(sessions_in(states, clock())))


def _with_tasks(worker: LabWorker, processing: Mapping[str, Any]) -> LabWorker:
    keys = [str(key) for key in processing.get(worker.address, ())]
    return replace(worker, tasks=tuple(match[1] if (match := _KEY.fullmatch(key)) else key for key in keys))


def sessions_in(states: Any, now_s: float) -> Iterator[Session]:
    """Sessions that said lately how far they are; what is of another form was written by others."""
    for state in fresh(states, now_s).values():
        match state:
            case {
                "title": str(title),
                "waiting": int(waiting),
                "running": int(running),
                "done": int(done),
            }:
                yield Session(title, waiting, running, done)
