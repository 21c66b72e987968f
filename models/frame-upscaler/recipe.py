"""How frame upscalers are made: a wide teacher learns from supersampled frames, narrow students from the teacher."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks.frame_upscale import SIZE, frame_pair
from assess.measure.tasks.task import Arrays, TellShare

#: Of the frames to learn from and to calibrate with; below 20 000, where the seeds to be judged on begin.
_TRAINING_SEED: Final = 11
_CALIBRATION_SEED: Final = 500
#: One takes a tenth of a second to render; mirrored, transposed and inverted, they are 16 times as many.
_FRAMES: Final = 96
_CALIBRATION_FRAMES: Final = 16
#: Pixels along a side of a crop, and crops a step: edges of crops are a small part of them, yet scenes are many.
_CROP: Final = 48
_BATCH: Final = 8
#: Channels and layers; the teacher has seven times as many parameters as the full student.
_STUDENT: Final = (16, 3)
_TEACHER: Final = (40, 4)
#: As many as let the teacher and all 18 students be trained within some minutes on two cores.
_STUDENT_STEPS: Final = 400
_TEACHER_STEPS: Final = 700
_STUDENT_RATE: Final = 1e-2
_TEACHER_RATE: Final = 5e-3


class Upscaler(nn.Module):
    """Bilinear upscaling, and what convolutions at the small size add to it, moved to the pixels of the large one."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        stem = nn.Conv2d(1, channels, 5, padding=2, bias=False)
        steps: list[nn.Module] = [stem, nn.BatchNorm2d(channels), nn.ReLU()]
        for _ in range(layers):
            steps += [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
        self.body = nn.Sequential(*steps)
        self.head = nn.Conv2d(channels, 4, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)
        with torch.no_grad():
            # Only edges need more than bilinear upscaling: the first layer begins blind to areas of one brightness,
            # which would drown them. The last begins as nothing: then the network is bilinear upscaling.
            stem.weight -= stem.weight.mean(dim=(2, 3), keepdim=True)
            for parameter in self.head.parameters():
                parameter.zero_()

    def forward(self, luma: Tensor) -> Tensor:
        """Luma (n, 1, rows, columns), 0 to 1, to (n, 1, 2 rows, 2 columns), which may be somewhat beyond 0 to 1."""
        plain = functional.interpolate(luma, scale_factor=2.0, mode="bilinear", align_corners=False)
        added: Tensor = self.shuffle(self.head(self.body(luma)))
        return plain + added


@functools.cache
def _frames() -> tuple[Tensor, Tensor]:
    """Frames to learn from and what should be shown for them, rendered once."""
    small, large = zip(*(frame_pair(_TRAINING_SEED, index) for index in range(_FRAMES)), strict=True)
    return torch.from_numpy(np.concatenate(small)), torch.from_numpy(np.concatenate(large))


@functools.cache
def _answers(teacher: nn.Module) -> Tensor:
    """What the teacher shows for each of these frames, once for all students."""
    with torch.no_grad():
        return torch.cat([teacher(frame[None]) for frame in _frames()[0]])


def _batch(rng: np.random.Generator, small: Tensor, large: Tensor) -> tuple[Tensor, Tensor]:
    """The same part of some frames, small and large, mirrored, transposed and inverted alike."""
    frames = torch.from_numpy(rng.integers(0, len(small), _BATCH))
    top, left = (int(first) for first in rng.integers(0, SIZE - _CROP + 1, 2))
    down, across, transposed, inverted = (bool(each) for each in rng.random(4) < 0.5)
    parts = []
    for whole, scale in ((small, 1), (large, 2)):
        part = whole[frames, :, scale * top : scale * (top + _CROP), scale * left : scale * (left + _CROP)]
        part = part.flip([axis for axis, turned in ((2, down), (3, across)) if turned])
        part = part.transpose(2, 3) if transposed else part
        parts.append((1.0 - part if inverted else part).contiguous())
    return parts[0], parts[1]


def _fit(network: nn.Module, large: Tensor, steps: int, rate: float, seed: int, tell: TellShare) -> None:
    """Train towards large frames, by the squared error that PSNR is made of."""
    rng = np.random.Generator(np.random.PCG64(seed))
    network.train()
    # Differences from bilinear upscaling are small and so are their gradients; the usual eps is not far below them.
    optimiser = torch.optim.Adam(network.parameters(), rate, eps=1e-12)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.1)
    for step in range(steps):
        frame, wanted = _batch(rng, _frames()[0], large)
        optimiser.zero_grad()
        functional.mse_loss(network(frame), wanted).backward()
        optimiser.step()
        schedule.step()
        tell((step + 1) / steps)


def _student(width: float) -> nn.Module:
    channels, layers = _STUDENT
    return Upscaler(int(channels * width), layers)


def _teach(teacher: nn.Module, seed: int, tell: TellShare) -> None:
    _fit(teacher, _frames()[1], _TEACHER_STEPS, _TEACHER_RATE, seed, tell)


def _learn(lesson: Lesson) -> None:
    """Taught, towards what the teacher shows: what no one can tell from the small frame is averaged away in it."""
    assert lesson.teacher is not None
    large = _answers(lesson.teacher) if lesson.taught else _frames()[1]
    _fit(lesson.student, large, _STUDENT_STEPS, _STUDENT_RATE, lesson.seed, lesson.tell)


def _calibration(seed: int) -> Iterator[Arrays]:
    for index in range(_CALIBRATION_FRAMES):
        yield {"luma": frame_pair(_CALIBRATION_SEED + seed, index)[0]}


RECIPE: Final = Recipe(
    task="frame-upscale",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=_student,
    learn=_learn,
    teacher=lambda: Upscaler(*_TEACHER),
    teach=_teach,
    inputs={"luma": (1, 1, SIZE, SIZE)},
    outputs=("upscaled",),
    calibration=_calibration,
    half=True,
)
