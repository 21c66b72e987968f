"""Criterion: from nothing to the first output."""

from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare


@criterion
def cold_start(case: Case) -> Finding:
    """Is the first output there in time after the model starts to load?

    Time to make the session plus the first inference. Only a run on the device can tell.
    """
    required = case.workload.requires.cold_start
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no cold start")
    found = case.estimate("cold start")
    limit = Limit(required, "s", f"cold start of {case.workload.id}")
    verdict = compare(found, limit)
    step = "" if verdict is Verdict.PASS else "save the optimised model and load that, or keep the session alive"
    return Finding("cold start", verdict, found.basis, found, limit, step)
