import math
import random

import pytest

from assess.project.quantile import count_needed, empirical, quantile_range


@pytest.mark.parametrize(
    ("percentile", "discarded", "count"),
    [(90, 0, 44), (90, 1, 64), (95, 2, 165), (99, 0, 459), (99, 1, 662), (99.9, 0, 4603), (99.9, 1, 6636)],
)
def test_counts_needed_are_those_of_loadgens_early_stopping(percentile, discarded, count):
    assert count_needed(percentile, discarded) == count


def test_one_sample_too_few_has_no_upper_bound():
    assert quantile_range(range(458), 99)[1] == math.inf
    assert quantile_range(range(459), 99)[1] == 458


def test_of_662_samples_one_may_be_discarded():
    assert quantile_range(range(662), 99) == (648, 660)


def test_bounds_hold_at_their_confidence():
    draw = random.Random(20261123)
    trials, below, above = 2000, 0, 0
    for _ in range(trials):
        low, high = quantile_range([draw.random() for _ in range(662)], 99)
        below += low > 0.99
        above += high < 0.99
    # One per cent each by design; order statistics are discrete, so the true rate is at most that. 3 sigma above.
    assert below / trials <= 0.0167
    assert above / trials <= 0.0167


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="needs samples"):
        quantile_range([], 99)


@pytest.mark.parametrize(("percentile", "value"), [(50, 5), (90, 9), (99, 10), (1, 1)])
def test_empirical_quantiles_are_samples(percentile, value):
    assert empirical(range(1, 11), percentile) == value


def test_too_few_samples_bound_it_from_neither_side():
    assert quantile_range([5.0, 6.0, 7.0], 50) == (0.0, math.inf)
