"""What the job itself allows, put to the candidate alone.

Tails cannot be compared, since they differ by tens of percent between identical runs; but a deadline is a deadline.
"""

from __future__ import annotations

import math
from typing import Final

from assess.describe.workload import Workload
from assess.judge.deadline import DeadlineRecord, deadline_record
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.counted import counted
from assess.measure.measurement import Measurement
from assess.project.quantile import quantile_range
from assess.units import format_quantity

DEADLINE: Final = "deadline"
CONTRACT: Final = "contract on misses"
#: In the order of the report.
BUDGETS: Final = (DEADLINE, CONTRACT)
_CERTIFY: Final = "assess fit --tier certify"


def judge_budgets(measurement: Measurement, workload: Workload) -> list[Comparison]:
    """The candidate's run against the deadline and the contract of its job; nothing for a job that has neither.

    Exceeded is what a run proves: the percentile lies above the deadline with 99 % confidence, or a window of frames
    had more misses than the contract allows. Frames that were all in time pass, and it is told how many they were.
    """
    if workload.deadline_s is None:
        return []
    if measurement.failure is not None:
        failed = measurement.failure
        details = tuple(failed.detail.splitlines()[-5:])
        return [Comparison(DEADLINE, GateVerdict.FAILED, f"the candidate was {failed.cause}", details=details,
                           next_step="run it alone: assess measure")]  # fmt: skip
    record = deadline_record(measurement, workload)
    if record is None:
        return [Comparison(DEADLINE, GateVerdict.INCONCLUSIVE, "no frame was served", next_step=_CERTIFY)]
    found = [_deadline(measurement, workload, record)]
    return found if record.contract is None else [*found, _contract(record)]


def _deadline(measurement: Measurement, workload: Workload, record: DeadlineRecord) -> Comparison:
    frames, percentile, limit = counted(measurement), workload.requires.percentile, record.deadline_s
    # A frame that was never served comes later than any other.
    responses = [*frames.response_ns, *(math.inf for _ in frames.dropped_ns)]
    low, high = (bound * 1e-9 for bound in quantile_range(responses, percentile))
    missed = record.late + record.dropped
    dropped = f", {record.dropped} of them never served" if record.dropped else ""
    of = f"{missed} of {len(responses):,} frames missed {format_quantity(limit, 's')}{dropped}"
    said = f"{of}; {100 - percentile:g} % may"
    if low > limit:
        seen = None if math.isinf(low) else low
        step = "see what is slow: assess fit"
        return Comparison(DEADLINE, GateVerdict.REGRESSION, f"budget exceeded: {said}", None, seen, "s", next_step=step)
    if high <= limit:
        bound = f"p{percentile:g} is below {format_quantity(high, 's')} with 99 % confidence"
        return Comparison(DEADLINE, GateVerdict.PASS, f"{said}; {bound}", None, high, "s")
    if not missed:
        return Comparison(DEADLINE, GateVerdict.PASS, f"{said}; too few to bound p{percentile:g}: {_CERTIFY}")
    return Comparison(DEADLINE, GateVerdict.INCONCLUSIVE, f"{said}; too few to tell", next_step=_CERTIFY)


def _contract(record: DeadlineRecord) -> Comparison:
    kept = record.contract
    assert kept is not None
    found = record.certificate
    counted = f"{found.misses} of {found.frames:,} frames missed, at most {found.longest_run} in a row"
    if kept.verdict == "broken":
        said = f"budget exceeded: the contract is broken: {counted}"
        return Comparison(CONTRACT, GateVerdict.REGRESSION, said, next_step="see what is slow: assess fit")
    return Comparison(CONTRACT, GateVerdict.PASS, f"kept in this run: {counted}")
