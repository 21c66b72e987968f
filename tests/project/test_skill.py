"""Means and shares of skill, with intervals that hold as often as they say."""

import math
from random import Random

import pytest

from assess.project.skill import Interval, mean, retained


def test_a_share_of_ones_has_wilsons_interval():
    # Wilson 1927: 8 of 10 lie between 49 % and 94.3 %.
    found = mean([1.0] * 8 + [0.0] * 2, "1")
    assert found.value == 0.8
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.9433)


def test_even_all_of_few_is_not_certain():
    found = mean([1.0] * 20, "1")
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.8389, abs=1e-4)


def test_numbers_have_students_interval():
    # t for one degree of freedom is 12.706: 2 +- 12.706 * sqrt(2) / sqrt(2).
    found = mean([1.0, 3.0], "m")
    assert (found.low, found.high) == (pytest.approx(2 - 12.706), pytest.approx(2 + 12.706))
    # For 9 it is 2.262.
    found = mean([float(value) for value in range(10)], "m")
    half = 2.262 * math.sqrt(55 / 6) / math.sqrt(10)
    assert (found.low, found.high) == (pytest.approx(4.5 - half, rel=1e-3), pytest.approx(4.5 + half, rel=1e-3))


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_item_has_no_interval(values):
    with pytest.raises(ValueError, match="two items or more"):
        mean(values, "1")


def test_skill_counts_from_chance_to_the_teacher_in_either_direction():
    # 3 of 4 where chance has 1 and the teacher 4; as errors, 2 where chance has 8 and the teacher 0.
    more = retained([1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0], higher_is_better=True)
    less = retained([3, 1, 2, 2], [0, 0, 0, 0], [8, 8, 8, 8], higher_is_better=False)
    assert (more.value, less.value) == (pytest.approx(2 / 3), 0.75)


def test_items_that_are_hard_for_all_do_not_widen_the_interval():
    hard = [float(value) for value in range(0, 40, 2)]
    model = [value + 4.0 + 0.1 * (index % 2) for index, value in enumerate(hard)]
    teacher = [value + 5.0 for value in hard]
    found = retained(model, teacher, hard, higher_is_better=True)
    assert found.value == pytest.approx(0.81)
    assert found.high - found.low < 0.01


def test_the_interval_holds_the_truth_in_95_of_100_trials():
    draw, held, trials = Random(1), 0, 1000
    for _ in range(trials):
        model, teacher, chance = [], [], []
        for _ in range(30):
            hard = draw.gauss(0.0, 3.0)
            model.append(8.0 + hard + draw.gauss(0.0, 1.0))
            teacher.append(10.0 + hard + draw.gauss(0.0, 0.5))
            chance.append(1.0 + hard / 2 + draw.gauss(0.0, 1.0))
        found = retained(model, teacher, chance, higher_is_better=True)
        held += found.low <= 7.0 / 9.0 <= found.high
    assert 930 <= held <= 970


def test_a_teacher_that_is_no_better_than_chance_has_no_skill_to_keep():
    nothing = retained([1.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], higher_is_better=True)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high) == (-math.inf, math.inf)
    hardly = retained([1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0], higher_is_better=True)
    assert (hardly.low, hardly.high) == (-math.inf, math.inf)


def test_no_difference_in_few_items_proves_no_equality():
    # With 30 items alike, 3.69 of 30 may still differ, each by at most as much as scores do, of an advantage of a half.
    half = [1.0] * 15 + [0.0] * 15
    found = retained(half, half, [0.0] * 30, higher_is_better=True)
    assert (found.value, found.low, found.high) == (1.0, pytest.approx(0.754), pytest.approx(1.246))
    none = retained([0.0] * 30, half, [0.0] * 30, higher_is_better=True)
    assert (none.value, none.low, none.high) == (0.0, pytest.approx(-0.246), pytest.approx(0.246))


def test_a_model_that_is_worse_than_chance_with_a_teacher_that_is_too_keeps_nothing():
    model, teacher, chance = ([1.0] * right + [0.0] * (100 - right) for right in (5, 6, 40))
    found = retained(model, teacher, chance, higher_is_better=True)
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_equal_scores_prove_nothing_where_the_teacher_is_hardly_better_than_chance():
    teacher = [1.0, 0.0] * 50
    chance = [0.0, 1.0] * 49 + [0.0, 0.0]
    found = retained(teacher, teacher, chance, higher_is_better=True)
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_proportional_scores_have_an_interval_despite_rounding():
    draw = Random(3)
    for _ in range(200):
        teacher = [draw.uniform(0.5, 1.0) for _ in range(20)]
        found = retained([0.3 * one for one in teacher], teacher, [0.0] * 20, higher_is_better=True)
        assert found.low == pytest.approx(0.3, abs=1e-6) and found.high == pytest.approx(0.3, abs=1e-6)


def test_points_that_happen_to_be_zeros_and_ones_are_no_shares():
    assert mean([0.0, 1.0, 1.0], "points") != mean([0.0, 1.0, 1.0], "1")


def test_series_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="as many for each"):
        retained([1.0, 2.0], [1.0, 2.0, 3.0], [0.0, 0.0], higher_is_better=True)


@pytest.mark.parametrize(
    ("interval", "unit", "text"),
    [
        (Interval(0.952, 0.941, 0.9621), "1", "95.2 % (94.1 % to 96.2 %)"),
        (Interval(0.1234, 0.1, 0.15), "m", "0.1234 m (0.1 m to 0.15 m)"),
        (Interval(0.5, -math.inf, math.inf), "1", "not known"),
        (Interval(math.nan, -math.inf, math.inf), "1", "not known"),
    ],
)
def test_an_interval_is_spelled_with_its_ends(interval, unit, text):
    assert interval.spelled(unit) == text
