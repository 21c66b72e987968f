import math
import random
import time

import numpy as np
import pytest

from assess.project.quantile import Quantile, count_needed, empirical, miss_rate, quantile_range, quantiles


@pytest.mark.parametrize(
    ("percentile", "counts"),
    [
        (90, {0: 44, 1: 64, 2: 81, 5: 127, 10: 197}),
        (95, {0: 90, 1: 130, 2: 165, 5: 259, 10: 398}),
        (99, {0: 459, 1: 662, 2: 838, 3: 1001, 5: 1307, 10: 2010}),
        (99.9, {0: 4603, 1: 6636, 2: 8403, 3: 10042, 5: 13105, 10: 20140}),
        (99.99, {0: 46050, 1: 66381, 2: 84057, 3: 100448, 5: 131081, 10: 201442}),
        (99.999, {0: 460515, 1: 663833, 2: 840592, 3: 1004509, 5: 1310845}),
    ],
)
def test_counts_needed_are_those_of_loadgens_early_stopping(percentile, counts):
    assert {discarded: count_needed(percentile, discarded) for discarded in counts} == counts


def test_one_sample_too_few_has_no_upper_bound():
    assert quantile_range(range(458), 99)[1] == math.inf
    assert quantile_range(range(459), 99)[1] == 458


def test_of_662_samples_one_may_be_discarded():
    assert quantile_range(range(662), 99) == (648, 660)


def test_loadgen_certifies_the_largest_of_662_and_the_second_of_838():
    # t = max{i : h_min(i) + i <= n}, estimate = sorted[n - t]: t = 1 from 662 on, 2 from 838 on.
    assert quantiles(range(662), [99]) == (Quantile(99, 655, 661, 0),)
    assert quantiles(range(837), [99])[0].certified == 836
    assert quantiles(range(838), [99])[0].certified == 836


def test_too_few_samples_certify_nothing_and_say_how_many_more_do():
    assert quantiles(range(600), [99, 99.9]) == (Quantile(99, 593, None, 62), Quantile(99.9, 599, None, 6036))


def test_the_77_largest_of_100_000_lie_above_the_certified_p99_9():
    (found,) = quantiles(range(100_000), [99.9])
    assert (found.empirical, found.certified) == (99_899, 100_000 - 77)


def test_all_percentiles_of_samples_are_told_by_default():
    found = quantiles(range(1, 10_001))
    assert [(q.percentile, q.empirical, q.certified, q.needed) for q in found] == [
        (50, 5000, 5118, 0),
        (90, 9000, 9071, 0),
        (95, 9500, 9552, 0),
        (99, 9900, 9924, 0),
        (99.9, 9990, 9999, 0),
        (99.99, 9999, None, 56381),
    ]


def test_ten_million_samples_are_certified_without_trying_each_bound():
    count, start = 10_000_000, time.perf_counter()
    found = quantiles(range(count))
    # Ordering a range and picking from it is the larger part; a search that looks at each bound would take minutes.
    assert [count - int(q.certified) for q in found] == [4_996_321, 997_793, 498_396, 99_268, 9767, 926]
    assert time.perf_counter() - start < 60.0


# What is drawn, and its true quantile. Discrete samples tie with the quantile itself; a bound may equal it.
DISTRIBUTIONS = {
    "normal": (lambda draw, shape: draw.standard_normal(shape), {50: 0.0, 90: 1.2815515655, 99: 2.3263478740}),
    "lognormal": (
        lambda draw, shape: np.exp(draw.standard_normal(shape)),
        {50: 1.0, 90: math.exp(1.2815515655), 99: math.exp(2.3263478740)},
    ),
    "Pareto of no mean": (
        lambda draw, shape: (1.0 - draw.random(shape)) ** (-1.0 / 0.9),
        {50: 2.0 ** (1 / 0.9), 90: 10.0 ** (1 / 0.9), 99: 100.0 ** (1 / 0.9)},
    ),
    "discrete": (lambda draw, shape: np.floor(draw.random(shape) * 40.0), {50: 19.0, 90: 35.0, 99: 39.0}),
}


@pytest.mark.parametrize("percentile", [50, 90, 99])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_bounds_hold_at_their_confidence_whatever_the_distribution(name, percentile):
    drawn, truth = DISTRIBUTIONS[name]
    trials, n = 10_000, 700
    samples = np.sort(drawn(np.random.default_rng(20261123), (trials, n)), axis=1)
    # Which of the ordered samples they are depends on the count alone.
    (index,), ends = quantiles(range(n), [percentile]), quantile_range(range(n), percentile)
    assert quantiles(list(samples[0]), [percentile])[0].certified == samples[0][index.certified]
    wrong = {
        "certified": (samples[:, index.certified] < truth[percentile]).sum(),
        "upper": (samples[:, ends[1]] < truth[percentile]).sum(),
        "lower": (samples[:, ends[0]] > truth[percentile]).sum(),
    }
    # 1 % by design, less where order statistics step over it; 130 of 10,000 is three standard deviations above it.
    assert {bound: count for bound, count in wrong.items() if count > 130} == {}
    assert name == "discrete" or wrong["upper"] > 30, "a bound that never fails claims less than it could"


def test_bounds_hold_one_run_after_the_other():
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
    with pytest.raises(ValueError, match="needs samples"):
        quantiles([])


@pytest.mark.parametrize("percentile", [0, 100, -1])
def test_a_percentile_lies_inside(percentile):
    with pytest.raises(ValueError, match="between 0 and 100"):
        quantile_range([1.0], percentile)


def test_the_share_above_a_percentile_is_that_of_its_decimals():
    assert [miss_rate(percentile) for percentile in (50, 90, 99, 99.9, 99.99)] == [0.5, 0.1, 0.01, 0.001, 0.0001]


@pytest.mark.parametrize(("percentile", "value"), [(50, 5), (90, 9), (99, 10), (1, 1)])
def test_empirical_quantiles_are_samples(percentile, value):
    assert empirical(range(1, 11), percentile) == value


def test_the_rank_of_a_quantile_is_counted_in_decimals():
    # In binary, 99.9 % of 41,000 is 40,959.000000000007.
    assert empirical(range(1, 41_001), 99.9) == 40_959


def test_too_few_samples_bound_it_from_neither_side():
    assert quantile_range([5.0, 6.0, 7.0], 50) == (0.0, math.inf)
