"""Lane keeping: the same seed gives the same drives, the teacher keeps the lane, and a bad answer is only bad."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from assess.measure.tasks.lane_keeping import (
    CAP_M,
    EPISODE_STEPS,
    FRAME_SHAPE,
    LANE_KEEPING,
    STEERING_LIMIT_RAD,
    TRACKS,
    TRAINING_TRACKS,
    Car,
    draw_episode,
    evaluate,
    load_track,
)
from assess.measure.tasks.task import Arrays, Scores

pytest.importorskip("highway_env")
pytestmark = pytest.mark.slow

SEED = 15_000


class Always:
    """A model that gives one answer."""

    def __init__(self, steering_rad: float) -> None:
        self.steering_rad = steering_rad
        self.frames: list[Arrays] = []

    def __call__(self, inputs: Arrays) -> Arrays:
        self.frames.append(inputs)
        return {"steering": np.full((1, 1), self.steering_rad, np.float32)}

    def reset(self) -> None:
        pass


def scores(steering_rad: float, count: int = 4) -> Scores:
    return evaluate(Always(steering_rad), None, SEED, count, lambda share: None)


def car(index: int = 0) -> Car:
    return Car(draw_episode(np.random.Generator(np.random.PCG64((SEED, index)))))


def mean_error_m(index: int, steer: Callable[[Car], float]) -> float:
    driven, errors = car(index), []
    for _ in range(EPISODE_STEPS):
        driven.drive(steer(driven))
        errors.append(abs(driven.offset_m))
    return float(np.mean(errors))


def test_the_same_seed_gives_the_same_frames_and_scores() -> None:
    first, second = Always(0.01), Always(0.01)
    assert evaluate(first, None, SEED, 2, print) == evaluate(second, None, SEED, 2, print)
    assert all(np.array_equal(a["frame"], b["frame"]) for a, b in zip(first.frames, second.frames, strict=True))


def test_another_seed_gives_other_episodes() -> None:
    assert scores(0.0).teacher != evaluate(Always(0.0), None, SEED + 1, 4, print).teacher


def test_a_frame_is_grey_between_0_and_1() -> None:
    frame = car().frame()
    assert frame.shape == (1, 1, *FRAME_SHAPE)
    assert frame.dtype == np.float32
    assert 0.0 <= frame.min() < frame.max() <= 1.0


def test_the_teacher_stays_within_a_quarter_of_a_metre_and_a_fixed_wheel_leaves_the_lane() -> None:
    found = scores(0.0, 16)
    assert max(found.teacher) < 0.25
    assert np.mean(found.teacher) == pytest.approx(0.138, abs=0.001)
    assert np.mean(found.chance) == pytest.approx(2.306, abs=0.001)


def test_a_wheel_that_is_held_straight_scores_chance() -> None:
    found = scores(0.0)
    assert found.model == found.chance


def test_steering_as_the_teacher_scores_as_the_teacher() -> None:
    found = scores(0.0)
    driven = [mean_error_m(index, lambda one: one.teacher_steering_rad()) for index in range(4)]
    assert driven == pytest.approx(found.teacher)


@pytest.mark.parametrize("answer", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_no_number_lets_go_of_the_wheel(answer: float) -> None:
    found = scores(answer)
    assert found.model == (CAP_M,) * 4
    assert found.agreement == (0.0,) * 4


def test_more_than_full_lock_is_full_lock() -> None:
    assert scores(100.0).model == scores(STEERING_LIMIT_RAD).model


def test_each_track_has_two_lanes_or_three_and_one_is_kept_from_training() -> None:
    assert [len(load_track(name).lanes) for name in TRACKS] == [2, 3, 3]
    assert set(TRACKS) - set(TRAINING_TRACKS) == {"RacetrackEnvOval"}


def test_the_centre_of_the_lane_is_asphalt_between_two_lines() -> None:
    track = load_track("RacetrackEnv")
    segment = track.lanes[0][0]
    levels = []
    for lateral in (-2.5, 0.0):
        cells = [tuple(((segment.position(at, lateral) - track.origin) / 0.1).astype(int)) for at in range(5, 50)]
        levels.append(np.mean([track.ground[y, x] for x, y in cells]))
    assert levels[0] > levels[1] + 0.1


def test_nothing_is_asked_of_no_episodes() -> None:
    assert scores(0.0, 0) == Scores((), (), (), ())


def test_the_task_says_what_it_needs() -> None:
    assert LANE_KEEPING.needs == ("highway-env",)
    assert not LANE_KEEPING.higher_is_better
