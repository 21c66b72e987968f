"""How catch agents are made: small networks that see pixels learn from a search that sees the game itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks import catch
from assess.measure.tasks.task import Arrays, TellShare

#: Of the episodes to learn from and to calibrate with; below 20 000, where those to be judged on begin.
_TRAINING_SEED: Final = 11
_CALIBRATION_SEED: Final = 500
#: A round is played in as many episodes at once; taught or not, a student plays all of them once.
_ROUNDS: Final = 12
_TOGETHER: Final = 32
#: Gradient steps after each round, and frames in each of them, taught or not.
_STEPS: Final = 80
_BATCH: Final = 256
#: Taught, the highest of a cycle. Untaught, it is the same throughout: of those tried with 100 steps a round, 1e-3 gave
#: 3 points and 3e-3 gave 12; a cycle up to 4e-3 gave 6 with 80.
_RATE: Final = 4e-3
_RATE_UNTAUGHT: Final = 3e-3
#: Points. Actions whose values differ by less are nearly as good as each other.
_TEMPERATURE: Final = 0.05
#: Points that a unit of cross entropy counts as, beside what is lost by choosing worse than the search.
_GUIDANCE: Final = 0.03
#: Untaught: how far points ahead count, how much the critic is trusted (Schulman and others: High-Dimensional
#: Continuous Control Using Generalized Advantage Estimation, 2016), and PPO's usual clipping.
_DISCOUNT: Final = 0.97
_TRACE: Final = 0.95
_CLIP: Final = 0.2
_ENTROPY: Final = 0.01


class Player(nn.Module):
    """Two screens to logits of actions.

    Rows are drawn together until features of each column are left; layers along the columns then compare where things
    will land with where the pad is. They are the same wherever that is: a layer from all pixels would have to learn it
    for each place.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        first, second, third = (round(channels * width) for channels in (16, 16, 24))
        self.body = nn.Sequential(
            nn.Conv2d(2, first, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=(2, 1), padding=1),
            nn.ReLU(),
            nn.Conv2d(second, third, (catch.SIZE // 4, 1)),
            nn.ReLU(),
            nn.Conv2d(third, third, (1, 7), padding=(0, 3)),
            nn.ReLU(),
            nn.Conv2d(third, third, (1, 7), padding=(0, 6), dilation=(1, 2)),
            nn.ReLU(),
            nn.MaxPool2d((1, catch.SIZE // 2)),
            nn.Flatten(),
        )
        self.features = third
        self.head = nn.Linear(third, catch.ACTIONS)

    def forward(self, frames: Tensor) -> Tensor:
        """Screens (n, 2, 24, 24), 0 to 1, to (n, 3)."""
        logits: Tensor = self.head(self.body(frames))
        return logits


class _Games(NamedTuple):
    """The episodes of a round, one after the other in the first axis where steps are counted through."""

    falls: NDArray[np.uint8]
    points: NDArray[np.float64]
    values: NDArray[np.float32]
    slips: NDArray[np.bool_]
    start: NDArray[np.int64]


@cache
def _games(number: int) -> _Games:
    """Of a round, with what the search thinks of every action there; once for all students."""
    found = [catch.episode(_TRAINING_SEED, number * _TOGETHER + index) for index in range(_TOGETHER)]
    return _Games(
        np.concatenate([one.falls for one in found]),
        np.stack([one.points for one in found]),
        np.stack([catch.action_values(one.seen).astype(np.float32) for one in found]),
        np.stack([one.slips for one in found]),
        np.array([one.start for one in found]),
    )


class _Played(NamedTuple):
    """What happened in a round, [steps, episodes] each; `frames` are uint8 quarters."""

    frames: Tensor
    actions: Tensor
    points: Tensor
    values: Tensor


@torch.no_grad()
def _play(number: int, choose: Callable[[Tensor, Tensor], Tensor]) -> _Played:
    """Play a round; `choose` makes actions of frames and of the search's values, which only a taught one looks at."""
    games, every = _games(number), np.arange(_TOGETHER)
    before = position = games.start
    speed = np.full(_TOGETHER, catch.TOP_SPEED)
    frames, actions, points, values = [], [], [], []
    for step in range(catch.STEPS):
        shown = torch.from_numpy(catch.screens(games.falls, every * (catch.STEPS + 1) + step, before, position))
        wanted = torch.from_numpy(games.values[every, step, position, speed])
        action = choose(shown, wanted)
        before = position
        position, speed = catch.move(position, speed, action.numpy(), games.slips[:, step])
        frames.append((4 * shown).to(torch.uint8))
        actions.append(action)
        points.append(torch.from_numpy(games.points[every, step + 1, position]).float())
        values.append(wanted)
    return _Played(torch.stack(frames), torch.stack(actions), torch.stack(points), torch.stack(values))


def _shown(frames: Tensor) -> Tensor:
    return frames.float() / 4.0


def _taught(student: Player, draw: torch.Generator, tell: TellShare) -> None:
    """Dataset aggregation: the student plays, the search says what each action would have been worth.

    Ross, Gordon, Bagnell: A Reduction of Imitation Learning and Structured Prediction to No-Regret Online Learning
    (2011). In the first round the search plays.
    """
    frames, values = [], []
    optimiser = torch.optim.Adam(student.parameters(), _RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, _ROUNDS * _STEPS, pct_start=0.1)
    for number in range(_ROUNDS):
        played = _play(number, lambda shown, best, first=number == 0: (best if first else student(shown)).argmax(1))
        frames.append(played.frames.flatten(0, 1))
        values.append(played.values.flatten(0, 1))
        inputs, wanted = torch.cat(frames), torch.cat(values)
        for _ in range(_STEPS):
            at = torch.randint(len(inputs), (_BATCH,), generator=draw)
            shown, worth = _shown(inputs[at]), wanted[at]
            if torch.randint(2, (1,), generator=draw):  # In a mirror, left is right.
                shown, worth = shown.flip(3), worth.flip(1)
            optimiser.zero_grad()
            _loss(student(shown), worth).backward()
            optimiser.step()
            schedule.step()
        tell((number + 1) / _ROUNDS)


def _loss(logits: Tensor, worth: Tensor) -> Tensor:
    """Points that the student is expected to lose to the best action, and a little cross entropy with soft targets.

    The former counts what matters (Ross, Bagnell: Reinforcement and Imitation Learning via Interactive No-Regret
    Learning, 2014), the latter has a gradient where the student is sure of the wrong.
    """
    lost = (functional.softmax(logits, 1) * (worth.amax(1, keepdim=True) - worth)).sum(1).mean()
    return lost + _GUIDANCE * functional.cross_entropy(logits, functional.softmax(worth / _TEMPERATURE, 1))


def _untaught(student: Player, draw: torch.Generator, tell: TellShare) -> None:
    """Proximal policy optimisation with as many steps of the same episodes, from points alone.

    Schulman, Wolski, Dhariwal, Radford, Klimov: Proximal Policy Optimization Algorithms (2017). The critic reads the
    student's features, and is thrown away after training.
    """
    critic = nn.Linear(student.features, 1)
    optimiser = torch.optim.Adam([*student.parameters(), *critic.parameters()], _RATE_UNTAUGHT)
    for number in range(_ROUNDS):
        played = _play(number, lambda shown, _: torch.multinomial(student(shown).softmax(1), 1, generator=draw)[:, 0])
        inputs, actions = played.frames.flatten(0, 1), played.actions.flatten()
        with torch.no_grad():
            features = torch.cat([student.body(_shown(part)) for part in inputs.split(_BATCH)])
            before = _chosen(student.head(features), actions)
            expected = critic(features)[:, 0].reshape(played.actions.shape)
        better = _advantages(played.points, expected).flatten()
        returns = better + expected.flatten()
        better = (better - better.mean()) / (better.std() + 1e-6)
        for _ in range(_STEPS):
            at = torch.randint(len(inputs), (_BATCH,), generator=draw)
            features = student.body(_shown(inputs[at]))
            logits = student.head(features)
            ratio = (_chosen(logits, actions[at]) - before[at]).exp()
            gain = torch.minimum(ratio * better[at], ratio.clamp(1 - _CLIP, 1 + _CLIP) * better[at]).mean()
            entropy = torch.distributions.Categorical(logits=logits).entropy().mean()
            wrong = functional.mse_loss(critic(features)[:, 0], returns[at])
            optimiser.zero_grad()
            (0.5 * wrong - gain - _ENTROPY * entropy).backward()
            optimiser.step()
        tell((number + 1) / _ROUNDS)


def _chosen(logits: Tensor, actions: Tensor) -> Tensor:
    """Logarithm of how probable the actions are."""
    return functional.log_softmax(logits, 1).gather(1, actions[:, None])[:, 0]


def _advantages(points: Tensor, expected: Tensor) -> Tensor:
    """How much better it went than the critic expected, [steps, episodes]; nothing comes after an episode's end."""
    found, ahead, after = torch.zeros_like(expected), torch.zeros(_TOGETHER), torch.zeros(_TOGETHER)
    for step in reversed(range(len(points))):
        ahead = points[step] + _DISCOUNT * after - expected[step] + _DISCOUNT * _TRACE * ahead
        found[step], after = ahead, expected[step]
    return found


def _learn(lesson: Lesson) -> None:
    assert isinstance(lesson.student, Player)
    draw = torch.Generator().manual_seed(lesson.seed)
    (_taught if lesson.taught else _untaught)(lesson.student, draw, lesson.tell)


def _calibration(seed: int) -> Iterator[Arrays]:
    """Frames as the search plays, from all over an episode."""
    game = catch.episode(_CALIBRATION_SEED + seed, 0)
    values = catch.action_values(game.seen)
    before = position = np.array(game.start)
    speed = np.array(catch.TOP_SPEED)
    for step in range(catch.STEPS):
        yield {"frames": catch.screens(game.falls, np.array(step), before, position)[None]}
        before = position
        action = values[step, position, speed].argmax()
        position, speed = catch.move(position, speed, action, game.slips[step])


RECIPE: Final = Recipe(
    task="catch",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=Player,
    learn=_learn,
    teacher=None,
    teach=None,
    inputs={"frames": (1, 2, catch.SIZE, catch.SIZE)},
    outputs=("actions",),
    calibration=_calibration,
)
