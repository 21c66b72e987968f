import math

import numpy as np
import pytest

from assess.judge.stationarity import drift, mann_kendall, rank_sum


def noise(runs, count, correlation=0.0, spread=0.03, seed=20261123):
    """Runs of lognormal times about 1 ms, neighbours correlated (lag one), one run a row."""
    fresh = np.random.default_rng(seed).standard_normal((runs, count))
    for column in range(1, count):
        fresh[:, column] = correlation * fresh[:, column - 1] + math.sqrt(1 - correlation**2) * fresh[:, column]
    return 1e6 * np.exp(spread * fresh)


def refused(times):
    return sum(drift([int(time) for time in run]) != "" for run in times)


def test_constant_times_do_not_drift():
    assert drift([1_000_000] * 320) == ""


def test_too_few_frames_cannot_be_judged():
    assert drift([1_000_000] * 319) == "319 frames are too few to tell whether they drift; it takes 320"


def test_a_step_is_named():
    assert drift([1_000_000] * 400 + [1_050_000] * 400) == (
        "drift: the median went from 1 ms in the first half to 1.05 ms in the second; "
        "a steady run does that once in more than 1,000,000"
    )


def test_a_step_of_a_quarter_of_the_run_is_seen():
    assert drift([1_050_000] * 600 + [1_000_000] * 200).startswith("drift: the median went from 1.05 ms")


def test_a_slow_ramp_shows_between_the_quarters():
    # 3.2 % in all: 1.6 % between the halves, 2.4 % between the first quarter and the last.
    assert drift([1_000_000 + 40 * i for i in range(800)]).startswith(
        "drift: the median rose, 1 ms in the first quarter and 1.03 ms in the last; a steady run does that once in"
    )


def test_two_per_cent_are_no_drift():
    assert drift([1_000_000] * 400 + [1_020_000] * 400) == ""
    assert drift([1_000_000 + 24 * i for i in range(800)]) == ""


def test_a_tail_drifts_although_the_median_does_not():
    # One frame in five is slow, in the second half by 10 % more.
    times = [1_000_000, 1_000_000, 1_000_000, 1_000_000, 2_000_000] * 100
    assert drift(times * 2) == ""
    assert "the p90 went from 2 ms" in drift(times + [time if time < 2_000_000 else 2_200_000 for time in times])


@pytest.mark.slow
@pytest.mark.parametrize("count", [400, 2300])
@pytest.mark.parametrize("correlation", [0.0, 0.35])
@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_steady_runs_are_refused_once_in_a_hundred_at_most(count, correlation, spread):
    # 1 % of 400 is 4 on average, and 10 three standard deviations above that.
    assert refused(noise(400, count, correlation, spread)) <= 10


@pytest.mark.parametrize(("spread", "count"), [(0.02, 1000), (0.05, 2300)])
@pytest.mark.parametrize("correlation", [0.0, 0.35])
def test_a_drift_of_five_per_cent_is_seen(spread, count, correlation):
    times, position = noise(50, count, correlation, spread), np.arange(count) / count
    assert refused(times * (1.0 + 0.05 * position)) >= 48
    assert refused(times * (1.0 + 0.05 * (position >= 0.5))) >= 48
    assert refused(times * (1.05 - 0.05 * position)) >= 48


def test_mann_kendall_counts_every_pair():
    # 10 in a row: all 45 pairs rise, variance 10 * 9 * 25 / 18 = 125.
    assert mann_kendall(range(10)) == pytest.approx(math.erfc(44 / math.sqrt(250)))
    assert mann_kendall(range(10, 0, -1)) == mann_kendall(range(10))
    assert mann_kendall([3, 3, 3, 3]) == 1.0
    # 1 1 2 2: 4 pairs rise; variance (4 * 3 * 13 - 2 * 2 * 1 * 9) / 18 = 120 / 18.
    assert mann_kendall([1, 1, 2, 2]) == pytest.approx(math.erfc(3 / math.sqrt(240 / 18)))


def test_the_rank_sum_counts_every_pair():
    # 4 against 4 apart: 16 of 16; variance of U 4 * 4 * 9 / 12 = 12, of twice U 48.
    assert rank_sum([1, 2, 3, 4], [5, 6, 7, 8]) == pytest.approx(math.erfc(15 / math.sqrt(96)))
    assert rank_sum([1, 2], [1, 2]) == 1.0
    assert rank_sum([1, 1], [1, 1]) == 1.0
