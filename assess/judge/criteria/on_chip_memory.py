"""Criterion: weights and activations against on-chip memory, where the device has only that."""

from assess.judge.advice import smaller
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare


@criterion("on-chip memory")
def on_chip_memory(case: Case) -> Finding:
    """Do weights and live activations fit together into the on-chip memory?

    Asked where the device has no other memory for models. The range runs from the narrowest format that the runtime
    may use to weights as stored and 1.4 times the live activations, which is the most that compilers were seen to need.
    """
    chip = case.device.on_chip
    if case.device.memory is not None or chip is None:
        raise NotAskedError(f"{case.device.id} has main memory")
    if chip.capacity is None:
        raise NoEvidenceError(f"the on-chip memory of {case.device.id} is not published", "add it to the profile")
    kept = chip.reserved.value if chip.reserved else 0.0
    found = case.estimate("on-chip memory")
    uncertain = chip.capacity.is_recalled or chip.reserved is None or chip.reserved.is_recalled
    limit = Limit(chip.capacity.value - kept, "B", "on-chip memory", uncertain)
    verdict = compare(found, limit)
    step = (
        smaller(case, found, limit)
        if verdict is Verdict.FAIL
        else "compile the model with the vendor's tools to confirm"
    )
    return Finding(verdict, found.basis, found, limit, step)
