import time
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assess.project.binomial import allowed, at_most, rate_bound, trials_needed


def exact(count, trials, probability):
    """The same in fractions."""
    p = Fraction(probability)
    return float(sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(count + 1)))


@given(st.integers(1, 60), st.data(), st.floats(0.001, 0.999))
@settings(max_examples=200, deadline=None)
def test_a_tail_is_the_exact_sum(trials, data, probability):
    count = data.draw(st.integers(0, trials))
    assert at_most(count, trials, probability) == pytest.approx(exact(count, trials, probability), rel=1e-11)


@pytest.mark.parametrize(("count", "trials", "rate"), [(4, 1000, 0.01), (12, 1200, 0.03), (440, 1000, 0.5)])
def test_a_tail_of_many_trials_is_the_exact_sum(count, trials, rate):
    assert at_most(count, trials, rate) == pytest.approx(exact(count, trials, rate), rel=1e-10)


def test_tails_have_ends():
    assert (at_most(-1, 10, 0.5), at_most(10, 10, 0.5)) == (0.0, 1.0)
    assert (at_most(3, 10, 0.0), at_most(3, 10, 1.0), at_most(10, 10, 1.0)) == (1.0, 0.0, 1.0)


def test_a_tail_far_above_the_mean_is_one_and_far_below_nothing():
    assert at_most(900_000, 1_000_000, 0.001) == 1.0
    assert at_most(10, 1_000_000, 0.5) == 0.0


@pytest.mark.parametrize(
    ("trials", "rate", "misses"),
    [(100_000, 0.001, 77), (10_000, 0.01, 77), (459, 0.01, 0), (458, 0.01, None), (661, 0.01, 0), (662, 0.01, 1)],
)
def test_the_budget_of_misses_is_loadgens(trials, rate, misses):
    assert allowed(trials, rate) == misses


@given(st.integers(0, 3000), st.sampled_from([0.0001, 0.001, 0.01, 0.05, 0.1, 0.5, 0.9]))
@settings(max_examples=200, deadline=None)
def test_the_budget_and_the_trials_needed_are_one_rule(trials, rate):
    budget = allowed(trials, rate)
    assert trials < trials_needed(0, rate) if budget is None else trials_needed(budget, rate) <= trials
    assert trials < trials_needed(0 if budget is None else budget + 1, rate)


@given(st.integers(0, 40), st.integers(1, 5000), st.sampled_from([0.001, 0.01, 0.1]))
@settings(max_examples=200, deadline=None)
def test_the_rate_is_bounded_below_a_limit_exactly_when_there_are_trials_enough(successes, trials, rate):
    assert (rate_bound(successes, trials) <= rate) == (trials >= trials_needed(successes, rate))


def test_bounds_of_a_rate():
    # With none of n the bound is 1 - 0.01 ** (1 / n).
    assert rate_bound(0, 100) == pytest.approx(1.0 - 0.01**0.01, rel=1e-12)
    assert rate_bound(1, 100) == pytest.approx(0.0645, abs=5e-5)
    assert (rate_bound(5, 5), rate_bound(0, 0)) == (1.0, 1.0)


def test_ten_million_trials_take_milliseconds():
    start = time.perf_counter()
    budgets = [allowed(10_000_000, rate) for rate in (0.5, 0.1, 0.05, 0.01, 0.001, 0.0001)]
    taken = time.perf_counter() - start
    assert budgets == [4_996_321, 997_793, 498_396, 99_268, 9767, 926]
    assert taken < 0.05
