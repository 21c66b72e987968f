"""How on-sensor detectors are made: a wide teacher learns from labels, narrow students from its heat maps and boxes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks.object_detect import CELLS, CLASSES, LENGTH, SIZE, STRIDE, Box, Floats, frame
from assess.measure.tasks.task import Arrays, TellShare

#: Below 20,000, where the evaluation's begin. Labels are dear: somebody has to draw every box.
_LABELLED_SEED, _LABELLED = 1, 300
#: Frames without a label cost nothing, the sensor makes them all day; the teacher tells what it sees in them.
_UNLABELLED_SEED, _UNLABELLED = 2, 2000
_TEACHER_SEED, _TEACHER_FRAMES = 3, 4000
_CALIBRATION_SEED, _CALIBRATION_FRAMES = 1000, 100
#: Channels at half the frame's resolution, and layers at a quarter of it, which have twice as many.
_STUDENT: Final = (12, 4)
_TEACHER: Final = (24, 5)
_BATCH: Final = 16
#: As many as let the teacher and all 18 students be trained within some minutes on two cores.
_STUDENT_STEPS: Final = 800
_TEACHER_STEPS: Final = 1200
_STUDENT_RATE: Final = 1.2e-2
_TEACHER_RATE: Final = 8e-3
#: Width of the bump that a label is in the heat map, as a share of the object's sides; at the smallest in cells.
_BUMP, _LEAST_BUMP = 0.09, 0.45
#: What an error of boxes of one cell or a factor of e weighs against one of the heat map.
_BOXES_WEIGH: Final = 1.0
#: Boxes are told by cells this close to a middle, the others' are not asked for.
_NEAR: Final = 0.3
#: Bias of the heat map at first: one cell in fifty is one, else the first steps unlearn all others.
_AT_FIRST: Final = -4.0

Frames = tuple[Tensor, Tensor, Tensor]


class Detector(nn.Module):
    """Convolutions down to a quarter of the frame's resolution, and two heads of one convolution each."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        wide = 2 * channels
        ways = [(1, channels, 2), (channels, wide, 2), *((wide, wide, 1) for _ in range(layers))]
        steps: list[nn.Module] = []
        for before, after, stride in ways:
            steps += [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.body = nn.Sequential(*steps)
        self.heat = nn.Conv2d(wide, len(CLASSES), 1)
        self.boxes = nn.Conv2d(wide, 4, 1)
        assert self.heat.bias is not None
        nn.init.constant_(self.heat.bias, _AT_FIRST)

    def forward(self, shown: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (n, 1, 64, 64) to heat maps (n, 3, 16, 16) and boxes (n, 4, 16, 16): see `object_detect.found`."""
        seen = self.body(shown)
        return torch.sigmoid(self.heat(seen)), self.boxes(seen)


def _target(objects: tuple[Box, ...]) -> tuple[Floats, Floats]:
    """Heat map and boxes of labels; each cell has the box of the object whose bump is highest there.

    A heat map of bumps is that of Zhou, Wang, Kraehenbuehl: Objects as Points (2019).
    """
    heat = np.zeros((len(CLASSES), CELLS, CELLS), dtype=np.float32)
    boxes = np.zeros((4, CELLS, CELLS), dtype=np.float32)
    highest = np.zeros((CELLS, CELLS), dtype=np.float32)
    at = np.arange(CELLS, dtype=np.float32) + 0.5
    for one in objects:
        wide, high = one.right - one.left, one.bottom - one.top
        x, y = (one.left + one.right) / 2 / STRIDE, (one.top + one.bottom) / 2 / STRIDE
        across, down = (max(_LEAST_BUMP, _BUMP * side / STRIDE) for side in (wide, high))
        # The middle's own cell is wholly one, wherever in it the middle lies.
        dx, dy = (np.floor(at) - np.floor(middle) for middle in (x, y))
        bump = np.exp(-0.5 * ((dx / across)[None, :] ** 2 + (dy / down)[:, None] ** 2)).astype(np.float32)
        heat[one.label] = np.maximum(heat[one.label], bump)
        lead = bump > highest
        highest = np.maximum(highest, bump)
        told = np.broadcast_arrays(x - at[None, :], y - at[:, None], np.log(wide / LENGTH), np.log(high / LENGTH))
        boxes = np.where(lead, np.stack([np.broadcast_to(each, (CELLS, CELLS)) for each in told]), boxes)
    return heat, boxes.astype(np.float32)


@cache
def _labelled(seed: int, count: int) -> Frames:
    """Frames, heat maps and boxes of their labels."""
    drawn = [frame(seed, index) for index in range(count)]
    targets = [_target(objects) for _, objects in drawn]
    heat, boxes = (torch.from_numpy(np.stack(each)) for each in zip(*targets, strict=True))
    return torch.from_numpy(np.concatenate([shown for shown, _ in drawn])), heat, boxes


@cache
def _unlabelled() -> Tensor:
    return torch.from_numpy(np.concatenate([frame(_UNLABELLED_SEED, index)[0] for index in range(_UNLABELLED)]))


@cache
def _told(teacher: nn.Module) -> Frames:
    """The labelled and the unlabelled frames, and what the teacher sees in them, once for all students."""
    shown = torch.cat([_labelled(_LABELLED_SEED, _LABELLED)[0], _unlabelled()])
    with torch.no_grad():
        heat, boxes = zip(*(teacher(part) for part in shown.split(100)), strict=True)
    return shown, torch.cat(heat), torch.cat(boxes)


def _loss(network: nn.Module, shown: Tensor, heat: Tensor, boxes: Tensor) -> Tensor:
    """The same for labels and for a teacher's answers, both of which are numbers between 0 and 1.

    Of the heat map it is the quality focal loss, |t - p|^2 times the cross-entropy (Li et al.: Generalized Focal Loss,
    NeurIPS 2020), since most cells are empty and soon right; of boxes the absolute error, where an object is near.
    """
    sure, sides = network(shown)
    entropy = functional.binary_cross_entropy(sure, heat, reduction="none")
    near = heat.amax(dim=1, keepdim=True)
    near = near * (near > _NEAR)
    objects = near.sum().clamp(min=1.0)
    apart = ((sides - boxes).abs() * near).sum()
    loss: Tensor = (((sure - heat) ** 2 * entropy).sum() + _BOXES_WEIGH * apart) / objects
    return loss


def _mirrored(shown: Tensor, heat: Tensor, boxes: Tensor) -> Frames:
    """Left and right changed; so is then what is to the right of a cell."""
    sign = torch.tensor([-1.0, 1.0, 1.0, 1.0])[None, :, None, None]
    return shown.flip(3), heat.flip(3), boxes.flip(3) * sign


def _fit(network: nn.Module, frames: Frames, steps: int, rate: float, seed: int, tell: TellShare) -> None:
    """Adam with a rate that rises and falls; half of the batches are mirrored."""
    network.train()
    rng = np.random.Generator(np.random.PCG64(seed))
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.15)
    for step in range(steps):
        at = torch.from_numpy(rng.integers(0, len(frames[0]), _BATCH))
        shown, heat, boxes = (each[at] for each in frames)
        batch = _mirrored(shown, heat, boxes) if rng.random() < 0.5 else (shown, heat, boxes)
        optimiser.zero_grad()
        _loss(network, *batch).backward()
        optimiser.step()
        schedule.step()
        tell((step + 1) / steps)
    network.eval()


def _student(width: float) -> nn.Module:
    channels, layers = _STUDENT
    return Detector(round(channels * width), layers)


def _teach(teacher: nn.Module, seed: int, tell: TellShare) -> None:
    _fit(teacher, _labelled(_TEACHER_SEED, _TEACHER_FRAMES), _TEACHER_STEPS, _TEACHER_RATE, seed, tell)


def _learn(lesson: Lesson) -> None:
    """Taught, from what the teacher sees in labelled and unlabelled frames; untaught, from the few labels."""
    assert lesson.teacher is not None
    frames = _told(lesson.teacher) if lesson.taught else _labelled(_LABELLED_SEED, _LABELLED)
    _fit(lesson.student, frames, _STUDENT_STEPS, _STUDENT_RATE, lesson.seed, lesson.tell)


def _calibration(seed: int) -> Iterator[Arrays]:
    return ({"frame": frame(_CALIBRATION_SEED + seed, index)[0]} for index in range(_CALIBRATION_FRAMES))


RECIPE: Final = Recipe(
    task="object-detect",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=_student,
    learn=_learn,
    teacher=lambda: Detector(*_TEACHER),
    teach=_teach,
    inputs={"frame": (1, 1, SIZE, SIZE)},
    outputs=("heat", "boxes"),
    calibration=_calibration,
)
