"""The floor against a stored one: what it tells, and how well it has to be known for that."""

import math
import random
from collections import Counter

import pytest

from assess.judge.gate.comparison import FINE, GateVerdict
from assess.judge.gate.floor import LOOKS, judge_floor, resolution

BEFORE = [1_000_000, 1_002_000, 1_004_000, 1_100_000]


def times(factor, launches=BEFORE):
    return [round(ns * factor) for ns in launches]


def test_the_same_floor_passes():
    found = judge_floor(BEFORE, times(1.0), 0.05)
    assert (found.verdict, found.next_step) == (GateVerdict.PASS, "")
    assert found.because == "+0.0%, below +0.4% in 4 launches"
    assert (found.baseline, found.candidate, found.unit) == (0.001, 0.001, "s")


def test_beyond_the_margin_and_not_by_chance_is_a_regression():
    found = judge_floor(BEFORE, times(1.06), 0.05)
    assert found.verdict is GateVerdict.REGRESSION
    assert found.because == "+6.0%, at least +5.6%, in 4 launches; 5.0% are allowed"
    assert found.change.low == pytest.approx(1.06 / 1.004 - 1.0)


def test_a_faster_model_is_an_improvement():
    found = judge_floor(BEFORE, times(0.9), 0.05)
    assert (found.verdict, found.because) == (GateVerdict.IMPROVEMENT, "-10.0%, at most -9.6%, in 4 launches")


def test_at_the_margin_nothing_is_told():
    found = judge_floor(BEFORE, times(1.049), 0.05)
    assert found.verdict is GateVerdict.INCONCLUSIVE
    assert "--against" in found.next_step


def test_a_floor_that_was_not_reached_again_is_noise():
    found = judge_floor(BEFORE, [1_000_000, 1_060_000, 1_080_000], 0.05)
    assert found.verdict is GateVerdict.NOISY
    assert found.because == "the candidate's floor was reached again within 7.7% only; 5.0% are to be told"
    found = judge_floor([1_000_000, 1_060_000, 1_080_000], BEFORE, 0.05)
    assert (found.verdict, found.because[:14]) == (GateVerdict.NOISY, "the baseline's")


def test_noise_hides_no_gross_regression():
    """A floor that was reached badly, and is seven times the other one all the same."""
    candidate = [1_000_000, 1_100_000, 1_200_000] + [1_300_000] * 17
    assert judge_floor([100_000] * 10, candidate, 0.05).verdict is GateVerdict.REGRESSION
    baseline = [100_000, 107_000, 108_000]
    assert judge_floor(baseline, [1_000_000] * 20, 0.05).verdict is GateVerdict.REGRESSION
    assert judge_floor(baseline, [110_000] * 20, 0.05).verdict is GateVerdict.NOISY


def test_two_launches_tell_no_floor():
    assert resolution([1, 1]) == math.inf
    assert judge_floor(BEFORE, [1_000_000, 1_000_000], 0.05).verdict is GateVerdict.NOISY


def test_less_than_fifty_nanoseconds_are_nothing():
    short = [200, 200, 200]
    assert judge_floor(short, [240, 240, 240], 0.05).verdict is GateVerdict.PASS
    assert judge_floor(short, [260, 260, 260], 0.05).verdict is GateVerdict.REGRESSION
    assert judge_floor([20] * 3, [100] * 3, 0.05).verdict is GateVerdict.REGRESSION


def outcomes(rng, launch_ns, slower, rounds=1000):
    """Share of each verdict over gates of a model that is slower by so much, at the looks of the flow."""
    counts = Counter()
    while counts.total() < rounds:
        before = [launch_ns(rng) for _ in range(2 * LOOKS[-1])]
        if resolution(before) > 0.025:  # As `accept` refuses.
            continue
        after = [round(launch_ns(rng) * (1.0 + slower)) for _ in range(2 * LOOKS[-1])]
        for look in LOOKS:
            found = judge_floor(before, after[: 2 * look], 0.05).verdict
            if found in FINE:
                break
        counts[found] += 1
    return {verdict: count / rounds for verdict, count in counts.items()}


def exponential(scatter):
    """Launches whose floors lie above the true one by an exponential of this mean."""
    return lambda rng: round(1e6 * (1.0 + rng.expovariate(1.0 / scatter)))


def now_and_then(share):
    """Launches that reach the floor in this share, and are 8 % slower else."""
    return lambda rng: round(1e6 * (1.0 + (0.0 if rng.random() < share else 0.08) + rng.uniform(0.0, 0.005)))


@pytest.mark.parametrize(
    ("launch_ns", "false_alarms", "seen"),
    [
        (exponential(0.02), 0.0, 0.99),
        (exponential(0.05), 0.0, 0.99),
        (exponential(0.10), 0.001, 0.99),
        (now_and_then(0.5), 0.0, 0.99),
        (now_and_then(0.2), 0.02, 0.75),
    ],
)
def test_how_often_it_errs(launch_ns, false_alarms, seen):
    """The table of docs/gate.md; the last row is a machine that reaches its floor in one launch of five."""
    rng = random.Random(1)
    same, slow = outcomes(rng, launch_ns, 0.0), outcomes(rng, launch_ns, 0.10)
    assert same.get(GateVerdict.REGRESSION, 0.0) <= false_alarms
    assert slow.get(GateVerdict.REGRESSION, 0.0) >= seen
    assert slow.get(GateVerdict.PASS, 0.0) <= 0.02
