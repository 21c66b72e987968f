"""How much of the teacher's skill a student keeps: means over items, and intervals that hold them.

Items are paired: student, teacher and chance do the same ones, so that what is hard for all of them cancels out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: Of the intervals here, both sides together. Quality is compared, not certified: 95 % is the field's habit.
CONFIDENCE: Final = 0.95
#: The 97.5 % point of the normal distribution.
_Z: Final = 1.959964
#: The 97.5 % points of Student's distribution for 1, 2 and 3 degrees of freedom, where the series below is too small.
_T: Final = (12.706, 4.303, 3.182)
#: With none of n items apart, fewer than 3.69/n of all are, with 97.5 % confidence each way: -ln 0.025.
_NONE_SEEN: Final = 3.69


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the 95 % interval of it.

    Attributes:
        value: what was seen.
        low: lower end; -infinity where nothing bounds it.
        high: upper end; infinity where nothing bounds it.
    """

    value: float
    low: float
    high: float

    def spelled(self, unit: str) -> str:
        """For people: "95.2 % (94.1 % to 96.2 %)"; `unit` "1" is a share."""
        ends = [_number(each, unit) for each in (self.low, self.high)]
        if not math.isfinite(self.value) or (math.isinf(self.low) and math.isinf(self.high)):
            return "not known"  # Nothing bounds it: the number that comes out is none.
        return f"{_number(self.value, unit)} ({ends[0]} to {ends[1]})"


def _number(value: float, unit: str) -> str:
    if math.isinf(value):
        return "no bound"
    return f"{value:.1%}".replace("%", " %") if unit == "1" else f"{value:.4g} {unit}".rstrip()


def mean(values: Sequence[float], unit: str) -> Interval:
    """The mean of items. Of shares that are all 0 or 1 it is a proportion, whose interval is Wilson's; else Student's.

    E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).

    Args:
        values: one for each item.
        unit: of them; "1" for shares.

    Raises:
        ValueError: there are fewer than two.
    """
    n = _count(values)
    middle = math.fsum(values) / n
    if unit == "1" and set(values) <= {0.0, 1.0}:
        shrunk = 1.0 + _Z * _Z / n
        centre = (middle + _Z * _Z / (2 * n)) / shrunk
        half = _Z / shrunk * math.sqrt(middle * (1.0 - middle) / n + _Z * _Z / (4 * n * n))
        return Interval(middle, min(middle, max(0.0, centre - half)), max(middle, min(1.0, centre + half)))
    half = _t(n - 1) * math.sqrt(_covariance(values, values) / n)
    return Interval(middle, middle - half, middle + half)


def retained(
    model: Sequence[float], teacher: Sequence[float], chance: Sequence[float], *, higher_is_better: bool
) -> Interval:
    """Share of the teacher's advantage over chance that the model has: 0 is chance, 1 the teacher, more is better.

    (mean model - mean chance) / (mean teacher - mean chance). The interval is Fieller's for the ratio of two means that
    belong together, and no narrower than what n items without any difference leave open. It has no ends where the
    teacher is not clearly better than chance: then there is no skill to keep.

    E. C. Fieller, Some Problems in Interval Estimation, Journal of the Royal Statistical Society B 16 (1954).

    Args:
        model: scores by item.
        teacher: on the same items.
        chance: on the same items.
        higher_is_better: which direction is the better one.

    Raises:
        ValueError: there are fewer than two items, or not as many for each.
    """
    n = _count(model, teacher, chance)
    sign = 1.0 if higher_is_better else -1.0
    ours = [sign * (one - base) for one, base in zip(model, chance, strict=True)]
    theirs = [sign * (one - base) for one, base in zip(teacher, chance, strict=True)]
    top, bottom = math.fsum(ours) / n, math.fsum(theirs) / n
    if bottom == 0.0:
        return Interval(math.nan, -math.inf, math.inf)
    ratio, t2 = top / bottom, _t(n - 1) ** 2 / n
    v_top, v_bottom, v_both = (t2 * _covariance(*pair) for pair in ((ours, ours), (theirs, theirs), (ours, theirs)))
    a, b, c = bottom * bottom - v_bottom, top * bottom - v_both, top * top - v_top
    if a <= 0.0 or bottom < 0.0:
        return Interval(ratio, -math.inf, math.inf)
    half = math.sqrt(max(b * b - a * c, 0.0))  # Of scores that are proportional it is zero, but for rounding.
    seen = Interval(ratio, min(ratio, (b - half) / a), max(ratio, (b + half) / a))
    if model not in (teacher, chance):
        return seen
    # No item tells them apart: some of those that were not tried may, each by as much as scores differ at most.
    every = [*model, *teacher, *chance]
    away = _NONE_SEEN / n * (max(every) - min(every)) / bottom
    return Interval(ratio, min(seen.low, ratio - away), max(seen.high, ratio + away))


def _count(*series: Sequence[float]) -> int:
    n = len(series[0])
    if n < 2 or any(len(each) != n for each in series):
        raise ValueError("an interval needs two items or more, as many for each")
    return n


def _covariance(first: Sequence[float], second: Sequence[float]) -> float:
    n = len(first)
    ours, theirs = math.fsum(first) / n, math.fsum(second) / n
    return math.fsum((one - ours) * (other - theirs) for one, other in zip(first, second, strict=True)) / (n - 1)


def _t(freedom: int) -> float:
    """The 97.5 % point of Student's distribution (Abramowitz and Stegun 26.7.5), within 0.3 % from 4 degrees on."""
    if freedom <= len(_T):
        return _T[freedom - 1]
    z, n = _Z, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
