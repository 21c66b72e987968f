"""Students that hop at a commanded speed: small networks that ask the teacher what it would do where they get to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from torch import nn

from assess.distill.recipe import Lesson, Recipe, Size
from assess.distill.search import DIRECTIONS, Many, search
from assess.measure.tasks.hopper import LENGTH, Floats, Hoppers, Policy, hop, plan, teacher
from assess.measure.tasks.task import Arrays

_HIDDEN = 24
#: Dataset aggregation (Ross, Gordon, Bagnell 2011): first the teacher acts, then the student; the teacher labels all.
_ROUNDS = 6
_EPISODES = 24
_STEPS = 500
_BATCH = 256
#: As many actions as all rounds have at most.
_ACTIONS = _ROUNDS * _EPISODES * LENGTH
#: The teacher's torques are disturbed for its data to hold ways back.
_DISTURBANCE = 0.3


def student(width: float) -> nn.Module:
    """Two hidden layers, 1.0 k parameters at full width."""
    hidden = round(_HIDDEN * width)
    return nn.Sequential(
        nn.Linear(12, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 3)
    )  # fmt: skip


def learn(lesson: Lesson) -> None:
    """Train a student: by the teacher's torques wherever it gets to, or without by random search."""
    torch.set_num_threads(1)  # Layers this small are slower when they are shared between threads.
    if lesson.taught:
        _imitate(lesson)
    else:
        _search(lesson)


def _imitate(lesson: Lesson) -> None:
    network = lesson.student
    observed, wanted = _shown()
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _ROUNDS * _STEPS)
    draw = torch.Generator().manual_seed(lesson.seed)
    for turn in range(_ROUNDS):
        if turn:
            more = _visited(lambda hoppers: _act(network, hoppers), 1000 + 100 * lesson.seed + turn)
            observed, wanted = torch.cat([observed, more[0]]), torch.cat([wanted, more[1]])
        for _ in range(_STEPS):
            at = torch.randint(len(observed), (_BATCH,), generator=draw)
            optimiser.zero_grad()
            nn.functional.mse_loss(network(observed[at]), wanted[at]).backward()
            optimiser.step()
            schedule.step()
        lesson.tell((turn + 1) / _ROUNDS)


def _act(network: nn.Module, hoppers: Hoppers) -> Floats:
    with torch.no_grad():
        found: Floats = network(torch.as_tensor(hoppers.observed(), dtype=torch.float32)).numpy().astype(np.float64)
    return found


def _visited(policy: Policy, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where a policy gets to, and what the teacher would do there."""
    observed, wanted = [], []

    def act(hoppers: Hoppers) -> Floats:
        observed.append(hoppers.observed()[hoppers.upright])
        wanted.append(teacher(hoppers)[hoppers.upright])
        return policy(hoppers)

    hop(plan(seed, _EPISODES), act, threads=2)
    return _rows(observed), _rows(wanted)


def _rows(parts: list[Floats]) -> torch.Tensor:
    return torch.as_tensor(np.concatenate(parts), dtype=torch.float32)


@cache
def _shown() -> tuple[torch.Tensor, torch.Tensor]:
    """The first round: the teacher acts, disturbed."""
    draw = np.random.Generator(np.random.PCG64(1))
    return _visited(lambda hoppers: teacher(hoppers) + draw.normal(0, _DISTURBANCE, (_EPISODES, 3)), 1)


def _search(lesson: Lesson) -> None:
    seed = 5000 + 1000 * lesson.seed

    def trial(many: Many) -> tuple[Floats, int]:
        nonlocal seed
        seed += 1
        # One episode for all: they differ by their parameters only.
        episodes = plan(seed, 1).repeated(2 * DIRECTIONS)
        points, steps = hop(episodes, lambda hoppers: _answers(many, hoppers), threads=2)
        return points, int(steps.sum())

    search(lesson.student, trial, _ACTIONS, lesson.seed, lesson.tell)


def _answers(many: Many, hoppers: Hoppers) -> Floats:
    found: Floats = many(torch.as_tensor(hoppers.observed(), dtype=torch.float32))[:, 0].numpy().astype(np.float64)
    return found


def _calibration(_seed: int) -> Iterator[Arrays]:
    observed, _ = _shown()
    return ({"observation": one[None].numpy()} for one in observed[:: max(1, len(observed) // 300)])


RECIPE = Recipe(
    task="hopper-speed",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=student,
    learn=learn,
    teacher=None,  # The task holds it.
    teach=None,
    inputs={"observation": (1, 12)},
    outputs=("torque",),
    calibration=_calibration,
)
