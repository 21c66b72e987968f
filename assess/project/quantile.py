"""Quantiles with a confidence that assumes nothing about the distribution but independent samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Confidence of each bound; the constant of MLPerf LoadGen's early stopping (loadgen/early_stopping.cc), so that the
#: numbers of samples needed are the field's: 459 for p99, 4,603 for p99.9.
CONFIDENCE = 0.99


def quantile_range(samples: Sequence[float], percentile: float) -> tuple[float, float]:
    """Bounds of the true `percentile` (0 to 100) of what `samples` were drawn from, each holding with 99 %.

    The count of samples above the true quantile is binomial, whatever the distribution: the bounds are order
    statistics (David & Nagaraja, Order Statistics, 3rd ed., section 7.1). Where there are too few samples for any of
    them to bound the quantile, the upper bound is infinite and the lower one 0; see `count_needed`.

    Raises:
        ValueError: there are no samples.
    """
    if not samples:
        raise ValueError("a quantile needs samples")
    ordered = sorted(samples)
    n, above = len(ordered), 1.0 - percentile / 100.0
    fewest, most = _tail_counts(n, above)
    high = math.inf if fewest is None else ordered[n - 1 - fewest]
    return 0.0 if most >= n else ordered[n - 1 - most], high


def _tail_counts(n: int, above: float) -> tuple[int | None, int]:
    """Largest t with P(at most t samples lie above) <= 1 %, None if there is none; smallest s with P(...) >= 99 %."""
    cumulative, fewest = 0.0, None
    for count in range(n + 1):
        cumulative += _binomial(count, n, above)
        if cumulative <= 1.0 - CONFIDENCE:
            fewest = count
        if cumulative >= CONFIDENCE:
            return fewest, count
    return fewest, n


def _binomial(count: int, n: int, probability: float) -> float:
    """P(exactly `count` of `n`), through logarithms so that n = 1,000,000 does not overflow."""
    log = math.lgamma(n + 1) - math.lgamma(count + 1) - math.lgamma(n - count + 1)
    return math.exp(log + count * math.log(probability) + (n - count) * math.log1p(-probability))


def count_needed(percentile: float, discarded: int = 0) -> int:
    """Samples from which on the largest one, or the one below `discarded` larger ones, bounds the percentile.

    459 and 662 for p99 with none and one discarded, as MLPerf LoadGen's early stopping has them.
    """
    above = 1.0 - percentile / 100.0
    low, high = discarded, math.ceil((discarded + 1) * 10.0 / above)
    while high - low > 1:
        middle = (low + high) // 2
        tail = sum(_binomial(count, middle, above) for count in range(min(discarded, middle) + 1))
        low, high = (low, middle) if tail <= 1.0 - CONFIDENCE else (middle, high)
    return high


def empirical(samples: Sequence[float], percentile: float) -> float:
    """The smallest sample that at least `percentile` percent of the samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percentile / 100.0) - 1)]
