"""Road occupancy: scenes are repeatable and seen as a camera sees them; grids score what their definition says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure.tasks import find_task
from assess.measure.tasks.road_occupancy import (
    ROAD_OCCUPANCY,
    evaluate,
    frame,
    frames,
    in_sight,
    intersection_over_union,
    occupied,
)
from assess.measure.tasks.road_scene import Floats, Light, Road, Vehicle, render
from assess.measure.tasks.task import Arrays, Scores

SEED, COUNT = 30_000, 20
FREE = np.full((1, 1, 12, 16), -1.0, dtype=np.float32)
CAR = Vehicle(x=0.5, z=15.0, yaw=0.0, width=2.0, length=4.0, height=1.5, cabin=True, paint=0.5)


#: Level, clear, no sun, and no noise: what is seen is what is there.
LIGHT = Light(1.0, 0.0, np.array([0.0, 1.0, 0.0], dtype=np.float32), 0.0, 0.0, 0.0, 17.0)
ROAD = Road(-1.75, 0.0, 0.0, 2, 3.5)


class Telling:
    """A model whose answer is what a function makes of the frame."""

    def __init__(self, answer: Callable[[Floats], Any]) -> None:
        self._answer = answer

    def __call__(self, inputs: Arrays) -> Arrays:
        assert inputs["frame"].shape == (1, 1, 48, 96)
        return {"occupancy": self._answer(inputs["frame"])}

    def reset(self) -> None:
        """Each frame stands alone."""


def perfect() -> Callable[[Floats], Floats]:
    """Says the grids in turn, as one who knows them."""
    grids = iter(frames(SEED, COUNT)[1])
    return lambda shown: 2.0 * next(grids)[None] - 1.0


def scored(model: Callable[[Floats], Any], teacher: Callable[[Floats], Any]) -> Scores:
    return evaluate(Telling(model), Telling(teacher), SEED, COUNT, lambda share: None)


def constant(value: float) -> Callable[[Floats], Floats]:
    return lambda shown: np.full((1, 1, 12, 16), value, dtype=np.float32)


def test_a_seed_gives_the_same_frames() -> None:
    shown, grids = frames(SEED, 20)
    assert (shown.dtype, shown.shape) == (np.float32, (20, 1, 48, 96))
    assert (grids.dtype, grids.shape) == (np.float32, (20, 1, 12, 16))
    assert np.array_equal(shown[7:8], frame(SEED, 7)[0])
    assert not np.array_equal(shown[0], shown[1])
    assert not np.array_equal(shown[:1], frame(SEED + 1, 0)[0])
    # Not bit for bit: the last bits of sines are not the same on every machine.
    assert (int(grids.sum()), float(shown.mean())) == (230, pytest.approx(0.34868, abs=1e-4))


def test_frames_are_grey_and_grids_are_yes_or_no() -> None:
    shown, grids = frames(SEED, COUNT)
    assert 0.0 <= shown.min() < 0.1
    assert 0.6 < shown.max() <= 1.0
    assert set(np.unique(grids)) == {0.0, 1.0}
    assert 0.03 < grids.mean() < 0.08


def test_a_car_ahead_occupies_the_cells_below_it() -> None:
    # From -0.5 m to 1.5 m across and 13 m to 17 m ahead: half of a cell is covered at each end.
    grid = occupied([CAR])[0, 0]
    assert np.argwhere(grid).tolist() == [[row, column] for row in (4, 5, 6) for column in (7, 8, 9)]


def test_a_car_across_is_wide_and_short() -> None:
    grid = occupied([replace(CAR, yaw=np.pi / 2, x=0.0)])[0, 0]
    assert np.argwhere(grid).tolist() == [[5, column] for column in (6, 7, 8, 9)]


def test_a_cell_that_is_grazed_is_free() -> None:
    # Nothing but the last 0.2 m of its length is in the nearest row of cells, a tenth of one.
    assert occupied([replace(CAR, z=2.2)]).sum() == 0.0
    assert occupied([]).sum() == 0.0


def seen(*vehicles: Vehicle) -> tuple[Floats, list[bool]]:
    """What the camera sees of vehicles on the same road: the same seed draws it."""
    return render(np.random.Generator(np.random.PCG64(5)), ROAD, LIGHT, list(vehicles))


def test_a_car_is_seen_where_a_pinhole_camera_sees_it() -> None:
    changed = np.abs(seen(CAR)[0] - seen()[0]) > 1e-4
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    # Its rear is 13 m ahead, from 0.5 m left of the middle to 1.5 m right of it.
    left, right = 48.0 + 57.2 / 13.0 * np.array([-0.5, 1.5])
    assert columns[0] == pytest.approx(left, abs=1.0)
    assert columns[-1] + 1 == pytest.approx(right, abs=1.0)
    assert rows[-1] + 1 == pytest.approx(17.0 + 57.2 * 1.4 / 13.0, abs=1.0)
    # Of its roof, at 1.5 m, 0.1 m is above the camera, and nearest at the cabin's rear, 13.9 m ahead.
    assert rows[0] == pytest.approx(17.0 - 57.2 * 0.1 / 13.9, abs=1.0)


def test_a_car_behind_a_lorry_is_not_asked_for() -> None:
    lorry = replace(CAR, z=10.0, width=2.5, length=6.0, height=3.0, cabin=False)
    far = replace(CAR, z=25.0)
    assert seen(far)[1] == [True]
    assert seen(lorry, far)[1] == seen(far, lorry)[1][::-1] == [True, False]
    assert seen(lorry, replace(far, x=8.0))[1] == [True, True]


def test_a_car_beside_the_frame_is_not_asked_for() -> None:
    assert seen(replace(CAR, x=7.0, z=4.0))[1] == [False]


def test_cells_beside_the_camera_are_not_in_sight() -> None:
    sight = in_sight()
    assert sight.sum() == 180
    assert sight[3:].all()
    assert np.flatnonzero(sight[0]).tolist() == list(range(4, 12))


def test_intersection_over_union_of_grids_that_are_half_right() -> None:
    one, other = np.array([True, True, False]), np.array([True, False, True])
    assert intersection_over_union(one, other) == pytest.approx(1 / 3)
    assert intersection_over_union(one, one) == intersection_over_union(~one & one, ~one & one) == 1.0
    assert intersection_over_union(~one & one, one) == 0.0


def test_a_model_that_knows_the_grids_scores_one() -> None:
    scores = scored(perfect(), perfect())
    assert set(scores.model) == set(scores.teacher) == set(scores.agreement) == {1.0}


def test_a_free_road_scores_chance_one_where_it_is_free() -> None:
    scores = scored(constant(-1.0), perfect())
    assert scores.model == scores.chance
    assert set(scores.chance) == {0.0, 1.0}
    assert 0.05 < np.mean(scores.chance) < 0.3
    assert 0.9 < np.mean(scores.agreement) < 0.97


def test_no_constant_grid_of_often_occupied_cells_beats_a_free_road() -> None:
    _, grids = frames(1, 100)
    often = grids.mean(axis=(0, 1))
    wanted = [grid[0] > 0.5 for grid in grids]
    free, *others = (
        np.mean([intersection_over_union(often > share, grid) for grid in wanted]) for share in (1.0, 0.05, 0.08, 0.12)
    )
    assert free > 1.5 * max(others)


def test_calling_all_cells_occupied_scores_their_share() -> None:
    scores = scored(constant(1.0), perfect())
    shares = [float(grid[0][in_sight()].mean()) for grid in frames(SEED, COUNT)[1]]
    assert scores.model == pytest.approx(shares)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_wrong(value: float) -> None:
    scores = scored(constant(value), constant(value))
    assert set(scores.model) == set(scores.teacher) == set(scores.agreement) == {0.0}


def test_one_cell_that_is_no_number_costs_that_cell_only() -> None:
    known = perfect()

    def answer(shown: Floats) -> Floats:
        told = known(shown)
        told[0, 0, 0, 8] = np.nan
        return told

    scores = scored(answer, perfect())
    assert set(np.round(scores.agreement, 9)) == {round(179 / 180, 9)}
    assert all(np.isfinite(scores.model))


def test_another_shape_is_refused() -> None:
    with pytest.raises(AssessError, match=r"has shape \(1, 1, 48, 96\)"):
        scored(lambda shown: shown, perfect())


def test_without_a_teacher_nothing_is_scored() -> None:
    with pytest.raises(AssessError, match="none was given"):
        ROAD_OCCUPANCY.evaluate(Telling(constant(0.0)), None, SEED, 1, lambda share: None)


def test_it_is_found_by_its_id() -> None:
    assert find_task("road-occupancy") is ROAD_OCCUPANCY
