"""What a run says about a job's deadline: which frames missed it, and what of that is certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assess.describe.workload import Misses, Workload
from assess.judge.certificate import Certificate, certificate
from assess.judge.stationarity import drift
from assess.judge.weakly_hard import Contract, Kept, keeps
from assess.measure.counted import counted
from assess.measure.frames import Frames
from assess.measure.measurement import Measurement

#: Where the slowest frame takes less of the deadline than this, a drift of some percent is not worth a refusal.
_FAR: Final = 0.5
#: At a higher share of the time a queue grows on average (utilisation 1) or nearly so.
_FULL: Final = 0.95


@dataclass(frozen=True, slots=True)
class DeadlineRecord:
    """Misses of one run, and what is certified.

    Attributes:
        deadline_s: of each frame, from its release.
        late: frames that were served late.
        dropped: frames that were never served.
        certificate: of the share of misses.
        drift: why the run may not be certified; empty if it may, or if even its slowest frame is so far from the
            deadline that no drift of this kind matters.
        contract: whether the job's contract on misses was kept; None if it has none.
    """

    deadline_s: float
    late: int
    dropped: int
    certificate: Certificate
    drift: str
    contract: Kept | None


def deadline_record(measurement: Measurement, workload: Workload) -> DeadlineRecord | None:
    """What a run says about the job's deadline; None if it has none, or nobody measured it."""
    frames, deadline_s = counted(measurement), workload.deadline_s
    if deadline_s is None or not len(frames) + len(frames.dropped_ns):
        return None
    if measurement.tool_run is not None and workload.scenario.is_open:  # What the schedule would do nobody saw.
        return None
    missed = frames.missed(round(deadline_s * 1e9))
    dropped = len(frames.dropped_ns)
    misses = workload.requires.misses
    return DeadlineRecord(
        deadline_s,
        sum(missed) - dropped,
        dropped,
        certificate(missed, workload.requires.percentile),
        _drift(frames, deadline_s, is_open=workload.scenario.is_open),
        keeps(missed, contract_of(misses)) if misses else None,
    )


def _drift(frames: Frames, deadline_s: float, *, is_open: bool) -> str:
    far = not frames.dropped_ns and max(frames.response_ns) < _FAR * deadline_s * 1e9
    # Where the model is busy all the time frames pile up, and what is far from the deadline now will not stay so.
    if far and not (is_open and _busy(frames) > _FULL):
        return ""
    return drift(frames.response_ns)


def _busy(frames: Frames) -> float:
    """Share of the span between the first and the last release in which an inference ran."""
    span = frames.scheduled_ns[-1] - frames.scheduled_ns[0]
    return sum(frames.service_ns) / span if span else 0.0


def contract_of(misses: Misses) -> Contract:
    """A workload's contract on misses."""
    return Contract(misses.at_most, misses.in_any, misses.in_a_row)
