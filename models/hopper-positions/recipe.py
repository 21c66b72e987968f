"""Students that hop without measured velocities: recurrent networks that remember what a teacher sees at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.distill.search import DIRECTIONS, Many, search
from assess.measure.tasks.hopper import LENGTH, POSITIONS, Floats, Hoppers, Policy, hop, plan, teacher
from assess.measure.tasks.task import Arrays

#: Of the state that is carried, in every size: one loop on the device serves all three. Smaller students use its
#: first units, the others stay zero.
_STATE = 32
_SEEN = len(POSITIONS)
#: Dataset aggregation (Ross, Gordon, Bagnell 2011): first the teacher acts, then the student; the teacher labels all.
_ROUNDS = 7
_EPISODES = 32
_STEPS = 100
_BATCH = 128
#: Gradients reach back so many actions, 0.6 s; what was before comes as a state.
_REACH = 40
#: As many actions as all rounds have at most.
_ACTIONS = _ROUNDS * _EPISODES * LENGTH
#: The teacher's torques are disturbed for its data to hold ways back.
_DISTURBANCE = 0.3


class Student(nn.Module):
    """A gated recurrent unit (Cho et al. 2014) and a linear layer, 3.9 k parameters at full width.

    The cell is written out for the file to have plain operators; sequences go through PyTorch's own, which is faster
    and has the same weights.
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units
        self.cell = nn.GRU(_SEEN, units)
        self.torque = nn.Linear(units, 3)

    def forward(self, positions: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Torques and the next state, from positions (1, 6) and state (1, 32)."""
        before = state[:, : self.units] if self.units < _STATE else state
        of_seen, of_kept, offset_seen, offset_kept = self.cell.all_weights[0]
        seen = functional.linear(positions, of_seen, offset_seen)
        kept = functional.linear(before, of_kept, offset_kept)
        seen_reset, seen_update, seen_new = seen.split(self.units, 1)
        kept_reset, kept_update, kept_new = kept.split(self.units, 1)
        update = torch.sigmoid(seen_update + kept_update)
        new = torch.tanh(seen_new + torch.sigmoid(seen_reset + kept_reset) * kept_new)
        after = new + update * (before - new)
        if self.units == _STATE:
            return self.torque(after), after
        return self.torque(after), torch.cat([after, state.new_zeros((1, _STATE - self.units))], 1)

    def along(self, positions: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Torques and states after each of a sequence: positions (time, batch, 6), state (batch, units)."""
        states, _ = self.cell(positions, state[None])
        return self.torque(states), states


class Shown:
    """Episodes to learn from: positions, the teacher's torques, and whether the hopper was still upright."""

    def __init__(self, policy: Policy, seed: int) -> None:
        seen, wanted, upright = [], [], []

        def act(hoppers: Hoppers) -> Floats:
            seen.append(hoppers.observed()[:, POSITIONS])
            wanted.append(teacher(hoppers))
            upright.append(hoppers.upright.copy())
            return policy(hoppers)

        hop(plan(seed, _EPISODES), act, threads=2)
        self.seen, self.wanted = _whole(seen), _whole(wanted)
        self.upright = _whole([each[:, None].astype(np.float64) for each in upright])


def _whole(rows: list[Floats]) -> torch.Tensor:
    """As (time, episode, numbers), with zeros after the last one has fallen."""
    found = np.zeros((LENGTH, *rows[0].shape), dtype=np.float32)
    found[: len(rows)] = rows
    return torch.from_numpy(found)


def student(width: float) -> nn.Module:
    """A student with so many of 32 units."""
    return Student(round(_STATE * width))


def learn(lesson: Lesson) -> None:
    """Train a student: by the teacher's torques wherever it gets to, or without by random search."""
    assert isinstance(lesson.student, Student)
    torch.set_num_threads(1)  # Layers this small are slower when they are shared between threads.
    if lesson.taught:
        _imitate(lesson, lesson.student)
    else:
        _search(lesson)


def _imitate(lesson: Lesson, network: Student) -> None:
    shown = [_first()]
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _ROUNDS * _STEPS)
    draw = torch.Generator().manual_seed(lesson.seed)
    for turn in range(_ROUNDS):
        if turn:
            shown.append(Shown(_acting(network), 1000 + 100 * lesson.seed + turn))
        seen, wanted, upright = (
            torch.cat([getattr(each, name) for each in shown], 1) for name in ("seen", "wanted", "upright")
        )
        for step in range(_STEPS):
            if step % 50 == 0:  # States age as weights change.
                with torch.no_grad():
                    _, states = network.along(seen, seen.new_zeros((seen.shape[1], network.units)))
                states = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
            episode = torch.randint(seen.shape[1], (_BATCH,), generator=draw)
            begin = torch.randint(LENGTH - _REACH + 1, (_BATCH,), generator=draw)
            time = begin + torch.arange(_REACH)[:, None]
            torque, _ = network.along(seen[time, episode], states[begin, episode])
            counts = upright[time, episode]
            loss = ((torque - wanted[time, episode]) ** 2 * counts).sum() / counts.sum().clamp(min=1.0)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        lesson.tell((turn + 1) / _ROUNDS)


def _acting(network: Student) -> Policy:
    state = torch.zeros((_EPISODES, network.units))

    def act(hoppers: Hoppers) -> Floats:
        nonlocal state
        seen = torch.as_tensor(hoppers.observed()[None, :, POSITIONS], dtype=torch.float32)
        with torch.no_grad():
            torque, states = network.along(seen, state)
        state = states[0]
        found: Floats = torque[0].numpy().astype(np.float64)
        return found

    return act


@cache
def _first() -> Shown:
    """The first round: the teacher acts, disturbed."""
    draw = np.random.Generator(np.random.PCG64(1))
    return Shown(lambda hoppers: teacher(hoppers) + draw.normal(0, _DISTURBANCE, (_EPISODES, 3)), 1)


def _search(lesson: Lesson) -> None:
    seed = 5000 + 1000 * lesson.seed

    def trial(many: Many) -> tuple[Floats, int]:
        nonlocal seed
        seed += 1
        state = torch.zeros((2 * DIRECTIONS, _STATE))

        def act(hoppers: Hoppers) -> Floats:
            nonlocal state
            torque, after = many(torch.as_tensor(hoppers.observed()[:, POSITIONS], dtype=torch.float32), state)
            state = after[:, 0]
            found: Floats = torque[:, 0].numpy().astype(np.float64)
            return found

        # One episode for all: they differ by their parameters only.
        points, steps = hop(plan(seed, 1).repeated(2 * DIRECTIONS), act, threads=2)
        return points, int(steps.sum())

    search(lesson.student, trial, _ACTIONS, lesson.seed, lesson.tell)


def _calibration(seed: int) -> Iterator[Arrays]:
    """Positions along the teacher's way; states from all that a cell can be in, since no student is known here."""
    draw = np.random.Generator(np.random.PCG64(seed))
    seen = _first().seen[_first().upright[:, :, 0] > 0]
    for one in seen[:: max(1, len(seen) // 300)]:
        yield {"positions": one[None].numpy(), "state": draw.uniform(-1, 1, (1, _STATE)).astype(np.float32)}


RECIPE = Recipe(
    task="hopper-positions",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=student,
    learn=learn,
    teacher=None,  # The task holds it.
    teach=None,
    inputs={"positions": (1, _SEEN), "state": (1, _STATE)},
    outputs=("torque", "next_state"),
    states={"next_state": "state"},
    calibration=_calibration,
)
