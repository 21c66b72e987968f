"""Students that spot keywords: small depthwise-separable networks that learn from a larger one's soft answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks.keyword_spot import BANDS, CLASSES, FRAMES, heard
from assess.measure.tasks.task import Arrays, TellShare

#: Below 20,000, where the evaluation's begin. Labels are dear: somebody has to listen to every clip.
_LABELLED_SEED, _LABELLED = 1, 400
#: Sound without a label costs nothing, the microphone hears it all day; the teacher tells what it thinks of it.
_UNLABELLED_SEED, _UNLABELLED = 2, 6000
_TEACHER_SEED, _TEACHER_CLIPS = 3, 10_000
_CALIBRATION_SEED, _CALIBRATION_CLIPS = 1000, 100
#: Channels and blocks. The teacher has those of the small DS-CNN of Zhang et al.: Hello Edge: Keyword Spotting on
#: Microcontrollers (2017), which MLPerf Tiny's keyword task takes over.
_STUDENT: Final = (28, 3)
_TEACHER: Final = (64, 4)
_BATCH: Final = 64
_STUDENT_STEPS: Final = 1000
_TEACHER_STEPS: Final = 1500
_RATE: Final = 1e-2
#: Of both softmaxes, as in Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network (2015).
_TEMPERATURE: Final = 2.0
#: A word that begins so many frames earlier or later is the same word.
_SHIFT: Final = 3


def _network(channels: int, blocks: int) -> nn.Module:
    """One convolution, then blocks of one for each channel and one across channels; time and bands are halved twice."""
    layers = _convolution(1, channels, 5, stride=2)
    for block in range(blocks):
        stride = 2 if block == 0 else 1
        layers += _convolution(channels, channels, 3, stride=stride, groups=channels)
        layers += _convolution(channels, channels, 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, len(CLASSES)))


def _convolution(before: int, after: int, size: int, *, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, size, stride, size // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU()]


def student(width: float) -> nn.Module:
    """Three blocks of 28 channels, 4 k parameters at full width."""
    channels, blocks = _STUDENT
    return _network(round(channels * width), blocks)


def teacher() -> nn.Module:
    """Four blocks of 64 channels, five times as many parameters."""
    return _network(*_TEACHER)


def teach(network: nn.Module, seed: int, tell: TellShare) -> None:
    """Train the teacher on many labelled clips; it is run once, so it may be slow."""
    shown, labels = _drawn(_TEACHER_SEED, _TEACHER_CLIPS)
    _train(network, shown, lambda out, at: functional.cross_entropy(out, labels[at]), seed, _TEACHER_STEPS, tell)


def learn(lesson: Lesson) -> None:
    """Train a student: untaught from the labels of a few clips; taught from the teacher's answers to these and many."""
    shown, labels = _drawn(_LABELLED_SEED, _LABELLED)
    if not lesson.taught:
        loss = lambda out, at: functional.cross_entropy(out, labels[at])  # noqa: E731
        _train(lesson.student, shown, loss, lesson.seed, _STUDENT_STEPS, lesson.tell)
        return
    assert lesson.teacher is not None
    shown, told = _told(lesson.teacher)

    def loss_of(out: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        apart = functional.log_softmax(out / _TEMPERATURE, 1)
        return functional.kl_div(apart, told[at], reduction="batchmean") * _TEMPERATURE**2

    _train(lesson.student, shown, loss_of, lesson.seed, _STUDENT_STEPS, lesson.tell)


def _train(network: nn.Module, shown: torch.Tensor, loss: Any, seed: int, steps: int, tell: TellShare) -> None:
    """Adam with a rate that rises and falls; batches are moved in time, which changes no class."""
    network.train()
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=_RATE, total_steps=steps)
    for step in range(steps):
        at = torch.randint(len(shown), (_BATCH,), generator=draw)
        shift = int(torch.randint(-_SHIFT, _SHIFT + 1, (1,), generator=draw))
        optimiser.zero_grad()
        loss(network(shown[at].roll(shift, 2)), at).backward()
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            tell(step / steps)
    network.eval()


@cache
def _told(teacher: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """The labelled and the unlabelled clips, and the teacher's soft answers to them, once for all students."""
    shown = torch.cat([_drawn(_LABELLED_SEED, _LABELLED)[0], _drawn(_UNLABELLED_SEED, _UNLABELLED)[0]])
    with torch.no_grad():
        softened = [functional.softmax(teacher(part) / _TEMPERATURE, 1) for part in shown.split(500)]
    return shown, torch.cat(softened)


@cache
def _drawn(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    shown, labels = heard(seed, count)
    return torch.from_numpy(shown), torch.from_numpy(labels)


def _calibration(seed: int) -> Iterator[Arrays]:
    shown, _ = heard(_CALIBRATION_SEED + seed, _CALIBRATION_CLIPS)
    return ({"sound": one[None]} for one in shown)


RECIPE: Final = Recipe(
    task="keyword-spot",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=student,
    learn=learn,
    teacher=teacher,
    teach=teach,
    inputs={"sound": (1, 1, FRAMES, BANDS)},
    outputs=("scores",),
    calibration=_calibration,
)
