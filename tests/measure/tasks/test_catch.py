"""Catching what falls: episodes are repeatable, the search plays well, and scores are what their definitions say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure.tasks.catch import (
    ACTIONS,
    COAST,
    POSITIONS,
    SIZE,
    STEPS,
    TOP_SPEED,
    action_values,
    episode,
    evaluate,
    move,
    screens,
)
from assess.measure.tasks.task import Arrays, Scores

SEED = 30_000
LEFT, RIGHT = 0, 2
STILL = TOP_SPEED


class Told:
    """A model whose answer is what a function makes of the frames."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self._answer = answer
        self.resets = 0

    def __call__(self, inputs: Arrays) -> Arrays:
        return {"actions": self._answer(inputs["frames"])}

    def reset(self) -> None:
        self.resets += 1


class Perfect:
    """Knows the episodes, and says what the search would do."""

    def __init__(self) -> None:
        self._index = -1

    def reset(self) -> None:
        self._index += 1
        self._game, self._step = episode(SEED, self._index), -1
        self._values = action_values(self._game.seen)

    def __call__(self, inputs: Arrays) -> Arrays:
        self._step += 1
        before, now = (int(np.flatnonzero(frame[-1])[0]) for frame in inputs["frames"][0])
        if self._step == 0:
            self._speed = STILL
        else:
            _, self._speed = (int(each) for each in move(before, self._speed, self._action, self._slipped))
        values = self._values[self._step, now, self._speed]
        self._action, self._slipped = int(np.argmax(values)), self._game.slips[self._step]
        return {"actions": values[None]}


def scored(answer: Callable[[Any], Any], count: int = 3) -> Scores:
    return evaluate(Told(answer), None, SEED, count, lambda share: None)


def always(action: int) -> Callable[[Any], Any]:
    return lambda frames: np.eye(ACTIONS, dtype=np.float32)[[action]]


def after(position: int, speed: int, action: int, slips: bool = False) -> tuple[int, int]:
    """Where the pad is, and how fast, in cells a step."""
    there, fast = move(np.array(position), np.array(speed + TOP_SPEED), np.array(action), np.array(slips))
    return int(there), int(fast) - TOP_SPEED


def test_the_same_seed_gives_the_same_episodes() -> None:
    first, again, other = episode(SEED, 0), episode(SEED, 0), episode(SEED, 1)
    for name in ("falls", "points", "seen", "slips"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.falls, other.falls)
    assert [episode(SEED, index).start for index in range(4)] == [5, 11, 4, 8]


def test_the_pad_has_momentum() -> None:
    assert after(10, 0, RIGHT) == (11, 1)
    assert after(11, 1, RIGHT) == (13, 2)
    assert after(13, 2, RIGHT) == (15, 2)
    assert after(15, 2, LEFT) == (16, 1)
    assert after(16, 1, COAST) == (17, 1)


def test_a_pad_that_slips_coasts() -> None:
    assert after(10, 1, LEFT, slips=True) == after(10, 1, COAST) == (11, 1)


def test_a_wall_takes_all_speed() -> None:
    assert after(1, -2, COAST) == (0, 0)
    assert after(POSITIONS - 1, 0, RIGHT) == (POSITIONS - 1, 0)


def test_screens_show_the_pad_before_and_now() -> None:
    game = episode(SEED, 0)
    frames = screens(game.falls, np.array(7), np.array(3), np.array(5))
    assert frames.shape == (2, SIZE, SIZE)
    assert frames.dtype == np.float32
    assert [list(np.flatnonzero(frame[-1])) for frame in frames] == [[3, 4, 5, 6, 7], [5, 6, 7, 8, 9]]
    assert np.array_equal(frames[:, :-2], game.falls[6:8, :-2] / 4)
    assert frames.min() == 0.0
    assert frames.max() == 1.0


def test_the_first_step_shows_the_same_screen_twice() -> None:
    falls = np.concatenate([episode(SEED, 0).falls, episode(SEED, 1).falls])
    for step in (0, STEPS + 1):
        frames = screens(falls, np.array(step), np.array(4), np.array(4))
        assert np.array_equal(frames[0], frames[1])
        assert np.array_equal(frames[0, :-2], falls[step, :-2] / 4)


def test_the_search_goes_where_a_coin_will_land() -> None:
    seen = np.zeros((1, 20, POSITIONS))
    seen[0, 0, 11] = 1.0  # In one step, only at 11.
    values = action_values(seen)[0, 10, STILL]
    assert int(np.argmax(values)) == RIGHT
    # Nine times out of ten the pad answers; what is left is to prefer the middle and to move little.
    assert values[RIGHT] - values[LEFT] == pytest.approx(0.9, abs=0.02)


def test_the_search_leaves_where_a_bomb_will_land() -> None:
    seen = np.zeros((1, 20, POSITIONS))
    seen[0, 0, 10] = -2.0
    assert int(np.argmin(action_values(seen)[0, 10, STILL])) == COAST


def test_the_search_beats_a_still_pad_by_points() -> None:
    scores = scored(always(COAST), count=20)
    assert np.mean(scores.teacher) == pytest.approx(18.95)
    assert np.mean(scores.chance) == pytest.approx(1.4)


def test_a_perfect_model_scores_what_the_search_does() -> None:
    scores = evaluate(Perfect(), None, SEED, 3, lambda share: None)
    assert scores.model == scores.teacher == (18.0, 31.0, 8.0)
    assert scores.agreement == (1.0, 1.0, 1.0)


def test_a_constant_model_scores_chance() -> None:
    scores = scored(always(COAST))
    assert scores.model == scores.chance
    assert all(0.0 < each < 1.0 for each in scores.agreement)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number_lets_the_pad_coast_and_agrees_with_nothing(value: float) -> None:
    answer = np.array([[0.0, value, 1.0]], dtype=np.float32)
    scores = scored(lambda frames: answer)
    assert scores.model == scores.chance
    assert scores.agreement == (0.0, 0.0, 0.0)


def test_a_model_begins_each_episode_anew() -> None:
    model = Told(always(LEFT))
    shares: list[float] = []
    evaluate(model, None, SEED, 2, shares.append)
    assert model.resets == 2
    assert shares == [0.5, 1.0]


def test_another_number_of_logits_is_refused() -> None:
    with pytest.raises(AssessError, match="2 numbers"):
        scored(lambda frames: np.zeros((1, 2)))


def test_no_episodes_give_no_scores() -> None:
    assert scored(always(COAST), count=0) == Scores((), (), (), ())


def test_what_falls_is_the_same_whatever_the_player_does() -> None:
    assert scored(always(LEFT)).chance == scored(always(RIGHT)).chance
