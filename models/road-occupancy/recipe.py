"""Students that see a road from above: a convolutional teacher labels many frames softly, small networks learn them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks.road_occupancy import (
    ACROSS,
    AHEAD,
    CELL_ACROSS,
    CELL_AHEAD,
    COLUMNS,
    FOCAL,
    NEAREST,
    ROWS,
    frames,
    in_sight,
)
from assess.measure.tasks.task import Arrays, TellShare

#: Below 20 000, where the evaluation's begin. Labels are dear: someone draws boxes into lidar scans of each frame.
_LABELLED_SEED, _LABELLED = 1, 300
#: Frames without a label cost nothing: every drive makes them.
_UNLABELLED_SEED, _UNLABELLED = 2, 6000
_TEACHER_SEED, _TEACHER_FRAMES = 3, 8000
_CALIBRATION_SEED, _CALIBRATION_FRAMES = 500, 64
_BATCH: Final = 32
_STUDENT_STEPS: Final = 700
_TEACHER_STEPS: Final = 900
_RATE: Final = 6e-3
_TEACHER_RATE: Final = 3e-3
#: Of an occupied cell against a free one where labels are hard: few are occupied, and a cell that is missed costs more
#: of the intersection over union than one too many.
_OCCUPIED: Final = 2.0
#: The teacher was made bold so already; a student is less sure than it, and then says too often that a cell is free.
_OCCUPIED_TAUGHT: Final = 1.5


class BirdsEye(nn.Module):
    """A frame to a grid: features, from each column of the frame its ranges, and from each range its row of cells.

    As in Roddick, Cipolla: Predicting Semantic Map Representations from Images Using Pyramid Occupancy Networks (CVPR
    2020): what stands in a column of the frame lies along one ray on the ground, so one convolution as high as the
    features tells for each column what is at each range; a second step spreads columns to cells, for each range its own
    way. It is a convolution of one group a range, and begins as the camera's geometry says.
    """

    def __init__(self, channels: tuple[int, ...], codes: int) -> None:
        super().__init__()
        first, second, third = channels[:3]
        steps = [*_layer(1, first, 2), *_layer(first, second, 2), *_layer(second, third, (2, 1))]
        for before, after in pairwise(channels[2:]):
            steps += _layer(before, after, 1)
        self.body = nn.Sequential(*steps)
        self.columns = nn.Conv2d(channels[-1], AHEAD * codes, (ROWS // 8, 1), bias=False)
        self.fold = nn.Sequential(nn.BatchNorm2d(AHEAD * codes), nn.ReLU())
        wide = COLUMNS // 4
        self.cells = nn.Conv2d(AHEAD * codes * wide, AHEAD * ACROSS, 1, groups=AHEAD)
        with torch.no_grad():
            near = _geometry(wide).repeat(1, 1, codes) / codes
            self.cells.weight.mul_(0.3).add_(near.reshape(AHEAD * ACROSS, codes * wide, 1, 1))
            self.cells.bias.fill_(-2.0)

    def forward(self, frame: Tensor) -> Tensor:
        """Frames (n, 1, 48, 96), 0 to 1, to logits (n, 1, 12, 16)."""
        ranges = self.fold(self.columns(self.body(frame)))
        cells: Tensor = self.cells(ranges.reshape(-1, self.cells.in_channels, 1, 1))
        return cells.reshape(-1, 1, AHEAD, ACROSS)


def _layer(before: int, after: int, stride: int | tuple[int, int]) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


def _geometry(wide: int) -> Tensor:
    """How much each of so many columns of features sees of each cell: [12, 16, wide], 1 where its ray meets it."""
    z = NEAREST + CELL_AHEAD * (torch.arange(AHEAD) + 0.5)
    x = CELL_ACROSS * (torch.arange(ACROSS) + 0.5 - 0.5 * ACROSS)
    at = 0.5 * wide + FOCAL * wide / COLUMNS * x[None, :, None] / z[:, None, None]
    return torch.clamp(1.0 - (torch.arange(wide) + 0.5 - at).abs(), min=0.0)


def _student(width: float) -> nn.Module:
    channels = tuple(round(width * full) for full in (8, 16, 16))
    return BirdsEye(channels, round(4 * width))


def _teacher() -> nn.Module:
    return BirdsEye((24, 48, 48, 48), 12)


def _teach(network: nn.Module, seed: int, tell: TellShare) -> None:
    """Train the teacher on many frames with their grids; it is run once, so it may be slow."""
    shown, grids = _drawn(_TEACHER_SEED, _TEACHER_FRAMES)
    _train(network, shown, grids, _OCCUPIED, _TEACHER_STEPS, _TEACHER_RATE, seed, tell)


def _learn(lesson: Lesson) -> None:
    """Taught, from what the teacher says of labelled and unlabelled frames; untaught, from the labelled ones alone."""
    shown, grids = _drawn(_LABELLED_SEED, _LABELLED)
    if lesson.taught:
        assert lesson.teacher is not None
        shown, grids = _told(lesson.teacher)
    weight = _OCCUPIED_TAUGHT if lesson.taught else _OCCUPIED
    _train(lesson.student, shown, grids, weight, _STUDENT_STEPS, _RATE, lesson.seed, lesson.tell)


@cache
def _told(teacher: nn.Module) -> tuple[Tensor, Tensor]:
    """All frames that students see, and how sure the teacher is that each cell is occupied, once for all students."""
    shown = torch.cat([_drawn(_LABELLED_SEED, _LABELLED)[0], _drawn(_UNLABELLED_SEED, _UNLABELLED)[0]])
    with torch.no_grad():
        return shown, torch.cat([torch.sigmoid(teacher(part)) for part in shown.split(100)])


def _train(
    network: nn.Module, shown: Tensor, grids: Tensor, weight: float, steps: int, rate: float, seed: int, tell: TellShare
) -> None:
    """Towards grids, hard or soft, by cross-entropy of the cells in sight; half of the frames are mirrored."""
    network.train()
    rng = np.random.Generator(np.random.PCG64(seed))
    sight = torch.from_numpy(in_sight()).float()
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.2)
    for step in range(steps):
        at = torch.from_numpy(rng.integers(0, len(shown), _BATCH))
        frame, grid = shown[at], grids[at]
        if rng.random() < 0.5:
            frame, grid = frame.flip(3), grid.flip(3)
        optimiser.zero_grad()
        cells = functional.binary_cross_entropy_with_logits(
            network(frame), grid, reduction="none", pos_weight=torch.tensor(weight)
        )
        (cells * sight).sum().div(_BATCH).backward()
        optimiser.step()
        schedule.step()
        tell((step + 1) / steps)
    network.eval()


@cache
def _drawn(seed: int, count: int) -> tuple[Tensor, Tensor]:
    shown, grids = frames(seed, count)
    return torch.from_numpy(shown), torch.from_numpy(grids)


def _calibration(seed: int) -> Iterator[Arrays]:
    for one in frames(_CALIBRATION_SEED + seed, _CALIBRATION_FRAMES)[0]:
        yield {"frame": one[None]}


RECIPE: Final = Recipe(
    task="road-occupancy",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=_student,
    learn=_learn,
    teacher=_teacher,
    teach=_teach,
    inputs={"frame": (1, 1, ROWS, COLUMNS)},
    outputs=("occupancy",),
    calibration=_calibration,
    half=True,
)
