"""Levels are found where they are, soon after they begin, and hardly ever where there are none."""

import random
import subprocess
import sys

import pytest

from assess.project.change_points import MOST, Level, levels, obstacle


def noise(draw, count, level, *, spread=0.01, outliers=0.0):
    """Values about a level; a share of them is a third slower."""
    return [
        level * draw.gauss(1.0, spread) * (4 / 3 if draw.random() < outliers else 1.0) for _ in range(count)
    ]  # fmt: skip


def test_of_nothing_there_is_no_level_and_of_few_values_there_is_one():
    assert levels([]) == ()
    assert levels([2.0]) == (Level(0, 0, 2.0, None),)
    assert levels([1.0, 1.0, 9.0, 9.0, 9.0]) == (Level(0, 4, 9.0, None),)
    assert levels([3.0] * 100) == (Level(0, 99, 3.0, None),)


def test_values_without_noise_change_their_level_with_every_change():
    assert levels([4.0, 4.0, 5.0, 4.0, 4.0], exact=True) == (
        Level(0, 1, 4.0, None), Level(2, 2, 5.0, 0.25), Level(3, 4, 4.0, pytest.approx(-0.2)),
    )  # fmt: skip
    assert levels([0.0, 3.0], exact=True) == (Level(0, 0, 0.0, None), Level(1, 1, 3.0, None))


def test_levels_are_found_with_their_first_run_and_their_change():
    draw = random.Random(1)
    steps = ((100, 1.0), (120, 1.05), (80, 0.98), (200, 1.2))
    values = [value for count, level in steps for value in noise(draw, count, level)]
    found = levels(values)
    assert [each.first for each in found] == [0, 100, 220, 300]
    assert [each.last for each in found] == [99, 219, 299, 499]
    assert [round(each.median, 2) for each in found] == [1.0, 1.05, 0.98, 1.2]
    assert [round(each.change, 2) for each in found[1:]] == [0.05, -0.07, 0.23]
    assert found == levels(values)  # The shufflings are the same each time.


@pytest.mark.slow
@pytest.mark.parametrize(("outliers", "found"), [(0.0, 10), (0.05, 6)])
def test_an_unchanged_series_is_split_once_in_a_hundred_times_whatever_single_runs_do(outliers, found):
    draw = random.Random(2)
    split = sum(len(levels(noise(draw, 60, 1.0, outliers=outliers))) > 1 for _ in range(1000))
    assert split == pytest.approx(found, abs=4)  # Another release of numpy may shuffle otherwise.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "spread", "found"),
    [
        (10, 3, 0.01, 0), (10, 5, 0.01, 94), (15, 3, 0.01, 95), (30, 3, 0.01, 99), (30, 10, 0.01, 99),
        (60, 5, 0.02, 85), (60, 5, 0.03, 36), (60, 20, 0.03, 87),
    ],
)  # fmt: skip
def test_a_slowdown_of_5_percent_is_found_within_a_few_runs(before, after, spread, found):
    draw, right = random.Random(4), 0
    for _ in range(100):
        seen = levels(noise(draw, before, 1.0, spread=spread) + noise(draw, after, 1.05, spread=spread))
        right += len(seen) == 2 and abs(seen[1].first - before) <= (2 if spread > 0.01 else 0)
    assert right == pytest.approx(found, abs=3)


def test_a_change_that_is_small_beside_another_is_found_too():
    draw = random.Random(5)
    found = levels(noise(draw, 50, 1.0) + noise(draw, 50, 1.03) + noise(draw, 50, 100.0))
    assert [each.first for each in found] == [0, 50, 100]


def test_the_scale_and_the_sign_of_values_do_not_matter():
    draw = random.Random(6)
    values = noise(draw, 30, 1.0) + noise(draw, 30, 1.1)
    for factor in (1e-9, 1e12, -1.0):
        assert [each.first for each in levels([factor * value for value in values])] == [0, 30]


def test_more_values_than_are_searched_are_refused():
    assert len(levels([1.0] * MOST)) == 1
    with pytest.raises(ValueError, match="501 values are more than 500"):
        levels([1.0] * (MOST + 1))


def test_nothing_heavy_is_imported_before_values_are_searched():
    program = (
        "import sys\nfrom assess.project.change_points import levels, obstacle\nobstacle(); levels([1.0, 2.0])\n"
        "levels([1.0] * 50); levels([1.0, 2.0] * 9, exact=True)\n"
        "sys.exit(bool({'ruptures', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_without_ruptures_it_is_told_what_to_install(monkeypatch):
    assert obstacle() == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert obstacle() == 'ruptures is not installed: pip install "assess[history]"'
