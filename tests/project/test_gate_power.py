"""What is computed of a gate's power, in figures; tests/judge/gate/test_self_test.py simulates such gates."""

import random
import time

import pytest

from assess.project.binomial import rate_bound
from assess.project.gate_power import (
    error_of_centre,
    gates_needed,
    half_of_the_middle,
    pairs_needed,
    placebo_half_width,
    smallest_margin,
    smallest_seen,
)

LOOK = 0.9818


def test_scatter_is_that_of_the_middle_whatever_outliers_do():
    rng = random.Random(0)
    assert half_of_the_middle([rng.gauss(0.0, 0.02) for _ in range(20_000)]) == pytest.approx(0.02, rel=0.02)
    assert half_of_the_middle([0.0] * 90 + [9.0] * 10) == 0.0  # One in ten that was disturbed.
    assert half_of_the_middle([0.1]) == 0.0


def test_formulas_in_figures():
    assert error_of_centre(0.01, 20) == pytest.approx(0.002288, abs=1e-6)  # 0.01 / sqrt(0.955 * 20)
    # 3 % + 1.96 e, and 4.32 e where that is more.
    assert smallest_seen(0.01, 20, 0.03, LOOK) == pytest.approx(0.03463, abs=1e-5)
    assert smallest_seen(0.04, 20, 0.01, LOOK) == pytest.approx(0.04034, abs=1e-5)
    assert smallest_margin(0.01, 20, LOOK) == pytest.approx(0.01418, abs=1e-5)
    assert [pairs_needed(scatter, 0.03, LOOK) for scatter in (0.005, 0.02, 0.04, 0.5)] == [8, 19, 45, None]


def test_of_few_pairs_the_placebos_are_what_asks_for_the_margin_and_of_many_the_interval():
    assert smallest_margin(0.01, 20, LOOK) == placebo_half_width(0.01, 20, LOOK)
    # 2.36 * 0.01 / sqrt(0.955 * 100) * (1 + 1.96 / sqrt(198)) * (1 + 2.6 / 100).
    assert placebo_half_width(0.01, 200, LOOK) == pytest.approx(0.00283, abs=1e-5)
    assert smallest_margin(0.01, 200, LOOK) == pytest.approx(0.00317, abs=1e-5)  # 4.32 e (1 + 2.6 / 200)


def test_one_look_alone_is_narrower():
    # 1.96 in place of 2.36, of the placebos.
    share = placebo_half_width(1e-6, 20, 0.95) / placebo_half_width(1e-6, 20, LOOK)
    assert share == pytest.approx(1.95996 / 2.36153, rel=1e-4)


@pytest.mark.parametrize(
    ("wrong", "rate", "needed"), [(0, 0.05, 59), (0, 0.025, 119), (1, 0.05, 93), (1, 0.025, 188), (3, 0.5, 13)]
)
def test_so_many_gates_show_a_rate_and_one_fewer_does_not(wrong, rate, needed):
    assert gates_needed(wrong, rate) == needed
    assert rate_bound(wrong, needed, 0.95) <= rate < rate_bound(wrong, needed - 1, 0.95)


def test_what_is_needed_is_found_at_once():
    begun = time.process_time()
    assert gates_needed(500, 0.025) > 20_000
    pairs_needed(0.5, 0.03, LOOK)
    assert time.process_time() - begun < 0.5
