"""Latency by lockstep: whether pairs prove a slowdown, prove that there is none, or tell neither yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.project.lockstep import relative
from assess.project.signed_rank import Interval, interval

#: After so many pairs the gate looks whether it can tell; at the last it says what it can.
LOOKS: Final = (8, 12, 16, 20)
#: Of the interval at each look, so that all of them hold together in 95 %: Pocock's constant for four looks, two-sided
#: alpha 0.0182 each (Pocock, Biometrika 64, 1977, table 1; Jennison & Turnbull, Group Sequential Methods, table 2.1).
CONFIDENCE: Final = 0.9818
#: A slowdown that is allowed, unless another is asked for.
MARGIN: Final = 0.03
#: The baseline against itself may be off by so much.
_PLACEBO_OFF: Final = 0.01
#: Whatever the share, less than this is nothing: the clock's own reading takes as long.
LEAST_S: Final = 50e-9


@dataclass(frozen=True, slots=True)
class Evidence:
    """What pairs tell of one latency.

    Attributes:
        metric: "latency floor" or "latency median".
        changes: ln(candidate / baseline), one for each pair.
        placebo: ln(baseline / baseline), one for each pair of the baseline with itself.
        baseline_s: typical seconds of the baseline.
        candidate_s: of the candidate.
    """

    metric: str
    changes: Sequence[float]
    placebo: Sequence[float]
    baseline_s: float
    candidate_s: float


def judge_latency(evidence: Evidence, margin: float, *, confidence: float = CONFIDENCE) -> Comparison:
    """What the pairs so far tell; INCONCLUSIVE or NOISY means that more of them may.

    Args:
        evidence: of one metric.
        margin: slowdown that is allowed, relative.
        confidence: of the interval.
    """
    found = interval(evidence.changes, confidence)
    allowed = max(math.log1p(margin), math.log1p(LEAST_S / evidence.baseline_s))
    verdict, because, step = _verdict(found, allowed, evidence, margin)
    noisy, off = noise(evidence.placebo, allowed)
    # However much the model differs from itself, a slowdown that is far beyond that is none of the machine's.
    if noisy and not (verdict is GateVerdict.REGRESSION and found.low > allowed + off):
        verdict, because = GateVerdict.NOISY, noisy
        step = "stop what else runs here, or give the gate a longer --budget"
    change = Interval(*(relative(value) for value in (found.centre, found.low, found.high)))
    return Comparison(
        evidence.metric,
        verdict,
        because,
        evidence.baseline_s,
        evidence.candidate_s,
        "s",
        change,
        f"{confidence:.2%} interval of {len(evidence.changes)} pairs",
        margin,
        step,
    )


def _verdict(found: Interval, allowed: float, evidence: Evidence, margin: float) -> tuple[GateVerdict, str, str]:
    pairs, centre = len(evidence.changes), relative(found.centre)
    if found.low > 0.0 and found.centre > allowed:
        text = f"{centre:+.1%}, at least {relative(found.low):+.1%}, in {pairs} pairs; {margin:.1%} are allowed"
        return GateVerdict.REGRESSION, text, "see where the time goes: assess fit MODEL --tier standard, of both"
    if found.high < 0.0 and found.centre < -allowed:
        text = f"{centre:+.1%}, at most {relative(found.high):+.1%}, in {pairs} pairs"
        return GateVerdict.IMPROVEMENT, text, "accept the new model in place of the old one"
    if found.high < allowed:
        text = f"{centre:+.1%}, proved to be below {relative(found.high):+.1%} in {pairs} pairs"
        return GateVerdict.PASS, text, ""
    half = found.half_width
    if math.isinf(half):
        return GateVerdict.INCONCLUSIVE, f"{pairs} pairs are too few to tell", "give the gate a longer --budget"
    text = f"{centre:+.1%} +- {half:.1%} in {pairs} pairs tells neither a slowdown above {margin:.1%} nor that none is"
    return GateVerdict.INCONCLUSIVE, text, _more(pairs, half, allowed - found.centre)


def _more(pairs: int, half_width: float, distance: float) -> str:
    """How many pairs would tell, since an interval narrows with the root of their number."""
    if abs(distance) <= half_width / 10.0:
        return "the change is about as large as the margin: set another --margin, or look at the model"
    wanted = max(pairs + 1, math.ceil(pairs * (half_width / distance) ** 2))
    return f"about {wanted} pairs would tell: --max-pairs {wanted}, or a longer --budget"


def noise(placebo: Sequence[float], allowed: float, who: str = "the baseline") -> tuple[str, float]:
    """Why nothing can be told here, if a model differs from itself, "" if it does not; and how far off it may be.

    Args:
        placebo: ln(model / the same model), one for each pair.
        allowed: slowdown that is allowed, as a logarithm.
        who: the model is, in the text.
    """
    if not placebo:
        return "", 0.0
    # Of few pairs even the widest interval has less than the confidence of the others.
    found = interval(placebo, min(CONFIDENCE, 1.0 - 2.0 ** (1 - len(placebo))))
    off = abs(found.centre) + found.half_width
    if found.low > _PLACEBO_OFF or found.high < -_PLACEBO_OFF:
        return f"{who} differs from itself by {relative(found.centre):+.1%} in {len(placebo)} pairs", off
    if found.half_width > allowed:  # What is not known of the same model is not known of another.
        return f"{who} against itself is known to {found.half_width:.1%} only, in {len(placebo)} pairs", off
    return "", off
