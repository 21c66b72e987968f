"""The floor against a stored one: what it tells, and how well it has to be known for that."""

import math

import pytest

from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.floor import judge_floor, resolution

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


def test_two_launches_tell_no_floor():
    assert resolution([1, 1]) == math.inf
    assert judge_floor(BEFORE, [1_000_000, 1_000_000], 0.05).verdict is GateVerdict.NOISY


def test_less_than_fifty_nanoseconds_are_nothing():
    short = [200, 200, 200]
    assert judge_floor(short, [240, 240, 240], 0.05).verdict is GateVerdict.PASS
    assert judge_floor(short, [260, 260, 260], 0.05).verdict is GateVerdict.REGRESSION
