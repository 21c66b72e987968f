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
TOP1: Final = 0.99
_METRIC: Final = "outputs"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far outputs may stray.

    Attributes:
        cosine: similarity of each output, at least.
        top1: share of rows with the same best class, at least, where outputs are scores.
    """

    cosine: float = COSINE
    top1: float = TOP1


def judge_outputs(found: Agreement | str, tolerance: Tolerance) -> Comparison:
    """Whether the candidate still says what the baseline says.

    Args:
        found: the comparison, or why there is none.
        tolerance: how far they may stray.
    """
    if isinstance(found, str):
        return Comparison(_METRIC, GateVerdict.FAILED, found, next_step="run both models: `assess measure`")
    if found.is_equal:
        return Comparison(_METRIC, GateVerdict.PASS, f"all the same in {len(found.frames)} frames")
    apart = [each for each in found.outputs if _strays(each, tolerance)]
    if not apart:
        return Comparison(_METRIC, GateVerdict.PASS, f"{summary(found)} in {len(found.frames)} frames")
    first = apart[0]
    why = obstacle(first) if first.absent or first.mismatched else f"{first.output!r} strays: {summary(found)}"
    details = tuple(map(line, apart))
    step = "if a retrained model is meant to answer differently: --allow outputs, and look at `assess fidelity`"
    return Comparison(_METRIC, GateVerdict.REGRESSION, why, details=details, next_step=step)


def _strays(output: OutputAgreement, tolerance: Tolerance) -> bool:
    if output.absent or output.mismatched:
        return True
    if output.equal == 1.0:
        return False
    if output.top1 is not None and output.top1 < tolerance.top1:
        return True
    return output.cosine_distance is None or 1.0 - output.cosine_distance < tolerance.cosine
