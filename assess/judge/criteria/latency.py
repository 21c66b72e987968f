"""Criterion: the deadline of one inference."""

from assess.judge.advice import faster
from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare


@criterion
def latency(case: Case) -> Finding:
    """Does one inference meet the workload's deadline at its percentile?

    Service time: from the start of an inference to its end, one after the other. On the device it is the range in which
    the percentile lies with 99 % confidence each way, by order statistics; anywhere else it is a lower bound from the
    device's data sheet, which can refute but never confirm.
    """
    deadline = case.workload.deadline_s
    if deadline is None:
        raise NotAskedError(f"{case.workload.id} has no deadline")
    found = case.estimate("service")
    limit = Limit(deadline, "s", f"deadline of {case.workload.id} at p{case.workload.requires.percentile:g}")
    verdict = compare(found, limit)
    step = "" if verdict is Verdict.PASS else faster(case) if verdict is Verdict.FAIL else case.to_measure
    return Finding("latency", verdict, found.basis, found, limit, step)
