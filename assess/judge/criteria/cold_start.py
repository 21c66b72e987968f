"""Criterion: from nothing to the first output."""

from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare


@criterion("cold start")
def cold_start(case: Case) -> Finding:
    """Is the first output there in time after the model starts to load?

    Time to make the session plus the first inference. Only a run on the device can tell, and one start with the files
    in the page cache bounds it from below only: the best answer is MARGINAL.
    """
    required = case.workload.requires.cold_start
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no cold start")
    found = case.estimate("cold start")
    limit = Limit(required, "s", f"cold start of {case.workload.id}")
    verdict = compare(found, limit)
    step = (
        "save the optimised model and load that, or keep the session alive"
        if verdict is Verdict.FAIL
        else f"start {case.device.id} cold and time it to the first output"
    )
    return Finding(verdict, found.basis, found, limit, step)
