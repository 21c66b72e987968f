"""What the job itself allows, put to the candidate alone.

Tails cannot be compared, since they differ by tens of percent between identical runs; but a deadline is a deadline.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from assess.describe.workload import Workload
from assess.judge.deadline import DeadlineRecord, deadline_record
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.measurement import Measurement
from assess.measure.validity import validity, why_no_time
from assess.project.binomial import rate_bound
from assess.project.estimates import measured_latency
from assess.units import format_quantity

DEADLINE: Final = "deadline"
CONTRACT: Final = "contract on misses"
#: In the order of the report.
BUDGETS: Final = (DEADLINE, CONTRACT)
_CERTIFY: Final = "assess fit --tier certify"


def judge_budgets(measurement: Measurement, workload: Workload) -> list[Comparison]:
    """The candidate's run against the deadline and the contract of its job; nothing for a job that has neither.

    Exceeded is what a valid run proves: the percentile lies above the deadline with 99 % confidence, or a window of
    frames had more misses than the contract allows. Kept is what it proves as well: the percentile lies below. Between
    both it is not told; nor is it by a run that was disturbed.
    """
    if workload.deadline_s is None:
        return []
    if no_time := why_no_time(measurement):
        step = "run the gate on the device itself, or leave it out: --skip deadline"
        return [Comparison(DEADLINE, GateVerdict.NOT_COMPARABLE, "; ".join(no_time), next_step=step)]
    record = deadline_record(measurement, workload)
    if record is None:
        return [Comparison(DEADLINE, GateVerdict.INCONCLUSIVE, "no frame was served", next_step=_CERTIFY)]
    if disturbed := validity(measurement, workload.deadline_s, workload.requires.percentile):
        step = "stop what else runs here, or leave it out: --skip deadline"
        return [Comparison(DEADLINE, GateVerdict.NOISY, "; ".join(disturbed), next_step=step)]
    found = [_deadline(measurement, workload, record)]
    return found if record.contract is None else [*found, _contract(record)]


def also_exceeded(candidate: list[Comparison], baseline: list[Comparison]) -> list[Comparison]:
    """The candidate's budgets, with a word where the accepted model exceeds them too; a budget is one all the same."""
    too = {each.metric for each in baseline if each.verdict is GateVerdict.REGRESSION}
    return [
        replace(each, because=f"{each.because}; the accepted model exceeds it too")
        if each.verdict is GateVerdict.REGRESSION and each.metric in too
        else each
        for each in candidate
    ]


def _deadline(measurement: Measurement, workload: Workload, record: DeadlineRecord) -> Comparison:
    limit, known = record.deadline_s, measured_latency(measurement, workload)
    missed, of = record.late + record.dropped, record.certificate.frames
    allowed = 100.0 - workload.requires.percentile
    dropped = f", {record.dropped} of them never served" if record.dropped else ""
    said = f"{missed} of {of:,} frames missed {format_quantity(limit, 's')}{dropped}; {allowed:g} % may"
    if known.low > limit:
        text = f"budget exceeded: {said}"
        return Comparison(DEADLINE, GateVerdict.REGRESSION, text, next_step="see what is slow: assess fit")
    if known.high <= limit:
        bound = f"p{workload.requires.percentile:g} is below {format_quantity(known.high, 's')} with 99 % confidence"
        return Comparison(DEADLINE, GateVerdict.PASS, f"{said}; {bound}")
    share = rate_bound(missed, of)
    text = f"{said}; with 99 % confidence fewer than {share:.1%} do, which does not tell"
    return Comparison(DEADLINE, GateVerdict.INCONCLUSIVE, text, next_step=f"{_CERTIFY}; or --skip deadline")


def _contract(record: DeadlineRecord) -> Comparison:
    kept = record.contract
    assert kept is not None
    found = record.certificate
    counted = f"{found.misses} of {found.frames:,} frames missed, at most {found.longest_run} in a row"
    if kept.verdict == "broken":
        said = f"budget exceeded: the contract is broken: {counted}"
        return Comparison(CONTRACT, GateVerdict.REGRESSION, said, next_step="see what is slow: assess fit")
    return Comparison(CONTRACT, GateVerdict.PASS, f"kept in this run: {counted}")
