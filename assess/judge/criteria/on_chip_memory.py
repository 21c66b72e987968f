"""Criterion: weights and activations against on-chip memory, where the device has only that."""

from assess.judge.advice import smaller
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare


@criterion
def on_chip_memory(case: Case) -> Finding:
    """Do weights and live activations fit together into the on-chip memory?

    Asked where the device has no other memory for models. The range runs from weights as stored plus the peak of live
    activations to 1.4 times the latter, which is what compilers were seen to need.
    """
    chip = case.device.on_chip
    if case.device.memory is not None or chip is None:
        raise NotAskedError(f"{case.device.id} has main memory")
    if chip.capacity is None:
        raise NoEvidenceError(f"the on-chip memory of {case.device.id} is not published", "add it to the profile")
    kept = chip.reserved.value if chip.reserved else 0.0
    found = case.estimate("on-chip memory")
    limit = Limit(chip.capacity.value - kept, "B", "on-chip memory", chip.capacity.is_recalled)
    verdict = compare(found, limit)
    step = smaller(case, limit) if verdict is Verdict.FAIL else "compile the model with the vendor's tools to confirm"
    return Finding("on chip memory", verdict, found.basis, found, limit, step)
