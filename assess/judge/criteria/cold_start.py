"""Criterion: from nothing to the first output."""

import math

from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare, unread_of
from assess.judge.job_limit import job_limit
from assess.project.estimate import Estimate


@criterion("cold start")
def cold_start(case: Case) -> Finding:
    """Is the first output there in time after the process starts?

    From the start of a process over its imports and the session to the first valid output, several times, with the
    model's and the runtime's files pushed out of the page cache. Only a run on the device can tell. Starts with the
    files in the cache, or the time to load alone, bound it from below only: then the best answer is MARGINAL.
    """
    required = case.workload.requires.cold_start
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no cold start")
    found = case.estimate("cold start")
    limit = job_limit(case, required, "s", f"cold start of {case.workload.id}")
    verdict = compare(found, limit)
    return Finding(verdict, found.basis, found, limit, _step(case, verdict, found, limit))


def _step(case: Case, verdict: Verdict, found: Estimate, limit: Limit) -> str:
    if verdict is Verdict.PASS:
        return ""
    if unread := unread_of(found, limit):
        return unread
    if verdict is Verdict.FAIL:
        return "save the optimised model and load that, or keep the session alive"
    if math.isinf(found.high):
        return f"start {case.device.id} cold and time it to the first output"
    return "start it more often, on a host that does nothing else"
