"""Centres and intervals of paired differences: against tables, and that they hold what they promise."""

import math
import random

import pytest

from assess.project.signed_rank import interval, walsh_averages


def test_averages_of_all_pairs_in_order():
    assert walsh_averages([4.0, 1.0, 2.0]) == [1.0, 1.5, 2.0, 2.5, 3.0, 4.0]
    with pytest.raises(ValueError, match="an interval needs differences"):
        walsh_averages([])


@pytest.mark.parametrize(
    ("count", "confidence", "place"),
    # Which average, from either end, bounds the centre: Hollander, Wolfe & Chicken, table A.4 (t of n = 8: 33, 10: 46).
    [(6, 0.95, 1), (7, 0.95, 3), (8, 0.95, 4), (10, 0.95, 9), (12, 0.95, 14), (20, 0.95, 53), (8, 0.9818, 2)],
)
def test_the_ends_are_the_averages_of_the_tables(count, confidence, place):
    differences = [float(2**index) for index in range(count)]  # All averages differ.
    found, averages = interval(differences, confidence), walsh_averages(differences)
    assert (averages.index(found.low) + 1, len(averages) - averages.index(found.high)) == (place, place)


def test_too_few_differences_bound_nothing():
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0], 0.95)
    assert (found.centre, found.low, found.high) == (3.0, -math.inf, math.inf)


def test_one_wild_pair_moves_little():
    calm = [0.010, 0.011, 0.009, 0.010, 0.012, 0.008, 0.010, 0.011]
    wild = interval([*calm[:-1], 0.9], 0.95)
    assert wild.centre == pytest.approx(0.01025, abs=0.0005)
    assert wild.low >= 0.009


@pytest.mark.parametrize(("count", "confidence"), [(8, 0.95), (10, 0.95), (20, 0.95), (8, 0.9818), (20, 0.9818)])
def test_it_holds_the_centre_as_often_as_it_says(count, confidence):
    """Exact below: of ranks there are so many, so that the share is a little more than asked for."""
    rng = random.Random(count)
    rounds = 4000
    held = 0
    for _ in range(rounds):
        found = interval([rng.gauss(0.05, 0.02) for _ in range(count)], confidence)
        held += found.low <= 0.05 <= found.high
    spread = 3.0 * math.sqrt(confidence * (1.0 - confidence) / rounds)
    assert confidence - spread <= held / rounds <= 1.0
    assert held / rounds <= confidence + 0.02


@pytest.mark.parametrize("count", [101, 500, 3000])
def test_of_many_differences_the_ends_come_near_at_once(count):
    """Exact counting takes seconds for 500 and overflows for 1,100; a gate of an hour has as many pairs."""
    rng = random.Random(count)
    found = interval([rng.gauss(0.0, 0.01) for _ in range(count)], 0.95)
    assert found.half_width == pytest.approx(1.96 * 0.01 / math.sqrt(0.955 * count), rel=0.15)
    assert found.low < 0.0 < found.high


def test_the_approximation_meets_the_count_where_it_takes_over(monkeypatch):
    differences = [float(index) for index in range(100)]
    exact = interval(differences, 0.9818)
    monkeypatch.setattr("assess.project.signed_rank._MOST_EXACT", 99)
    near = interval(differences, 0.9818)
    assert near.low <= exact.low and near.high >= exact.high
    assert near.half_width == pytest.approx(exact.half_width, rel=0.02)
