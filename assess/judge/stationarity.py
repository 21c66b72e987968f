"""Whether a run stayed the same from beginning to end: what drifts has no percentile, and gets no certificate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from assess.project.quantile import empirical
from assess.units import format_quantity

#: Medians of that many windows: enough for a trend to be told from chance, and each still of many frames.
_WINDOWS = 40
#: Frames of the shortest window. Neighbouring frames of measured runs correlate by .3 to .4, which is gone after a few:
#: windows of 20 are as good as independent.
_WINDOW = 20
#: Windows without which the tests below have no power: of 12, even halves that do not overlap may be chance. 320
#: frames, fewer than any percentile from 90 up needs to be certified with one episode of misses (325).
_FEWEST = 16
#: The tail may drift where the median does not.
_PERCENTILES = {50.0: "median", 90.0: "p90"}
#: One run in a hundred that is steady may be refused. Two tests of two percentiles share that.
_LEVEL = 0.01 / 4
#: Less than this moves no certificate; 100,000 frames would tell a tenth of a percent from chance.
_DRIFT = 0.02


def drift(values_ns: Sequence[int]) -> str:
    """Why these times may not be certified; "" if they may.

    Windows of equal length are compared by their median and by their p90: the windows of the first half with those of
    the second (rank sum, Wilcoxon), and each with every later one (trend, Mann and Kendall). A drift is one that chance
    makes once in 100 steady runs or less, and that is larger than 2 %.
    """
    windows = _windows(values_ns)
    if len(windows) < _FEWEST:
        return f"{len(values_ns)} frames are too few to tell whether they drift; it takes {_FEWEST * _WINDOW}"
    for percentile, name in _PERCENTILES.items():
        levels = [empirical(window, percentile) for window in windows]
        if found := _halves(levels, name) or _trend(levels, name):
            return found
    return ""


def _windows(values: Sequence[int]) -> list[Sequence[int]]:
    count = min(_WINDOWS, len(values) // _WINDOW)
    # Boundaries are rounded each on its own: no frame is left out, and lengths differ by one at most.
    return [values[len(values) * i // count : len(values) * (i + 1) // count] for i in range(count)]


def _halves(levels: Sequence[float], name: str) -> str:
    middle = len(levels) // 2
    first, second = levels[:middle], levels[-middle:]
    before, after = empirical(first, 50), empirical(second, 50)
    chance = rank_sum(first, second)
    if chance > _LEVEL or abs(after - before) <= _DRIFT * min(before, after):
        return ""
    return f"drift: the {name} went from {_time(before)} in the first half to {_time(after)} in the second" + _p(chance)


def _trend(levels: Sequence[float], name: str) -> str:
    # Between quarters, not by the usual Theil-Sen slope: that is 0 where less than half of the run is another.
    quarter = len(levels) // 4
    before, after, chance = empirical(levels[:quarter], 50), empirical(levels[-quarter:], 50), mann_kendall(levels)
    if chance > _LEVEL or abs(after - before) <= _DRIFT * min(before, after):
        return ""
    verb = "rose" if after > before else "fell"
    return f"drift: the {name} {verb}, {_time(before)} in the first quarter and {_time(after)} in the last" + _p(chance)


def mann_kendall(levels: Sequence[float]) -> float:
    """How often chance alone would order `levels` at least as strictly, up or down (Mann 1945; ties, Kendall 1975)."""
    n = len(levels)
    score = sum(_sign(levels[j] - levels[i]) for i in range(n) for j in range(i + 1, n))
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(levels).values())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18.0
    return _two_sided(score, variance)


def rank_sum(first: Sequence[float], second: Sequence[float]) -> float:
    """How often chance alone would part two groups of one kind at least as far (Wilcoxon 1945, ties corrected)."""
    a, b = len(first), len(second)
    score = sum(_sign(y - x) for x in first for y in second)
    n = a + b
    ties = sum(t**3 - t for t in Counter((*first, *second)).values())
    # The score is twice the Mann-Whitney U from its mean, so its variance is four times U's.
    variance = a * b / 3.0 * (n + 1 - ties / (n * (n - 1)))
    return _two_sided(score, variance)


def _two_sided(score: int, variance: float) -> float:
    """P of a score at least that far from 0, normal, with the correction for its being a whole number."""
    if not score or variance <= 0.0:
        return 1.0
    return math.erfc((abs(score) - 1) / math.sqrt(2.0 * variance))


def _sign(difference: float) -> int:
    return (difference > 0) - (difference < 0)


def _time(nanoseconds: float) -> str:
    return format_quantity(nanoseconds * 1e-9, "s")


def _p(chance: float) -> str:
    rarely = "more than 1,000,000" if chance < 1e-6 else f"{1 / chance:,.0f}"
    return f"; a steady run does that once in {rarely}"
