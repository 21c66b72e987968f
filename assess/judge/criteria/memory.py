"""Criterion: peak memory against what the device leaves free."""

from assess.describe.device import Memory
from assess.judge.advice import smaller
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare, smallest
from assess.project.estimate import Estimate


@criterion("memory")
def memory(case: Case) -> Finding:
    """Does the model's peak memory fit into what is granted and what the device leaves free?

    The peak above an empty runtime, loading included, against the smallest of: the workload's own limit, its share of
    what remains of the device's memory after the system's part, and all of that. Where the system's part is not known,
    or a number of the device's memory was never read, the best answer is MARGINAL, whichever limit is the smallest.
    """
    limit = _limit(case)
    found = case.estimate("memory")
    verdict = compare(found, limit)
    return Finding(verdict, found.basis, found, limit, _step(case, verdict, found, limit))


def _step(case: Case, verdict: Verdict, found: Estimate, limit: Limit) -> str:
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.FAIL:
        return smaller(case, found, limit)
    if case.estimates.on_device and limit.is_uncertain:
        return f"read capacity and reserved of [memory] in a source, and put them into the profile of {case.device.id}"
    return smaller(case, found, limit) if case.estimates.on_device else case.to_measure


def _limit(case: Case) -> Limit:
    required, main = case.workload.requires, case.device.memory
    limits = []
    if required.memory is not None:
        limits.append(Limit(required.memory, "B", f"memory of {case.workload.id}"))
    if main is None and not limits:
        raise NotAskedError(f"{case.device.id} has on-chip memory only")
    if main is not None:
        limits.append(_left_by_the_device(case, main, required.memory_share))
    return smallest(limits)


def _left_by_the_device(case: Case, main: Memory, share: float | None) -> Limit:
    if main.capacity is None:
        raise NoEvidenceError(f"the memory of {case.device.id} is not published", "add it to the device's profile")
    kept = main.reserved.value if main.reserved else 0.0
    uncertain = main.reserved is None or main.reserved.is_recalled or main.capacity.is_recalled
    part = "all" if share is None else f"{share:.0%}"
    left = "what the system leaves" if main.reserved else "capacity; what the system keeps is not known"
    return Limit((main.capacity.value - kept) * (1.0 if share is None else share), "B", f"{part} of {left}", uncertain)
