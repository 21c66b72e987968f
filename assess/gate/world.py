"""What a gate touches of the world, in one place: tests hand in one of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from assess import sandbox
from assess.measure.fingerprint import machine_id
from assess.measure.host import read_host
from assess.measure.measurement import Host
from assess.measure.sensors import is_metered
from assess.measure.shared_host import advice
from assess.measure.timed_run import Launch


@dataclass(frozen=True, slots=True)
class World:
    """The world.

    Attributes:
        launch: runs a worker.
        host: reads the host.
        machine: tells which machine this is.
        clock: seconds.
        metered: whether a sensor of this host tells what energy is used.
        advise: tells what shows that the host is shared with others, and what to do about it.
    """

    launch: Launch = sandbox.run
    host: Callable[[], Host] = read_host
    machine: Callable[[], str] = machine_id
    clock: Callable[[], float] = monotonic
    metered: Callable[[], bool] = is_metered
    advise: Callable[[], tuple[str, ...]] = advice


WORLD = World()
