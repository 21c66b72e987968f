"""Outputs of the candidate against the baseline's, on the same inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assess.judge.criteria.agreement import line, obstacle, summary
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.agreement import Agreement, OutputAgreement

#: A model that was only rebuilt - fused, reordered, for another opset - computes the same sums in another order: those
#: of a thousand float32 terms differ by some 1e-6 of their length then, of float16 by 1e-3.
COSINE: Final = 0.9999
#: The length of the difference over that of the output: what a cosine of 0.9999 leaves, and a lost scale besides.
RELATIVE: Final = 0.02
#: And over what the output changes by from frame to frame, since an offset hides all else from both: one per cent of
#: the variance.
BESIDE_SPREAD: Final = 0.1
TOP1: Final = 0.99
_METRIC: Final = "outputs"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far outputs may stray.

    Attributes:
        cosine: similarity of each output, at least.
        relative: length of the difference over that of the output, at most.
        beside_spread: and over what the output changes by from frame to frame, at most.
        top1: share of rows with the same best class, at least, where outputs are scores.
    """

    cosine: float = COSINE
    relative: float = RELATIVE
    beside_spread: float = BESIDE_SPREAD
    top1: float = TOP1


def judge_outputs(found: Agreement | str, tolerance: Tolerance) -> Comparison:
    """Whether the candidate still says what the baseline says.

    Args:
        found: the comparison, or why there is none.
        tolerance: how far they may stray.
    """
    if isinstance(found, str):
        return Comparison(_METRIC, GateVerdict.FAILED, found, next_step="run both models: `assess measure`")
    frames = f"in {len(found.frames)} frames"
    if len(found.frames) == 1:  # Of inputs that no seed changes.
        frames = "in 1 frame: give it inputs with --input, or a card with samples, for this is little"
    if found.is_equal:
        none = [repr(each.output) for each in found.outputs if each.max_abs is None and each.of]
        numbers = f"; {', '.join(none)} hold no finite number in any" if none else ""
        return Comparison(_METRIC, GateVerdict.PASS, f"all the same {frames}{numbers}")
    apart = [each for each in found.outputs if _strays(each, tolerance)]
    if not apart:
        return Comparison(_METRIC, GateVerdict.PASS, f"{summary(found)}{_relative(found)} {frames}")
    first = apart[0]
    why = obstacle(first) if first.absent or first.mismatched else f"{first.output!r} strays: {summary(found)}"
    details = tuple(map(line, apart))
    step = "if a retrained model is meant to answer differently: --allow outputs, and look at `assess fidelity`"
    return Comparison(_METRIC, GateVerdict.REGRESSION, why, details=details, next_step=step)


def repeats(again: Agreement, tolerance: Tolerance) -> bool:
    """Whether a model put out the same a second time, as far as it may stray."""
    return judge_outputs(again, tolerance).verdict is GateVerdict.PASS


def unrepeatable() -> Comparison:
    """What is to be said of an accepted model that puts out something else each time."""
    why = "the accepted model does not repeat itself: the same inputs give other outputs"
    return Comparison(_METRIC, GateVerdict.NOT_COMPARABLE, why, next_step="--skip outputs, and compare their quality")


def _strays(output: OutputAgreement, tolerance: Tolerance) -> bool:
    if output.absent or output.mismatched:
        return True
    if output.equal == 1.0:
        return False
    if output.top1 is not None and output.top1 < tolerance.top1:
        return True
    if any(
        value is not None and value > most
        for value, most in ((output.relative_l2, tolerance.relative), (output.beside_spread, tolerance.beside_spread))
    ):
        return True
    return output.cosine_distance is None or 1.0 - output.cosine_distance < tolerance.cosine


def _relative(found: Agreement) -> str:
    worst = max((each.relative_l2 for each in found.outputs if each.relative_l2 is not None), default=None)
    return "" if worst is None else f", relative {worst:.2g}"
