"""The hopper's tasks: the same episodes from the same seed, a teacher far from chance, no crash on bad torques."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from assess.measure.tasks.hopper import HOPPER_POSITIONS, HOPPER_SPEED, LENGTH, Hoppers, hop, plan, teacher

_SEED = 19_000  # Not the evaluation's, which begin at 20,000.


class Constant:
    """A model that always answers the same."""

    def __init__(self, torque: float) -> None:
        self.torque = torque
        self.seen: list[dict[str, Any]] = []
        self.resets = 0

    def __call__(self, inputs: Any) -> dict[str, Any]:
        self.seen.append(dict(inputs))
        return {"torque": np.full((1, 3), self.torque, np.float32)}

    def reset(self) -> None:
        self.resets += 1


def _simulator() -> None:
    pytest.importorskip("mujoco")
    pytest.importorskip("gymnasium")


def test_the_same_seed_draws_the_same_episodes_and_another_one_others() -> None:
    first, again, other = plan(1, 3), plan(1, 3), plan(2, 3)
    for each in fields(first):
        assert np.array_equal(getattr(first, each.name), getattr(again, each.name))
        assert not np.array_equal(getattr(first, each.name), getattr(other, each.name))


def test_an_episode_has_three_pushes_of_five_actions_and_a_command_within_its_range() -> None:
    episodes = plan(3, 50)
    assert episodes.push.shape == episodes.command.shape == (50, LENGTH)
    assert np.abs(episodes.push).max() <= 2 * 100.0  # Two may overlap.
    assert ((episodes.push != 0).sum(1) <= 15).all()
    assert episodes.command.min() >= 0.5
    assert episodes.command.max() <= 2.0


def test_the_teacher_is_far_from_chance() -> None:
    _simulator()
    taught, steps = hop(plan(_SEED, 24), teacher)
    limp, fallen = hop(plan(_SEED, 24), lambda hoppers: np.zeros((24, 3)))
    assert taught.mean() > 75.0
    assert limp.mean() < 12.0
    assert fallen.max() < LENGTH / 3
    assert steps.mean() > 2 * LENGTH / 3


def test_a_constant_model_scores_chance_and_is_reset_for_each_episode() -> None:
    _simulator()
    model = Constant(0.0)
    scores = HOPPER_SPEED.evaluate(model, None, _SEED, 3, lambda share: None)
    assert scores.model == pytest.approx(scores.chance)
    assert model.resets == 3
    assert model.seen[0]["observation"].shape == (1, 12)
    assert model.seen[0]["observation"].dtype == np.float32


def test_without_velocities_six_numbers_are_left() -> None:
    _simulator()
    model = Constant(0.0)
    HOPPER_POSITIONS.evaluate(model, None, _SEED, 1, lambda share: None)
    hoppers = Hoppers(plan(_SEED, 1))
    assert model.seen[0]["positions"].tolist() == pytest.approx(hoppers.observed()[:, [0, 1, 2, 3, 4, 11]])


def test_torques_that_are_no_numbers_end_the_episode_without_points() -> None:
    _simulator()
    scores = HOPPER_SPEED.evaluate(Constant(float("nan")), None, _SEED, 2, lambda share: None)
    assert scores.model == (0.0, 0.0)
    assert scores.agreement == (0.0, 0.0)
    assert np.isfinite(scores.teacher).all()


def test_one_that_does_what_the_teacher_does_scores_what_it_does() -> None:
    _simulator()
    episodes = plan(_SEED, 2)
    together, _ = hop(episodes, teacher)
    alone = [float(hop(episodes.row(index), teacher)[0][0]) for index in range(2)]
    assert together.tolist() == pytest.approx(alone)
