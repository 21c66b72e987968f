"""Catching what falls: a small game of pixels and momentum, the search that plays it, and how a player is scored.

Coins and gems fall among bombs; all drift sideways and are reflected by the walls. A pad at the bottom of the screen
is accelerated to the left, to the right or not at all, and now and then does not answer. The rules are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assess.errors import AssessError
from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Array = NDArray[Any]

#: Cells of the screen along a side, each a pixel.
SIZE: Final = 24
#: Steps of an episode; 15 seconds at ten steps a second.
STEPS: Final = 150
#: What a player does in a step, in the order of a model's output: accelerate to the left, not at all, to the right.
ACTIONS: Final = 3
COAST: Final = 1
#: Cells a step, to each side.
TOP_SPEED: Final = 2
SPEEDS: Final = 2 * TOP_SPEED + 1
#: Cells; what falls is as high as it is wide.
_WIDTH: Final = 3
_PAD_WIDTH: Final = 5
#: Where the pad can be: cells between the left wall and its left side.
POSITIONS: Final = SIZE - _PAD_WIDTH + 1
_PAD_ROW: Final = SIZE - 2
#: Share of the steps in which the pad does not answer: what has to be right in the last moment is not safe.
_SLIP: Final = 0.1

#: Points for a coin, a gem and a bomb, how often each falls, and what it looks like.
_POINTS: Final = (1.0, 3.0, -2.0)
_KINDS: Final = (0.45, 0.2, 0.35)
_LOOKS: Final = np.array([
    [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
    [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
    [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
], dtype=np.float32)  # fmt: skip
#: In a step, something new begins to fall so often.
_SPAWN: Final = 0.15
# What falls is placed to half a cell, so that its speed is no whole number and all sums are exact.
_FALL_SPEEDS: Final = (2, 3, 4)
_DRIFTS: Final = (-1, 0, 1)
#: Of a thing's left side in the middle over the pad, by the pad's position.
_OFF: Final = 2 * np.arange(POSITIONS) + _PAD_WIDTH - _WIDTH
_LANDED: Final = 2 * (_PAD_ROW - _WIDTH)
_RIGHTMOST: Final = 2 * (SIZE - _WIDTH)
#: Half cells between the middles of the pad and of what it catches: half of the thing is over the pad.
_CAUGHT_WITHIN: Final = _PAD_WIDTH

#: Steps that the teacher looks ahead: the slowest thing takes 19 to land.
_DEPTH: Final = 20
#: Points in a step count so much of those one step sooner: what may come in between is not known.
_DISCOUNT: Final = 0.97
# Between equals the teacher takes the one that is nearer to the middle, and that moves less. A thousandth of a coin
# each: together less than the least that points differ by.
_FROM_THE_MIDDLE: Final = 1e-3
_EFFORT: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Episode:
    """All that happens in an episode whatever the player does.

    Attributes:
        falls: the screen without the pad, uint8 [STEPS + 1, SIZE, SIZE], 4 where a cell is bright all over.
        points: what the pad gets at each position for what lands in a step, [STEPS + 1, POSITIONS].
        seen: the same as far as the screen of a step tells, [STEPS, steps ahead, POSITIONS].
        slips: whether the pad does not answer in a step, [STEPS].
        start: where the pad is at first.
    """

    falls: NDArray[np.uint8]
    points: Array
    seen: Array
    slips: NDArray[np.bool_]
    start: int


def episode(seed: int, index: int) -> Episode:
    """One of the episodes of a seed."""
    draw = np.random.Generator(np.random.PCG64([seed, index]))
    falls = np.zeros((STEPS + 1, SIZE, SIZE), dtype=np.uint8)
    points = np.zeros((STEPS + 1, POSITIONS))
    seen = np.zeros((STEPS, _DEPTH, POSITIONS))
    slips, spawns, start = draw.random(STEPS) < _SLIP, draw.random(STEPS) < _SPAWN, int(draw.integers(POSITIONS))
    for begun in np.flatnonzero(spawns):
        kind = int(draw.choice(len(_POINTS), p=_KINDS))
        path = _path(draw)
        for step, (x, y) in zip(range(begun, STEPS + 1), path[:-1], strict=False):
            _draw(falls[step], kind, x, y)
        if (landed := begun + len(path) - 1) <= STEPS:
            won = _POINTS[kind] * (np.abs(_OFF - path[-1][0]) <= _CAUGHT_WITHIN)
            points[landed] += won
            for step in range(max(begun, landed - _DEPTH), landed):
                seen[step, landed - step - 1] += won
    return Episode(falls, points, seen, slips, start)


def _path(draw: np.random.Generator) -> list[tuple[int, int]]:
    """Where a thing's upper left corner is in each step until it lands, in half cells from that of the screen."""
    x, drift, speed = int(draw.integers(_RIGHTMOST + 1)), int(draw.choice(_DRIFTS)), int(draw.choice(_FALL_SPEEDS))
    steps = np.arange(-(-_LANDED // speed) + 1)
    x_there = np.abs((x + drift * steps + _RIGHTMOST) % (2 * _RIGHTMOST) - _RIGHTMOST)
    return [(int(one), int(other)) for one, other in zip(x_there, speed * steps, strict=True)]


def _draw(screen: NDArray[np.uint8], kind: int, x: int, y: int) -> None:
    cells = _cells(kind, y % 2, x % 2)
    there = screen[y // 2 :, x // 2 :][: _WIDTH + 1, : _WIDTH + 1]
    np.maximum(there, cells[: there.shape[0], : there.shape[1]], out=there)


@cache
def _cells(kind: int, down: int, right: int) -> NDArray[np.uint8]:
    """How many quarters of each cell are covered; half a cell off, a thing covers the cells on both sides by half."""
    covered = np.zeros((2 * _WIDTH + 2, 2 * _WIDTH + 2), dtype=np.uint8)
    covered[down : down + 2 * _WIDTH, right : right + 2 * _WIDTH] = np.kron(_LOOKS[kind], np.ones((2, 2)))
    cells: NDArray[np.uint8] = covered.reshape(_WIDTH + 1, 2, _WIDTH + 1, 2).sum(axis=(1, 3), dtype=np.uint8)
    return cells


def screens(falls: Array, step: Array, before: Array, position: Array) -> NDArray[np.float32]:
    """What a player sees: the screens of the step before and of this one, [..., 2, SIZE, SIZE], 0 to 1.

    Args:
        falls: `Episode.falls`, of one episode or of several one after the other.
        step: which of its screens is this step's; the one before it is the same in an episode's first step.
        before: where the pad was in the step before.
        position: where it is.
    """
    earlier = step - (step % (STEPS + 1) > 0)
    shown: NDArray[np.float32] = falls[np.stack([earlier, step], axis=-1)].astype(np.float32) / np.float32(4.0)
    off = np.arange(SIZE) - np.stack([before, position], axis=-1)[..., None]
    shown[..., _PAD_ROW:, :] = ((off >= 0) & (off < _PAD_WIDTH))[..., None, :]
    return shown


def _moves() -> Array:
    """Where each action leads from each position and speed: position * SPEEDS + speed, speeds counted from 0."""
    position, speed, action = np.ogrid[:POSITIONS, :SPEEDS, :ACTIONS]
    faster = np.clip(speed + action - COAST, 0, SPEEDS - 1)
    wanted = position + faster - TOP_SPEED
    there = np.clip(wanted, 0, POSITIONS - 1)
    # A wall takes all speed.
    return np.asarray(there * SPEEDS + np.where(there == wanted, faster, TOP_SPEED))


_MOVES: Final = _moves()


def move(position: Array, speed: Array, action: Array, slips: Array) -> tuple[Array, Array]:
    """Where pads are after a step, and how fast (0 to SPEEDS - 1; TOP_SPEED stands still)."""
    there = _MOVES[position, speed, np.where(slips, COAST, action)]
    return there // SPEEDS, there % SPEEDS


def action_values(seen: Array) -> Array:
    """Points to come for each action at each position and speed, as the teacher sees them.

    It knows kind, place and speed of all that falls, and weighs that the pad may not answer: expectimax to `_DEPTH`
    steps, worked out from the last one back, which looks at each state once (Bellman: Dynamic Programming, 1957).

    Args:
        seen: `Episode.seen`, [n, steps ahead, POSITIONS].

    Returns:
        [n, POSITIONS, SPEEDS, ACTIONS], in points.
    """
    middle = (POSITIONS - 1) / 2
    leaf = -_FROM_THE_MIDDLE * np.abs(np.arange(POSITIONS) - middle)
    best = np.broadcast_to(leaf[:, None], (len(seen), POSITIONS, SPEEDS))
    effort = _EFFORT * (np.arange(ACTIONS) != COAST)
    coasting = _MOVES[..., COAST, None]
    for ahead in reversed(range(_DEPTH)):
        there = (seen[:, ahead, :, None] + _DISCOUNT * best).reshape(len(seen), -1)
        values = (1.0 - _SLIP) * np.take(there, _MOVES, axis=1) + _SLIP * np.take(there, coasting, axis=1)
        values -= effort
        best = values.max(axis=-1)
    return values


def evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Play `count` episodes with a model from "frames" (1, 2, 24, 24), the last two screens, to logits of actions.

    The teacher is the search, so `teacher` is not asked; chance is a pad that stands still.

    Raises:
        AssessError: what the model puts out is not one number for each action.
    """
    del teacher
    models, teachers, chances, agreements = [], [], [], []
    for index in range(count):
        game = episode(seed, index)
        values = action_values(game.seen)
        model.reset()
        points, agreement = _played(game, values, partial(_action, model))
        models.append(points)
        agreements.append(agreement)
        teachers.append(_played(game, values, None)[0])
        chances.append(float(game.points[:, game.start].sum()))
        tell((index + 1) / count)
    return Scores(tuple(models), tuple(teachers), tuple(chances), tuple(agreements))


def _played(game: Episode, values: Array, player: Callable[[Array], int | None] | None) -> tuple[float, float]:
    """Points of an episode, and the share of steps with an action that the teacher finds best; None: it plays."""
    points, same = 0.0, 0
    before = position = np.array(game.start)
    speed = np.array(TOP_SPEED)
    for step in range(STEPS):
        wanted = values[step, position, speed]
        if player is None:
            action: int | None = int(np.argmax(wanted))
        else:
            action = player(screens(game.falls, np.array(step), before, position)[None])
        same += action is not None and bool(wanted[action] == wanted.max())
        before = position
        position, speed = move(position, speed, np.array(COAST if action is None else action), game.slips[step])
        points += float(game.points[step + 1, position])
    return points, same / STEPS


def _action(model: Infer, frames: Array) -> int | None:
    """The action of the largest logit; None, which lets the pad coast, if one of them is not a number."""
    logits = np.asarray(next(iter(model({"frames": frames}).values()))).reshape(-1)
    if len(logits) != ACTIONS:
        raise AssessError(f"puts out {len(logits)} numbers, not one for each of {ACTIONS} actions")
    return int(np.argmax(logits)) if np.isfinite(logits).all() else None


CATCH: Final = Task(
    id="catch",
    summary="Catch coins and gems among bombs with a pad that has momentum, from the last two screens.",
    metric="points an episode",
    unit="points",
    higher_is_better=True,
    item="episode",
    agrees="share of steps with an action that the search, which sees kind, place and speed of all, finds best there",
    evaluate=evaluate,
)
