"""Latency against a stored baseline: the floor of many launches, the one figure that keeps from day to day.

Medians of the same model on the same machine drifted by 9 to 16 % within minutes, floors of ten launches by less than
3 % in 71 of 72 trials (a loaded two-core guest). A floor has no confidence interval; what stands in for one here is how
well it was reached: the distance to the third fastest launch, which falls as launches come near the floor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.latency import LEAST_S
from assess.project.lockstep import relative
from assess.project.signed_rank import Interval

METRIC: Final = "latency floor"
#: Slowdown that is allowed, unless another is asked for: a stored figure is known less well than a pair.
MARGIN: Final = 0.05
#: Pairs of launches of the candidate with itself after which it is looked: 10, 16 and 20 launches.
LOOKS: Final = (5, 8, 10)
#: The sentinel may be faster or slower than on the day of the baseline by so much.
SENTINEL: Final = 0.03
#: The first that counts as "reached again", counted from the fastest.
_THIRD: Final = 2


def resolution(floors_ns: Sequence[int]) -> float:
    """How well the floor of some launches is known: ln(third fastest / fastest); infinite for fewer than three."""
    ordered = sorted(floors_ns)
    return math.log(ordered[_THIRD] / ordered[0]) if len(ordered) > _THIRD else math.inf


def judge_floor(baseline_ns: Sequence[int], candidate_ns: Sequence[int], margin: float) -> Comparison:
    """What the fastest inference of each launch tells; INCONCLUSIVE or NOISY means that more launches may tell.

    Args:
        baseline_ns: of each launch of the baseline, at least one; above 0.
        candidate_ns: of each launch of the candidate; the same.
        margin: slowdown that is allowed, relative.
    """
    before, after = min(baseline_ns), min(candidate_ns)
    known, now = resolution(baseline_ns), resolution(candidate_ns)
    centre = math.log(after / before)
    # The true floor is at most what was reached, and below it by about as much as it took to reach it again.
    found = Interval(centre, centre - now, centre + known)
    allowed = max(math.log1p(margin), math.log1p(LEAST_S / (before * 1e-9)))
    verdict, because, step = _verdict(found, allowed, margin, len(candidate_ns))
    # However badly the floors are known, a slowdown whose lower end is beyond the margin is one.
    if max(known, now) > allowed and not (verdict is GateVerdict.REGRESSION and found.low - known > allowed):
        whose = "the baseline's" if known > now else "the candidate's"
        verdict, step = GateVerdict.NOISY, "stop what else runs here, or measure both here: --against MODEL"
        because = f"{whose} floor was reached again within {max(known, now):.1%} only; {margin:.1%} are to be told"
    change = Interval(*(relative(value) for value in (found.centre, found.low, found.high)))
    basis = "floors, and how well each was reached"
    return Comparison(METRIC, verdict, because, before * 1e-9, after * 1e-9, "s", change, basis, margin, step)


def _verdict(found: Interval, allowed: float, margin: float, launches: int) -> tuple[GateVerdict, str, str]:
    of = f"in {launches} launches"
    if found.low > 0.0 and found.centre > allowed:
        text = f"{relative(found.centre):+.1%}, at least {relative(found.low):+.1%}, {of}; {margin:.1%} are allowed"
        return GateVerdict.REGRESSION, text, "measure both here to be sure: --against MODEL"
    if found.high < 0.0 and found.centre < -allowed:
        text = f"{relative(found.centre):+.1%}, at most {relative(found.high):+.1%}, {of}"
        return GateVerdict.IMPROVEMENT, text, "accept the new model: assess baseline accept"
    if found.high < allowed:
        return GateVerdict.PASS, f"{relative(found.centre):+.1%}, below {relative(found.high):+.1%} {of}", ""
    text = f"{relative(found.centre):+.1%}, between {relative(found.low):+.1%} and {relative(found.high):+.1%} {of}"
    return GateVerdict.INCONCLUSIVE, text, "measure both here, in turns, which tells more: --against MODEL"
