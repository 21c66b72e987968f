"""What `assess doctor` finds: the floor of this host, its conditions, and the deadlines that it can measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assess.measure.conditions import conditions
from assess.measure.conditions.condition import Condition, Look, Runtime
from assess.measure.conditions.scheduler import cpu_times, stolen
from assess.measure.host import read_host
from assess.measure.measurement import Host
from assess.measure.passes.floor import SHARE_OF_DEADLINE, Floor, floor_of
from assess.measure.plain import decode
from assess.measure.sensors.sensor import text_or
from assess.measure.timed_run import WORKER, Launch, OnProgress
from assess.sandbox import Ending, Limits

#: The pass takes four seconds; starting ONNX Runtime on a slow board takes longer, a minute never.
_TIMEOUT_S: Final = 60.0
#: Frames are paced for so long: 300 of them at 100 Hz make a p99 that is not only the worst of a few.
_PACED_S: Final = 3.0
#: The percentile that the floor is told at.
PERCENTILE: Final = 99.0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A host, looked at as an instrument.

    Attributes:
        host: the machine.
        provider: execution provider that was asked for.
        rate_hz: of the job; None if it has none.
        deadline_s: of the job; None if none was given.
        floor: what the host takes of a frame; None if it could not be measured.
        why_no_floor: why; "" if it was.
        conditions: worst first.
    """

    host: Host
    provider: str
    rate_hz: float | None
    deadline_s: float | None
    floor: Floor | None
    why_no_floor: str
    conditions: tuple[Condition, ...]

    @property
    def floor_s(self) -> float | None:
        """What the host itself takes of a frame at p99."""
        return None if self.floor is None else floor_of(self.floor, PERCENTILE) * 1e-9

    @property
    def shortest_deadline_s(self) -> float | None:
        """Of which the floor takes a tenth: shorter ones cannot be certified here; under an emulator none can."""
        return None if self.floor_s is None or self.host.emulator else self.floor_s / SHARE_OF_DEADLINE

    @property
    def fit(self) -> bool | None:
        """Whether the deadline can be measured here; None if none was given or there is no floor."""
        if self.host.emulator:
            return False
        shortest = self.shortest_deadline_s
        return None if shortest is None or self.deadline_s is None else shortest <= self.deadline_s


def diagnose(
    *,
    rate_hz: float | None,
    deadline_s: float | None,
    provider: str,
    on_progress: OnProgress,
    launch: Launch,
    host: Callable[[], Host] = read_host,
    root: Path = Path("/"),
) -> Diagnosis:
    """Measure the floor in a process of its own, then read the conditions while the CPU is still awake.

    Raises:
        AssessError: ONNX Runtime is not there, or lacks the provider.
    """
    told: dict[str, Any] = {}
    request = {
        "pass": "floor",
        "provider": provider,
        "rate_hz": rate_hz,
        "paced_s": _PACED_S,
        "memory_limit_bytes": None,
    }
    on_progress("measuring the floor", None, None)
    before = cpu_times(text_or(root / "proc/stat", ""))
    ending = launch(
        WORKER,
        request,
        Limits(_TIMEOUT_S, None),
        on_progress=lambda message: told.update(message.get("known", {})),
    )
    after = cpu_times(text_or(root / "proc/stat", ""))
    on_progress("looking at the host", None, None)
    floor, why = _floor(ending)
    runtime = decode(Runtime, told, "runtime") if told else None
    here = host()
    look = Look(root, here, floor, runtime, stolen(before, after))
    return Diagnosis(here, provider, rate_hz, deadline_s, floor, why, conditions(look))


def _floor(ending: Ending) -> tuple[Floor | None, str]:
    if ending.cause != "answered":
        return None, ": ".join(filter(None, (ending.detail, ending.printed.rpartition("\n")[2])))
    if "refused" in ending.answer:
        return None, f"ONNX Runtime refused the null model: {ending.answer['refused']}"
    return decode(Floor, ending.answer, "floor"), ""
