"""Criterion: size on disk."""

from assess.judge.advice import smaller
from assess.judge.case import Case, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare, smallest, unread_of
from assess.judge.job_limit import job_limit


@criterion("storage")
def storage(case: Case) -> Finding:
    """Do the model's files fit into the storage that the workload or the device allows?

    The exact size of the ONNX file and its external data, against the smaller of both limits. Where that
    of the device was never read, the best answer is MARGINAL, whichever is the smaller.
    """
    limits = []
    if case.workload.requires.storage is not None:
        limits.append(job_limit(case, case.workload.requires.storage, "B", f"storage of {case.workload.id}"))
    if device := case.device.storage:
        unread = f"read storage in a source, and put it into the profile of {case.device.id}"
        text = f"storage of {case.device.id}"
        limits.append(Limit(device.value, "B", text, device.is_recalled, to_read=unread if device.is_recalled else ""))
    if not limits:
        raise NotAskedError(f"neither {case.workload.id} nor {case.device.id} limits storage")
    limit = smallest(limits)
    found = case.estimate("storage")
    verdict = compare(found, limit)
    step = "" if verdict is Verdict.PASS else unread_of(found, limit) or smaller(case, found, limit)
    return Finding(verdict, found.basis, found, limit, step)
