"""What a lab is asked and what it says: between the turns of its cases and Dask, or a test in Dask's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from assess.errors import AssessError


@dataclass(frozen=True, slots=True)
class LabWorker:
    """A worker of a lab.

    Attributes:
        address: by which Dask knows it.
        name: by which people do.
        devices: ids of the devices that it offers.
        unfit: why it cannot be used; "" if it can.
        tasks: names of what it runs, and of what stands in its line.
    """

    address: str
    name: str
    devices: tuple[str, ...]
    unfit: str = ""
    tasks: tuple[str, ...] = ()


class Came(NamedTuple):
    """A worker's answer to a case."""

    number: int
    worker: str
    answer: object


class Lost(NamedTuple):
    """A case that the scheduler gave up, and why."""

    number: int
    why: str


class Told(NamedTuple):
    """What a worker does for a case, and the seconds that it has left, where it knows them."""

    number: int
    what: str
    left_s: float | None


class LabGoneError(AssessError):
    """The scheduler cannot be reached any more."""


class Lab(Protocol):
    """What a scheduler is asked; each may raise LabGoneError."""

    def workers(self) -> Sequence[LabWorker]:
        """Who is there now."""
        ...

    def send(self, number: int, device: str, to: Sequence[str]) -> None:
        """Hand in a case for a worker that offers a device; one of some addresses only, if there are any in `to`.

        Raises:
            AssessError: it cannot be packed.
        """
        ...

    def hear(self, timeout_s: float) -> Came | Lost | Told | None:
        """What comes next, within some time."""
        ...

    def forget(self, number: int) -> None:
        """Take back a case."""
        ...

    def stop(self) -> None:
        """Take back everything, and tell the workers to stop what they run for us."""
        ...

    def tell_state(self, waiting: int, running: int, done: int) -> None:
        """Say to whoever asks for the lab's status how far we are."""
        ...
