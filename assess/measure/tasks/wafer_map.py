"""Wafer-map defect classes: which pattern the failing dies of a wafer form.

The nine classes are those of WM-811K (Wu, Jang, Chen: Wafer Map Failure Pattern Recognition and Similarity Ranking for
Large-Scale Data Sets, IEEE Transactions on Semiconductor Manufacturing 28(1), 2015). The maps are generated, none of
its data is used: a round wafer of 32 x 32 dies, a background of random failures, and one pattern whose place, size and
density are drawn for each map. The parameters are ours; classes overlap where they do on a line: a faint pattern
drowns in the background, half a ring is nearly a failure at one place of the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assess.measure.tasks.task import Infer, Scores, Task, TellShare

#: In the order of the model's output.
CLASSES: Final = (
    "center", "donut", "edge-loc", "edge-ring", "loc", "near-full", "random", "scratch", "none",
)  # fmt: skip
SIZE: Final = 32
#: Failing dies that have nothing to do with the pattern, as shares of all dies: clean lines and poor ones.
_BACKGROUND: Final = (0.01, 0.09)
#: Share of the dies of a pattern that fail: a faint pattern is hard to tell from the background.
_DENSITY: Final = (0.35, 0.85)
#: What fails without a place is told by how much of it does.
_EVERYWHERE: Final = ("near-full", "random")
#: As the network reads a map: no die, a good die, a failing one.
_OUTSIDE, _GOOD, _FAILING = 0.0, 0.5, 1.0

Generator = np.random.Generator
Array = Any


#: Points that a scratch is drawn through.
_POINTS: Final = 40


def maps(seed: int, count: int) -> tuple[Array, Array]:
    """Wafer maps and their classes.

    Returns:
        float32 [count, 1, 32, 32], 0 outside the wafer, 0.5 for a good die, 1 for a failing one; int64 [count].
    """
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, len(CLASSES), count)
    return np.stack([_map(int(label), draw) for label in labels])[:, None], labels


@dataclass(frozen=True, slots=True)
class _Dies:
    """Where each die lies, [32, 32] each: x and y in units of the wafer's radius from its centre, and polar."""

    x: Array
    y: Array
    radius: Array
    angle: Array


def _dies() -> _Dies:
    row, column = np.mgrid[:SIZE, :SIZE]
    x, y = (column - (SIZE - 1) / 2) / (SIZE / 2), (row - (SIZE - 1) / 2) / (SIZE / 2)
    return _Dies(x, y, np.hypot(x, y), np.arctan2(y, x))


_DIES: Final = _dies()

#: Share of the dies at each place that fail, before the map's density.
Pattern = Callable[[_Dies, Generator], Array]


def _map(label: int, draw: Generator) -> Array:
    chance = np.full((SIZE, SIZE), draw.uniform(*_BACKGROUND))
    pattern = _PATTERNS[CLASSES[label]](_DIES, draw)
    density = 1.0 if CLASSES[label] in _EVERYWHERE else draw.uniform(*_DENSITY)
    failing = draw.random((SIZE, SIZE)) < np.maximum(chance, pattern * density)
    found = np.where(failing, _FAILING, _GOOD)
    return np.where(_DIES.radius <= 1.0, found, _OUTSIDE).astype(np.float32)


def _blob(dies: _Dies, draw: Generator, distance: tuple[float, float], size: tuple[float, float]) -> Array:
    """A soft, stretched spot, so far from the centre and so large."""
    towards, along = draw.uniform(-np.pi, np.pi), draw.uniform(*distance)
    turned, stretch, wide = draw.uniform(0, np.pi), draw.uniform(1.0, 2.0), draw.uniform(*size)
    dx, dy = dies.x - along * np.cos(towards), dies.y - along * np.sin(towards)
    first, second = dx * np.cos(turned) + dy * np.sin(turned), dy * np.cos(turned) - dx * np.sin(turned)
    return np.exp(-0.5 * ((first / (wide * stretch)) ** 2 + (second / wide) ** 2) ** 2)


def _donut(dies: _Dies, draw: Generator) -> Array:
    dx, dy = draw.uniform(-0.15, 0.15, 2)
    away = np.hypot(dies.x - dx, dies.y - dy) - draw.uniform(0.35, 0.6)
    return np.exp(-0.5 * (away / draw.uniform(0.06, 0.14)) ** 2)


def _edge(dies: _Dies, draw: Generator, reach: tuple[float, float]) -> Array:
    """A part of the rim, so far to both sides of one place, in radians."""
    away = np.abs((dies.angle - draw.uniform(-np.pi, np.pi) + np.pi) % (2 * np.pi) - np.pi)
    return (dies.radius > draw.uniform(0.72, 0.9)) * (away < draw.uniform(*reach)) * 1.0


def _scratch(dies: _Dies, draw: Generator) -> Array:
    """A thin, bent line."""
    start, heading = draw.uniform(-0.6, 0.6, 2), draw.uniform(-np.pi, np.pi)
    bend, length, wide = draw.uniform(-1.5, 1.5), draw.uniform(0.6, 1.5), draw.uniform(0.03, 0.06)
    along = np.linspace(0.0, length, _POINTS)
    path_x = start[0] + np.cumsum(np.cos(heading + bend * along)) * length / _POINTS
    path_y = start[1] + np.cumsum(np.sin(heading + bend * along)) * length / _POINTS
    nearest = np.min(np.hypot(dies.x[..., None] - path_x, dies.y[..., None] - path_y), axis=-1)
    return np.exp(-0.5 * (nearest / wide) ** 2)


def _even(low: float, high: float) -> Pattern:
    """The same everywhere: so much of all dies."""
    return lambda dies, draw: np.full_like(dies.x, draw.uniform(low, high))


_PATTERNS: Final[Mapping[str, Pattern]] = {
    "center": lambda dies, draw: _blob(dies, draw, (0.0, 0.18), (0.16, 0.36)),
    "donut": _donut,
    "edge-loc": lambda dies, draw: _edge(dies, draw, (0.25, 1.2)),
    "edge-ring": lambda dies, draw: _edge(dies, draw, (1.9, 3.2)),
    "loc": lambda dies, draw: _blob(dies, draw, (0.3, 0.7), (0.1, 0.24)),
    "near-full": _even(0.55, 0.95),
    "random": _even(0.2, 0.6),
    "scratch": _scratch,
    "none": lambda dies, draw: np.zeros_like(dies.x),
}


def _evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Of each map whether it was told right; chance is to say "none" of all."""
    assert teacher is not None  # `needs_teacher`.
    shown, labels = maps(seed, count)
    right, taught, same = [], [], []
    for index, (one, label) in enumerate(zip(shown, labels, strict=True)):
        ours, theirs = (_answer(infer, one[None]) for infer in (model, teacher))
        right.append(float(ours == label))
        taught.append(float(theirs == label))
        same.append(float(ours == theirs >= 0))
        tell((index + 1) / count)
    chance = tuple((labels == CLASSES.index("none")).astype(float).tolist())
    return Scores(tuple(right), tuple(taught), chance, tuple(same))


def _answer(infer: Infer, one: Array) -> int:
    """The class of the largest score; -1, which is never right, if one of them is not a number."""
    scores = infer({"map": one})["scores"].reshape(-1)
    return int(np.argmax(scores)) if np.isfinite(scores).all() else -1


WAFER_MAP: Final = Task(
    id="wafer-map",
    summary="Tell which of nine patterns the failing dies of a wafer form.",
    metric="accuracy",
    unit="1",
    higher_is_better=True,
    item="map",
    agrees="the same class",
    evaluate=_evaluate,
    needs_teacher=True,
)
