"""Criterion: peak memory against what the device leaves free."""

from dataclasses import replace

from assess.describe.device import Memory
from assess.judge.advice import smaller
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare, smallest
from assess.judge.job_limit import job_limit
from assess.project.estimate import Estimate


@criterion("memory")
def memory(case: Case) -> Finding:
    """Does the model's peak memory fit into what is granted and what the device leaves free?

    The peak above an empty runtime, loading included, against the smallest of: the workload's own limit, its share of
    what remains of the device's memory after the system's part, and all of that. Where the system's part is not known,
    or a number of the device's memory or of the job was never read, the best answer is MARGINAL, whichever limit is the
    smallest.
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
    if case.estimates.on_device and limit.to_read:
        return limit.to_read
    return smaller(case, found, limit) if case.estimates.on_device else case.to_measure


def _limit(case: Case) -> Limit:
    required, main = case.workload.requires, case.device.memory
    limits = []
    if required.memory is not None:
        limits.append(job_limit(case, required.memory, "B", f"memory of {case.workload.id}"))
    if main is None and not limits:
        raise NotAskedError(f"{case.device.id} has on-chip memory only")
    if main is not None:
        limits.append(_left_by_the_device(case, main, required.memory_share))
    return smallest(limits)


def _left_by_the_device(case: Case, main: Memory, share: float | None) -> Limit:
    if main.capacity is None:
        raise NoEvidenceError(f"the memory of {case.device.id} is not published", "add it to the device's profile")
    kept = main.reserved.value if main.reserved else 0.0
    left = "what the system leaves" if main.reserved else "capacity; what the system keeps is not known"
    whole = Limit(main.capacity.value - kept, "B", f"all of {left}")
    if main.reserved is None or main.reserved.is_recalled or main.capacity.is_recalled:
        unread = "read capacity and reserved of [memory] in a source, and put them into the profile of"
        whole = replace(whole, is_uncertain=True, to_read=f"{unread} {case.device.id}")
    return whole if share is None else _share_of(case, whole, share)


def _share_of(case: Case, whole: Limit, share: float) -> Limit:
    """As much of it as the job may take: it is no better known than both."""
    part = job_limit(case, whole.value * share, "B", "")
    text = whole.text.replace("all", f"{share:.0%}{' (recalled)' * part.is_uncertain}", 1)
    uncertain, unread = whole.is_uncertain or part.is_uncertain, whole.to_read or part.to_read
    return replace(part, text=text, is_uncertain=uncertain, to_read=unread)
