"""The centre of a few paired differences and an exact interval for it: Hodges and Lehmann, Wilcoxon's signed ranks.

Assumes that the differences are independent and that each is as likely above the centre as below it by as much; nothing
else about how they are spread, so that one wild pair does little (Hollander, Wolfe & Chicken, Nonparametric Statistical
Methods, 3rd ed., sections 3.1 to 3.3).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

#: Of more differences than these the sum of ranks is as good as normal (Hollander, Wolfe & Chicken, section 3.1,
#: large-sample approximation), and counting the ways takes long.
_MOST_EXACT: Final = 100


@dataclass(frozen=True, slots=True)
class Interval:
    """A centre and the range that holds it.

    Attributes:
        centre: median of the averages of all pairs of differences, each with itself too (Hodges and Lehmann).
        low: the true centre is not below this, nor above `high`, with the confidence that was asked for.
        high: infinite, as `low` then is, where there are too few differences for that confidence.
    """

    centre: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the distance between the two ends."""
        return (self.high - self.low) / 2.0


def interval(differences: Sequence[float], confidence: float) -> Interval:
    """Centre and exact interval of some differences.

    Args:
        differences: one for each pair.
        confidence: of the two-sided interval, 0 to 1; as ranks are whole numbers, it is at least that.

    Raises:
        ValueError: there are no differences.
    """
    averages = walsh_averages(differences)
    centre = statistics.median(averages)
    left_out = _left_out(len(differences), (1.0 - confidence) / 2.0)
    if left_out is None:
        return Interval(centre, -math.inf, math.inf)
    return Interval(centre, averages[left_out], averages[-1 - left_out])


def walsh_averages(differences: Sequence[float]) -> list[float]:
    """The averages of all pairs of differences, each with itself too, ascending."""
    if not differences:
        raise ValueError("an interval needs differences")
    return sorted((one + other) / 2.0 for index, one in enumerate(differences) for other in differences[index:])


def _left_out(count: int, each_tail: float) -> int | None:
    """How many averages may be left out at either end; None where not even the two outermost ends are safe."""
    if count > _MOST_EXACT:
        mean, variance = count * (count + 1) / 4.0, count * (count + 1) * (2 * count + 1) / 24.0
        return math.floor(mean + statistics.NormalDist().inv_cdf(each_tail) * math.sqrt(variance) - 0.5)
    tail = 0.0
    for left_out, ways in enumerate(_ways(count)):
        tail += ways / 2.0**count
        if tail > each_tail:
            return left_out - 1 if left_out else None
    return None


@cache
def _ways(count: int) -> tuple[int, ...]:
    """For each rank sum from 0, how many of the 2^count choices of signs have it: subsets of 1..count by their sum."""
    ways = [1]
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for total, number in enumerate(ways):
            longer[total + rank] += number
        ways = longer
    return tuple(ways)
