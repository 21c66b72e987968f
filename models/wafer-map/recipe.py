"""Students that tell wafer-map patterns: small convolutional networks that learn from a large one's soft answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks.task import Arrays, TellShare
from assess.measure.tasks.wafer_map import CLASSES, maps

#: Below 20,000, where the evaluation's begin. Labels are dear: an engineer has to look at every map.
_LABELLED_SEED, _LABELLED = 1, 300
#: Maps without a label cost nothing, the line makes them every day; the teacher tells what it thinks of them.
_UNLABELLED_SEED, _UNLABELLED = 2, 6000
_TEACHER_SEED, _TEACHER_MAPS = 3, 8000
_BATCH = 64
_STEPS = 600
#: Of both softmaxes, as in Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network (2015).
_TEMPERATURE = 3.0


def _network(width: float, *, blocks: int, channels: int) -> nn.Module:
    layers: list[nn.Module] = []
    before = 1
    for block in range(blocks):
        after = max(2, round(channels * width * 2 ** min(block, 2)))
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if block < 3 else []
        before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, len(CLASSES)))


def student(width: float) -> nn.Module:
    """Three convolutions, 14 k parameters at full width."""
    return _network(width, blocks=3, channels=12)


def teacher() -> nn.Module:
    """Four convolutions, ten times as many parameters."""
    return _network(1.0, blocks=4, channels=24)


def teach(network: nn.Module, seed: int, tell: TellShare) -> None:
    """Train the teacher on many labelled maps; it is run once, so it may be slow."""
    shown, labels = _drawn(_TEACHER_SEED, _TEACHER_MAPS)
    _train(network, shown, lambda out, at: functional.cross_entropy(out, labels[at]), seed, 700, tell)


def learn(lesson: Lesson) -> None:
    """Train a student: without the teacher from the labelled maps; with it also from its answers to unlabelled ones."""
    shown, labels = _drawn(_LABELLED_SEED, _LABELLED)
    if not lesson.taught:
        loss = lambda out, at: functional.cross_entropy(out, labels[at])  # noqa: E731
        _train(lesson.student, shown, loss, lesson.seed, _STEPS, lesson.tell)
        return
    assert lesson.teacher is not None
    shown = torch.cat([shown, _drawn(_UNLABELLED_SEED, _UNLABELLED)[0]])
    with torch.no_grad():
        softened = [functional.softmax(lesson.teacher(part) / _TEMPERATURE, 1) for part in shown.split(500)]
    told = torch.cat(softened)

    def loss_of(out: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        apart = functional.log_softmax(out / _TEMPERATURE, 1)
        soft = functional.kl_div(apart, told[at], reduction="batchmean") * _TEMPERATURE**2
        known = at < len(labels)
        hard = functional.cross_entropy(out[known], labels[at[known]]) if known.any() else 0.0
        return soft + 0.1 * hard

    _train(lesson.student, shown, loss_of, lesson.seed, _STEPS, lesson.tell)


def _train(network: nn.Module, shown: torch.Tensor, loss: Any, seed: int, steps: int, tell: TellShare) -> None:
    """Adam with a rate that falls along a cosine; maps are turned and mirrored, which changes no class."""
    network.train()
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    for step in range(steps):
        at = torch.randint(len(shown), (_BATCH,), generator=draw)
        turns, mirrored = torch.randint(4, (1,), generator=draw), torch.randint(2, (1,), generator=draw)
        batch = torch.rot90(shown[at], int(turns), (2, 3))
        batch = batch.flip(3) if mirrored else batch
        optimiser.zero_grad()
        loss(network(batch), at).backward()
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            tell(step / steps)
    network.eval()


@cache
def _drawn(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    shown, labels = maps(seed, count)
    return torch.from_numpy(shown), torch.from_numpy(labels)


def _calibration(seed: int) -> Iterator[Arrays]:
    shown, _ = maps(1000 + seed, 100)
    return ({"map": one[None]} for one in shown)


RECIPE = Recipe(
    task="wafer-map",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=student,
    learn=learn,
    teacher=teacher,
    teach=teach,
    inputs={"map": (1, 1, 32, 32)},
    outputs=("scores",),
    calibration=_calibration,
)
