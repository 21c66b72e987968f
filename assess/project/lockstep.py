"""Pairs in lockstep -> one number for each pair: how much longer the other side took, as a logarithm."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from assess.measure.lockstep import Pair
from assess.measure.passes.lockstep import Side

_OF: Mapping[str, Callable[[Side], Sequence[int]]] = {
    "latency floor": lambda launch: launch.fastest_ns,
    "latency median": lambda launch: launch.median_ns,
}
#: What pairs tell of latency. Tails are not among them: between identical runs they differ by tens of percent.
LATENCIES = tuple(_OF)


def change(pair: Pair, metric: str) -> float:
    """Median over blocks of ln(other / baseline), where each side of a block stands for itself by one number.

    A disturbance that lasts longer than a block is in both sides of it, one that is shorter spares the fastest
    inference of a batch; a median over the blocks forgives the few in which neither holds.
    """
    ours, theirs = _OF[metric](pair.baseline), _OF[metric](pair.other)
    return statistics.median(math.log(other / base) for base, other in zip(ours, theirs, strict=True))


def typical_s(pairs: Sequence[Pair], metric: str) -> tuple[float, float]:
    """Seconds of the baseline and of the other side: medians over the pairs of each launch's median over blocks."""
    values = [
        (statistics.median(_OF[metric](pair.baseline)), statistics.median(_OF[metric](pair.other))) for pair in pairs
    ]
    return statistics.median(one for one, _ in values) * 1e-9, statistics.median(other for _, other in values) * 1e-9


def relative(logarithm: float) -> float:
    """A difference of logarithms as a relative change: 0.05 for 5 % more."""
    return math.expm1(logarithm)
