"""Occupancy of a road from one camera frame: what a frame's bird's-eye grid is, and how one is scored.

Scenes are drawn (`road_scene`): a road with lanes that may bend, cars and lorries as shaded boxes, shadows, haze and
the camera's noise.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from assess.errors import AssessError
from assess.measure.tasks.road_scene import (
    COLUMNS as COLUMNS,
)
from assess.measure.tasks.road_scene import (
    FOCAL as FOCAL,
)
from assess.measure.tasks.road_scene import (
    ROWS as ROWS,
)
from assess.measure.tasks.road_scene import (
    Floats,
    Mask,
    Vehicle,
    footprint,
    light_of,
    render,
    road_of,
    traffic,
)
from assess.measure.tasks.task import Infer, Scores, Task, TellShare

#: Cells of the grid; row 0 is the nearest, column 0 the leftmost.
AHEAD, ACROSS = 12, 16
#: Metres along the sides of a cell, and of the near side of the nearest row.
CELL_AHEAD, CELL_ACROSS, NEAREST = 2.0, 1.0, 4.0
#: A cell is occupied when so much of its area is.
_COVERED: Final = 0.25
#: Points along a side of a cell that tell how much of it is covered.
_POINTS: Final = 4


def frame(seed: int, index: int) -> tuple[Floats, Floats]:
    """One item: a grey frame (1, 1, 48, 96), 0 to 1, and its grid (1, 1, 12, 16), 1 where a cell is occupied."""
    rng = np.random.Generator(np.random.PCG64([seed, index]))
    road, light = road_of(rng), light_of(rng)
    vehicles = traffic(rng, road)
    shown, seen = render(rng, road, light, vehicles)
    return shown[None, None], occupied([each for each, is_seen in zip(vehicles, seen, strict=True) if is_seen])


def frames(seed: int, count: int) -> tuple[Floats, Floats]:
    """The first so many items of a seed: [count, 1, 48, 96] and [count, 1, 12, 16]."""
    shown, grids = zip(*(frame(seed, index) for index in range(count)), strict=True)
    return np.concatenate(shown), np.concatenate(grids)


def occupied(vehicles: list[Vehicle]) -> Floats:
    """The grid (1, 1, 12, 16) of vehicles: 1 where their footprints cover a quarter of a cell or more."""
    x = (np.arange(ACROSS * _POINTS) + 0.5) / _POINTS * CELL_ACROSS - 0.5 * ACROSS * CELL_ACROSS
    z = (np.arange(AHEAD * _POINTS) + 0.5) / _POINTS * CELL_AHEAD + NEAREST
    covered = np.zeros((len(z), len(x)), dtype=bool)
    for each in vehicles:
        covered |= footprint(each, x[None, :].astype(np.float32), z[:, None].astype(np.float32))
    share = covered.reshape(AHEAD, _POINTS, ACROSS, _POINTS).mean(axis=(1, 3))
    grid: Floats = np.asarray(share >= _COVERED, dtype=np.float32)[None, None]
    return grid


def in_sight() -> Mask:
    """Which cells (12, 16) are scored: those whose middle is between the left and the right edge of a frame."""
    x = (np.arange(ACROSS) + 0.5) * CELL_ACROSS - 0.5 * ACROSS * CELL_ACROSS
    z = (np.arange(AHEAD) + 0.5) * CELL_AHEAD + NEAREST
    sighted: Mask = np.abs(x)[None, :] * FOCAL <= 0.5 * COLUMNS * z[:, None]
    return sighted


def intersection_over_union(told: Mask, wanted: Mask) -> float:
    """Cells occupied in both over cells occupied in either; 1 if there are none in either."""
    either = int(np.count_nonzero(told | wanted))
    return float(np.count_nonzero(told & wanted)) / either if either else 1.0


def evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Score a model from "frame" (1, 1, 48, 96) to "occupancy" (1, 1, 12, 16), logits, on `count` frames.

    A cell is told to be occupied when its logit is above 0. Only cells in sight count. Chance is to call the road free,
    which is right in the frames without a vehicle in the grid, a sixth of all. No constant grid does better: no cell is
    occupied in more of them, and the 24 cells that most often are score 0.08.

    Raises:
        AssessError: no teacher was given, or what a network puts out has another shape.
    """
    if teacher is None:
        raise AssessError("the teacher of 'road-occupancy' is a network, and none was given")
    sight = in_sight()
    models, teachers, chances, agreements = [], [], [], []
    for index in range(count):
        shown, grid = frame(seed, index)
        wanted = grid[0, 0][sight] > 0.5
        told, taught = (_told(network, shown)[sight] for network in (model, teacher))
        models.append(_score(told, wanted))
        teachers.append(_score(taught, wanted))
        chances.append(intersection_over_union(np.zeros_like(wanted), wanted))
        agreements.append(float(np.mean(np.isfinite(told) & np.isfinite(taught) & ((told > 0.0) == (taught > 0.0)))))
        tell((index + 1) / count)
    return Scores(tuple(models), tuple(teachers), tuple(chances), tuple(agreements))


def _told(network: Infer, shown: Floats) -> Floats:
    network.reset()
    logits = np.asarray(network({"frame": shown})["occupancy"], dtype=np.float32)
    if logits.shape != (1, 1, AHEAD, ACROSS):
        raise AssessError(f"'occupancy' has shape {logits.shape}", hint=f"(1, 1, {AHEAD}, {ACROSS}) is asked for")
    grid: Floats = logits[0, 0]
    return grid


def _score(logits: Floats, wanted: Mask) -> float:
    """Intersection over union; a cell whose logit is no finite number is told wrong."""
    return intersection_over_union(np.where(np.isfinite(logits), logits > 0.0, ~wanted), wanted)


ROAD_OCCUPANCY: Final = Task(
    id="road-occupancy",
    summary="Tell from one grey camera frame which cells of the road ahead are occupied by vehicles.",
    metric="intersection over union",
    unit="1",
    higher_is_better=True,
    item="frame",
    agrees="the same answer for a cell",
    evaluate=evaluate,
    needs_teacher=True,
)
