"""Quantiles with a confidence that assumes nothing about the distribution but independent samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from assess.project.binomial import CONFIDENCE as CONFIDENCE
from assess.project.binomial import allowed, trials_needed

#: What a summary of latencies tells. One of them may gate: six bounds at 99 % each hold together less often than that.
PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 99.99)


@dataclass(frozen=True, slots=True)
class Quantile:
    """One percentile of some samples: what was seen, and what is certain.

    Attributes:
        percentile: 0 to 100, both left out.
        empirical: the smallest sample that this percentage of them does not exceed.
        certified: the true percentile is not above this, with 99 % confidence; None where there are too few samples.
        needed: that many more samples, and `certified` is a number.
    """

    percentile: float
    empirical: float
    certified: float | None
    needed: int


def quantiles(samples: Sequence[float], percentiles: Sequence[float] = PERCENTILES) -> tuple[Quantile, ...]:
    """Each of the percentiles, seen and certified.

    `certified` is exactly what MLPerf LoadGen's early stopping estimates (loadgen/early_stopping.cc): with
    t = max{i : h_min(i) + i <= n} it is sorted[n - t]. That is the next sample above what `quantile_range` needs, and
    there is none below 662 samples for p99, where `quantile_range` has its first at 459: comparable with MLPerf's
    figures, and one sample more careful.

    Raises:
        ValueError: there are no samples.
    """
    ordered = sorted(_some(samples))
    return tuple(_quantile(ordered, percentile) for percentile in percentiles)


def _quantile(ordered: Sequence[float], percentile: float) -> Quantile:
    n, seen = len(ordered), _nearest_rank(ordered, percentile)
    over = allowed(n, miss_rate(percentile))
    if not over:
        return Quantile(percentile, seen, None, count_needed(percentile, discarded=1) - n)
    return Quantile(percentile, seen, ordered[n - over], 0)


def quantile_range(samples: Sequence[float], percentile: float) -> tuple[float, float]:
    """Bounds of the true `percentile` (0 to 100) of what `samples` were drawn from, each holding with 99 %.

    The count of samples above the true quantile is binomial, whatever the distribution: the bounds are order
    statistics (David & Nagaraja, Order Statistics, 3rd ed., section 7.1). Where there are too few samples for any of
    them to bound the quantile, the upper bound is infinite and the lower one 0; see `count_needed`.

    Raises:
        ValueError: there are no samples.
    """
    ordered = sorted(_some(samples))
    n, above = len(ordered), miss_rate(percentile)
    # What is true of the samples above, from the top, is true of those below, from the bottom.
    over, under = allowed(n, above), allowed(n, 1.0 - above)
    return 0.0 if under is None else ordered[under], math.inf if over is None else ordered[n - 1 - over]


def count_needed(percentile: float, discarded: int = 0) -> int:
    """Samples from which on the largest one, or the one below `discarded` larger ones, bounds the percentile.

    459 and 662 for p99 with none and one discarded, as MLPerf LoadGen's early stopping has them.
    """
    return trials_needed(discarded, miss_rate(percentile))


def empirical(samples: Sequence[float], percentile: float) -> float:
    """The smallest sample that at least `percentile` percent of the samples do not exceed."""
    return _nearest_rank(sorted(samples), percentile)


def _nearest_rank(ordered: Sequence[float], percentile: float) -> float:
    # In decimals, as it was written: in binary 99.9 % of 41,000 is a little over 40,959 and gives the next rank.
    rank = math.ceil(Fraction(str(percentile)) * len(ordered) / 100)
    return ordered[max(0, rank - 1)]


def miss_rate(percentile: float) -> float:
    """The share, 0 to 1, that may lie above the percentile.

    Raises:
        ValueError: it is not between 0 and 100.
    """
    if not 0.0 < percentile < 100.0:
        raise ValueError(f"a percentile lies between 0 and 100, not at {percentile:g}")
    return float(1 - Fraction(str(percentile)) / 100)


def _some(samples: Sequence[float]) -> Sequence[float]:
    if not samples:
        raise ValueError("a quantile needs samples")
    return samples
