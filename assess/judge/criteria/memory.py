"""Criterion: peak memory against what the device leaves free."""

from assess.judge.advice import smaller
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare


@criterion
def memory(case: Case) -> Finding:
    """Does the model's peak memory fit into what the device leaves free for it?

    The peak above an empty runtime, loading included, against the workload's own limit or its share of what remains of
    the device's memory after the system's part. Where the system's part is not known, the best answer is MARGINAL.
    """
    limit = _limit(case)
    found = case.estimate("memory")
    verdict = compare(found, limit)
    step = "" if verdict is Verdict.PASS else smaller(case, limit) if found.low > limit.value else case.to_measure
    return Finding("memory", verdict, found.basis, found, limit, step)


def _limit(case: Case) -> Limit:
    required, main = case.workload.requires, case.device.memory
    if main is None:
        raise NotAskedError(f"{case.device.id} has on-chip memory only")
    if required.memory is not None:
        return Limit(required.memory, "B", f"memory of {case.workload.id}")
    if main.capacity is None:
        raise NoEvidenceError(f"the memory of {case.device.id} is not published", "add it to the device's profile")
    kept = main.reserved.value if main.reserved else 0.0
    share = 1.0 if required.memory_share is None else required.memory_share
    uncertain = main.reserved is None or main.reserved.is_recalled or main.capacity.is_recalled
    part = "all" if share == 1.0 else f"{share:.0%}"
    left = "what the system leaves" if main.reserved else "capacity; what the system keeps is not known"
    return Limit((main.capacity.value - kept) * share, "B", f"{part} of {left}", uncertain)
