"""Criterion: the deadline of one inference."""

import math

from assess.judge.advice import faster
from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.evidence_on_device import on_schedule
from assess.judge.finding import Finding, Limit, Verdict, compare, unread_of
from assess.judge.job_limit import job_limit
from assess.project.estimate import Estimate
from assess.project.quantile import count_needed


@criterion("latency")
def latency(case: Case) -> Finding:
    """Does one inference meet the workload's deadline at its percentile?

    Response time for a job with a rate: from the release of a frame to the end of its inference, waiting included.
    Without a rate, service time: from the start of an inference to its end. On the device it is the range in which
    the percentile lies with 99 % confidence each way, by order statistics; anywhere else it is a lower bound from the
    device's data sheet, which can refute but never confirm. A vendor's tool runs one inference after the other: where
    the job has a rate its times can refute, too, and else the answer is UNKNOWN. Where it tells statistics only, they
    bound the percentile, and the best answer is MARGINAL.
    """
    deadline = case.workload.deadline_s
    if deadline is None:
        raise NotAskedError(f"{case.workload.id} has no deadline")
    found = case.estimate("latency")
    limit = job_limit(case, deadline, "s", f"deadline of {case.workload.id} at p{case.workload.requires.percentile:g}")
    verdict = compare(found, limit)
    if case.measurement is not None and case.estimates.on_device and verdict is not Verdict.FAIL:
        on_schedule(case, case.measurement)  # Service times refute a deadline on responses, and confirm none.
    return Finding(verdict, found.basis, found, limit, _step(case, verdict, found, limit))


def _step(case: Case, verdict: Verdict, found: Estimate, limit: Limit) -> str:
    if verdict is Verdict.PASS:
        return ""
    if unread := unread_of(found, limit):
        return unread
    if verdict is Verdict.FAIL or (case.estimates.on_device and not math.isinf(found.high)):
        return faster(case)
    if case.estimates.on_device:
        return f"{case.to_measure} --min-count {count_needed(case.workload.requires.percentile, discarded=1)}"
    return case.to_measure
