"""A condition of the host that a measurement depends on: what was found, how good that is, and what to type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from assess.measure.measurement import Host
from assess.measure.passes.floor import Floor
from assess.measure.sensors.sensor import text_or

#: Worst first. "bad": figures taken so are doubtful; "could be better": their tails or their repeatability suffer;
#: "not known": this host does not tell.
Standing = Literal["bad", "could be better", "not known", "good"]
STANDINGS: Final[tuple[Standing, ...]] = ("bad", "could be better", "not known", "good")

CPUS: Final = "sys/devices/system/cpu"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes:
        name: e.g. "governor".
        standing: how good it is for measuring.
        found: what was found; "" if it is not known.
        because: what it does to a measurement, or why it is not known.
        remedy: what to type, or to do where nothing can be typed; "" if there is nothing to do.
    """

    name: str
    standing: Standing
    found: str
    because: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the worker told of itself.

    Attributes:
        versions: of the runtime and what it stands on.
        providers: execution providers that the runtime has.
        timer_slack_ns: by how much the kernel may put off the worker's timers; None: it does not tell.
        telemetry: whether the runtime may send anything.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    timer_slack_ns: int | None = None
    telemetry: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """What the readers of conditions look at.

    Attributes:
        root: folder that stands for "/"; tests hand in one of their own.
        host: as it was read just before.
        floor: of this host; None if it could not be measured.
        runtime: what the worker told; None if it told nothing.
        steal: share of this host's CPU time that its hypervisor gave to others meanwhile, 0 to 1; None: not told.
    """

    root: Path
    host: Host
    floor: Floor | None = None
    runtime: Runtime | None = None
    steal: float | None = None

    def text(self, path: str) -> str:
        """A small file below the root, without blanks around it; "" where it cannot be read."""
        return text_or(self.root / path, "")


def unknown(name: str, because: str) -> Condition:
    """A condition that this host does not tell."""
    return Condition(name, "not known", "", because)


def chosen(text: str) -> str:
    """The word in brackets, as the kernel marks the choice that holds: `always [madvise] never`."""
    return text.partition("[")[2].partition("]")[0]


def cpu_list(text: str) -> frozenset[int]:
    """The CPUs of a list as the kernel writes it: `0-3,8`."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)
