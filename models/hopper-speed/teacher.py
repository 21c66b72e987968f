"""Train the teacher of the hopper's tasks and write its weights: `python models/hopper-speed/teacher.py FILE`.

Proximal policy optimisation (Schulman et al. 2017) with generalised advantages (Schulman et al. 2016), on 1.3 million
actions of 128 hoppers side by side. The task keeps what it wrote, since two recipes have the same teacher. Other
versions of MuJoCo and PyTorch give another teacher.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.distributions import Normal

from assess.measure.tasks.hopper import LENGTH, Floats, Hoppers, Plan, hop, plan

_SEED: Final = 1
_HOPPERS, _HORIZON, _ROUNDS = 128, 64, 160
_EPOCHS, _BATCH = 8, 1024
_DISCOUNT, _TRACE = 0.99, 0.95
_CLIP = 0.2
#: A round ends when the policy is that far from the one that acted, as a mean of the logarithm of the ratio.
_FAR = 0.02
#: The rate falls along a line that would end after more rounds; by the last a round gains less than a tenth of a point.
_RATE, _RATE_ROUNDS = 1e-3, 250
#: Beside the task's points: for being upright, so that to fall is dear, and against large torques.
_UPRIGHT, _TORQUE = 0.3, 0.02


def _network(outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(14, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, outputs)
    )  # fmt: skip


class _Learner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.policy, self.value = _network(3), _network(1)
        with torch.no_grad():
            for parameter, share in zip(self.policy[4].parameters(), (0.01, 0.0), strict=True):
                parameter.mul_(share)
        self.log_spread = nn.Parameter(torch.full((3,), -0.7))

    def actions(self, seen: torch.Tensor) -> Normal:
        return Normal(self.policy(seen), self.log_spread.exp())

    def worth(self, seen: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.value(seen)[..., 0]
        return found


class _World:
    """Hoppers that begin anew whenever one has fallen or its time is over."""

    def __init__(self) -> None:
        self._draw = np.random.Generator(np.random.PCG64(_SEED))
        self._plans = plan(_SEED, 4096)
        self._hoppers = Hoppers(self._drawn(_HOPPERS), threads=2)

    def _drawn(self, count: int) -> Plan:
        rows = self._draw.integers(0, 4096, count)
        return Plan(*(getattr(self._plans, each.name)[rows] for each in fields(Plan)))

    def seen(self) -> torch.Tensor:
        return torch.as_tensor(self._hoppers.everything(), dtype=torch.float32)

    def step(self, action: torch.Tensor, learner: _Learner) -> tuple[torch.Tensor, torch.Tensor]:
        """Rewards, and which episodes ended; what would have come after the end of the time is in its reward."""
        hoppers = self._hoppers
        points = hoppers.step(action.numpy().astype(np.float64))
        effort = (action.numpy() ** 2).sum(1).clip(0, 6)
        reward = points + _UPRIGHT * hoppers.upright - _TORQUE * effort
        late = (hoppers.time >= LENGTH) & hoppers.upright
        if late.any():
            reward = reward + _DISCOUNT * np.where(late, learner.worth(self.seen()).numpy(), 0.0)
        ended = late | ~hoppers.upright
        rows = np.flatnonzero(ended)
        if len(rows):
            hoppers.restart(rows, self._drawn(len(rows)))
        return torch.as_tensor(reward, dtype=torch.float32), torch.as_tensor(ended, dtype=torch.float32)


@torch.no_grad()
def _experience(world: _World, learner: _Learner) -> tuple[torch.Tensor, ...]:
    """What was seen, done, how likely that was, its advantage and its return; one row for each action."""
    kept: list[tuple[torch.Tensor, ...]] = []
    for _ in range(_HORIZON):
        seen = world.seen()
        actions = learner.actions(seen)
        action = actions.sample()
        worth = learner.worth(seen)
        kept.append((seen, action, actions.log_prob(action).sum(1), worth, *world.step(action, learner)))
    seen, action, likely, worth, reward, ended = (torch.stack(each) for each in zip(*kept, strict=True))
    after, trace, advantages = learner.worth(world.seen()), torch.zeros(_HOPPERS), torch.zeros_like(worth)
    for time in reversed(range(_HORIZON)):
        goes_on = 1.0 - ended[time]
        trace = reward[time] + _DISCOUNT * goes_on * after - worth[time] + _DISCOUNT * _TRACE * goes_on * trace
        advantages[time], after = trace, worth[time]
    rows = (seen, action, likely, advantages, advantages + worth)
    return tuple(each.flatten(0, 1) for each in rows)


def _improve(learner: _Learner, optimiser: torch.optim.Optimizer, rows: tuple[torch.Tensor, ...]) -> None:
    seen, action, likely, advantage, returned = rows
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    for _ in range(_EPOCHS):
        for at in torch.randperm(len(seen)).split(_BATCH):
            ratio = (learner.actions(seen[at]).log_prob(action[at]).sum(1) - likely[at]).exp()
            gain = torch.min(ratio * advantage[at], ratio.clamp(1 - _CLIP, 1 + _CLIP) * advantage[at]).mean()
            loss = 0.05 * nn.functional.mse_loss(learner.worth(seen[at]), returned[at]) - gain
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learner.parameters(), 0.5)
            optimiser.step()
        with torch.no_grad():
            if (likely - learner.actions(seen).log_prob(action).sum(1)).mean() > _FAR:
                return


def train() -> Iterator[tuple[int, _Learner]]:
    """The learner after each round."""
    torch.manual_seed(_SEED)
    learner, world = _Learner(), _World()
    optimiser = torch.optim.Adam(learner.parameters(), lr=_RATE, eps=1e-5)
    for turn in range(_ROUNDS):
        for group in optimiser.param_groups:
            group["lr"] = _RATE * (1.0 - turn / _RATE_ROUNDS)
        _improve(learner, optimiser, _experience(world, learner))
        yield turn, learner


def score(learner: _Learner) -> float:
    """Mean points on episodes that it was not trained on, below the seeds of the evaluation."""

    def act(hoppers: Hoppers) -> Floats:
        with torch.no_grad():
            found = learner.policy(torch.as_tensor(hoppers.everything(), dtype=torch.float32))
        torques: Floats = found.numpy().astype(np.float64)
        return torques

    return float(hop(plan(19_999, 64), act, threads=2)[0].mean())


def write(learner: _Learner, file: Path) -> None:
    """Keep the policy's weights as the task reads them, in halves of the size: it loses nothing that counts."""
    weights = {
        f"{letter}{index}": getattr(learner.policy[2 * index], name).detach().numpy().astype(np.float16)
        for index in range(3)
        for letter, name in (("w", "weight"), ("b", "bias"))
    }
    np.savez_compressed(file, **weights)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for turn, learner in train():
        if turn % 10 == 9:
            write(learner, Path(sys.argv[1]))
            print(f"{turn + 1} of {_ROUNDS} rounds: {score(learner):.1f} points", flush=True)  # noqa: T201
