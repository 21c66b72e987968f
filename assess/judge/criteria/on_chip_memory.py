"""Criterion: weights and activations against on-chip memory, where the device has only that."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from assess.describe.device import OnChipMemory
from assess.describe.quantity import SourcedBytes
from assess.judge.advice import int8_weight_bytes, smaller
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Limit, Verdict, compare
from assess.project.estimate import Estimate
from assess.project.estimates import Name
from assess.units import format_quantity, format_range


@dataclass(frozen=True, slots=True)
class _Part:
    """What must lie in one memory.

    Attributes:
        name: of the estimate.
        found: how much it is.
        limit: how much the memory holds; None if that is not known.
        is_streamed: whether the host sends what it does not hold.
    """

    name: Name
    found: Estimate
    limit: Limit | None
    is_streamed: bool = False

    @property
    def badness(self) -> tuple[Verdict, float]:
        """The verdict, then how full the memory may get; a memory of unknown size is never the one that decides."""
        if self.limit is None:
            return Verdict.NOT_ASKED, 0.0
        filled = self.found.high / self.limit.value if self.limit.value else math.inf
        return Verdict.MARGINAL if self.overflows and self.is_streamed else compare(self.found, self.limit), filled

    @property
    def overflows(self) -> bool:
        """Whether the memory cannot hold it."""
        return self.limit is not None and compare(self.found, self.limit) is Verdict.FAIL


@criterion("on-chip memory")
def on_chip_memory(case: Case) -> Finding:
    """Do weights and live activations fit into the memory on the chip?

    Asked where the device has no other memory for models. Where weights lie is the device's: beside the activations, so
    that their sum must fit; in a memory of their own; or in storage, read in place. In the latter two, weights and
    activations have a limit each, and the worse decides. Where the device says that the host streams the weights that
    do not fit, in every inference, these are MARGINAL: the model runs, and its latency has to bear it. The ranges run
    from the narrowest format that the runtime may use to weights as stored and 1.4 times the live activations, which is
    the most that compilers were seen to need.
    """
    chip = case.device.on_chip
    if case.device.memory is not None or chip is None:
        raise NotAskedError(f"{case.device.id} has main memory")
    if chip.weights == "here" and chip.weight_capacity is None:
        parts = _together(case, chip)
    else:
        weights = _part(case, "on-chip weights", _for_weights(case, chip))
        weights = replace(weights, is_streamed=chip.weights_beyond is not None)
        try:
            parts = [weights, _part(case, "on-chip activations", _own(case, chip, "on-chip memory for activations"))]
        except NoEvidenceError:
            if weights.badness[0] is not Verdict.FAIL:
                raise
            parts = [weights]  # They do not fit, whatever the activations are.
    worst = max(parts, key=lambda part: part.badness)
    assert worst.limit is not None  # Only that of weights may be absent, and activations come with theirs.
    verdict = worst.badness[0]
    step = _step(case, worst, worst.limit) if worst.overflows else _CONFIRM
    because = worst.found.basis
    if worst.overflows and worst.is_streamed:
        because = f"what does not fit is streamed by the host in every inference, which takes time; {because}"
        step = f"compile the model with the vendor's tools and measure what streaming costs, or: {step}"
    details = tuple(_told(part) for part in parts) if len(parts) > 1 else ()
    return Finding(verdict, because, worst.found, worst.limit, step, details)


_CONFIRM = "compile the model with the vendor's tools to confirm"


def _together(case: Case, chip: OnChipMemory) -> list[_Part]:
    """Weights and activations in one memory; where weights may be streamed, activations have to fit alone."""
    both = _part(case, "on-chip memory", _own(case, chip, "on-chip memory"))
    if not both.overflows or chip.weights_beyond is None:
        return [both]
    alone = _part(case, "on-chip activations", _own(case, chip, "on-chip memory, with all weights streamed"))
    return [replace(both, is_streamed=True), alone]


def _part(case: Case, name: Name, limit: Limit | None) -> _Part:
    return _Part(name, case.estimate(name), limit)


def _own(case: Case, chip: OnChipMemory, text: str) -> Limit:
    if chip.capacity is None:
        raise NoEvidenceError(f"the on-chip memory of {case.device.id} is not published", "add it to the profile")
    kept = chip.reserved.value if chip.reserved else 0.0
    uncertain = chip.capacity.is_recalled or chip.reserved is None or chip.reserved.is_recalled
    return Limit(chip.capacity.value - kept, "B", text, uncertain)


def _for_weights(case: Case, chip: OnChipMemory) -> Limit | None:
    if chip.weights == "storage":
        return _all_of(case.device.storage, f"storage of {case.device.id}, for weights")
    return _all_of(chip.weight_capacity, "on-chip memory for weights")


def _all_of(size: SourcedBytes | None, text: str) -> Limit | None:
    return Limit(size.value, "B", text, size.is_recalled) if size else None


def _told(part: _Part) -> str:
    what = "weights and activations" if part.name == "on-chip memory" else part.name.removeprefix("on-chip ")
    amount = f"{what}: {format_range(part.found.low, part.found.high, 'B')}"
    if part.limit is None:
        return f"{amount}, in storage, whose size the profile does not give"
    return f"{amount} of {format_quantity(part.limit.value, 'B')}, {part.limit.text}: {part.badness[0].text}"


def _step(case: Case, part: _Part, limit: Limit) -> str:
    most = format_quantity(limit.value, "B")
    if part.name == "on-chip memory":
        return smaller(case, part.found, limit)
    if part.name == "on-chip activations":
        return f"a smaller input, or fewer channels where most is alive at once: at most {most} of activations"
    least, int8 = part.found.low, int8_weight_bytes(case.model)
    if int8 < least:
        outcome = "fits" if int8 <= limit.value else f"still above {most}"
        return f"INT8 would bring {format_quantity(least, 'B')} of weights to {format_quantity(int8, 'B')}: {outcome}"
    return f"distil a student of at most {most} of weights"
