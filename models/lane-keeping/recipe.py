"""A camera network that keeps a lane, taught on its own drives by a law that sees the lane's centre line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from assess.distill.recipe import Lesson, Recipe, Size
from assess.measure.tasks.lane_keeping import (
    FRAME_SHAPE,
    STEERING_LIMIT_RAD,
    STEP_S,
    TRAINING_TRACKS,
    Car,
    draw_episode,
)

if TYPE_CHECKING:
    from assess.measure.tasks.task import Arrays

#: Seeds of episodes: one for the drives that all students share, one for each student's own, one for calibration.
_SHARED_SEED: Final = 10_000
_OWN_SEED: Final = 11_000
_CALIBRATION_SEED: Final = 12_000

#: Cars that drive side by side, so that the student sees a batch.
_CARS: Final = 20
#: A car is replaced after so many steps, or when it left its lane.
_LIFE: Final = 40
#: Steps of all cars together: at first, driven at random, and in each round after that, driven by the student.
_FIRST_STEPS: Final = 6000
_ROUND_STEPS: Final = 1500
_ROUNDS: Final = 3
_FIRST_EPOCHS: Final = 4
_ROUND_EPOCHS: Final = 3
_BATCH: Final = 100
_RATE: Final = 4e-3

#: What is added to the steering while driving [rad], with a memory of half a second: the first time, and in rounds.
_WANDER_RAD: Final = 0.12
_EXPLORE_RAD: Final = 0.06
_WANDER_KEPT: Final = 0.8

#: Without a teacher, it takes so many steps to see where a steering has led to.
_HINDSIGHT_STEPS: Final = 8
#: Of highway-env's cars.
_CAR_LENGTH_M: Final = 5.0


class Drives(NamedTuple):
    """What cars went through, step by step.

    Attributes:
        frames: [steps, 1, rows, columns]
        teacher_rad: what the teacher would have steered.
        hindsight_rad: what would have led to the centre of the lane, as the drive showed; NaN where it ended too soon.
    """

    frames: Tensor
    teacher_rad: Tensor
    hindsight_rad: Tensor


class Place(NamedTuple):
    """What one car went through in one step; `offset_m` is how far right of the centre it began."""

    frame: Tensor
    teacher_rad: float
    steered_rad: float
    offset_m: float
    speed_m_s: float


class Student(nn.Module):
    """Four convolutions with stride two, and two layers that weigh what they found."""

    def __init__(self, width: float) -> None:
        super().__init__()
        # With fewer than four filters at first, it is luck whether they come to see the lines.
        channels = [1, *(max(4, round(width * each)) for each in (8, 16, 24, 32))]
        hidden = round(width * 64)
        layers: list[nn.Module] = []
        for index in range(4):
            kernel = 5 if index == 0 else 3
            layers += [
                nn.Conv2d(channels[index], channels[index + 1], kernel, stride=2, padding=kernel // 2, bias=False),
                nn.BatchNorm2d(channels[index + 1]),
                nn.ReLU(),
            ]
        rows, columns = -(-FRAME_SHAPE[0] // 16), FRAME_SHAPE[1] // 16
        self.layers = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(channels[-1] * rows * columns, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, frame: Tensor) -> Tensor:
        """Steering angle [rad], [batch, 1]."""
        steering: Tensor = self.layers(frame)
        return steering


def collect(policy: Callable[[Tensor], Tensor], wander_rad: float, steps: int, seed: int) -> Drives:
    """Let cars be driven by a policy that is led astray a little, and by gusts, from starts all over the lane."""
    rng = np.random.Generator(np.random.PCG64(seed))
    episodes = (draw_episode(rng, TRAINING_TRACKS, offset_m=1.5, heading_rad=0.2) for _ in range(steps))
    cars = [Car(next(episodes)) for _ in range(_CARS)]
    wander = rng.standard_normal(_CARS)
    places: list[list[Place]] = [[] for _ in cars]
    drives = []
    for _ in range(steps // _CARS):
        frames = torch.from_numpy(np.concatenate([car.frame() for car in cars]))
        steered = (policy(frames).numpy().ravel() + wander_rad * wander).clip(-STEERING_LIMIT_RAD, STEERING_LIMIT_RAD)
        wander = _WANDER_KEPT * wander + (1.0 - _WANDER_KEPT**2) ** 0.5 * rng.standard_normal(_CARS)
        for index, car in enumerate(cars):
            teacher, steering = car.teacher_steering_rad(), float(steered[index])
            places[index].append(Place(frames[index], teacher, steering, car.offset_m, car.speed_m_s))
            car.drive(steering)
            if car.left_lane or car.step == _LIFE:
                drives.append(_looked_back(places[index], car.offset_m))
                cars[index], places[index] = Car(next(episodes)), []
    drives += [_looked_back(drive, car.offset_m) for drive, car in zip(places, cars, strict=True) if drive]
    return _joined(drives)


def _looked_back(places: list[Place], last_m: float) -> Drives:
    """One car's drive, and what it should have steered so that it had come to the centre at last.

    A bend of the curvature c over the way d moves a car aside by c d^2 / 2, and small steering angles bend the path by
    1 / length each: what was steered, the earlier the more it moved, is set right by the offset that it led to.
    """
    offsets = [*(place.offset_m for place in places), last_m]
    early = np.arange(_HINDSIGHT_STEPS, 0, -1) - 0.5
    hindsight = np.full(len(places), np.nan)
    for step in range(len(places) + 1 - _HINDSIGHT_STEPS):
        steered = [place.steered_rad for place in places[step : step + _HINDSIGHT_STEPS]]
        way_m = _HINDSIGHT_STEPS * STEP_S * places[step].speed_m_s
        missed = 2.0 * _CAR_LENGTH_M * offsets[step + _HINDSIGHT_STEPS] / way_m**2
        hindsight[step] = np.average(steered, weights=early) - missed
    return Drives(
        torch.stack([place.frame for place in places]),
        torch.tensor([place.teacher_rad for place in places]),
        torch.from_numpy(hindsight.clip(-STEERING_LIMIT_RAD, STEERING_LIMIT_RAD)).float(),
    )


def _joined(drives: list[Drives]) -> Drives:
    return Drives(*(torch.cat(field) for field in zip(*drives, strict=True)))


@cache
def _shared() -> Drives:
    """Drives at random, the same for all students: they see all of the lane, and beyond either line."""
    return collect(lambda frames: torch.zeros(len(frames)), _WANDER_RAD, _FIRST_STEPS, _SHARED_SEED)


def learn(lesson: Lesson) -> None:
    """Aggregate drives: first those at random, then rounds of the student's own (DAgger, Ross et al. 2011).

    Taught: in each place that the student came to, what the teacher would have steered there. Untaught: what it should
    have steered there, as the rest of its drive showed (`_looked_back`). That takes the error that drives are scored
    by, and no word of the teacher. Networks, first drives, steps driven, epochs and all settings are the same.
    """
    drives = [_shared()]
    parts = _ROUNDS + 1
    optimizer = torch.optim.Adam(lesson.student.parameters(), lr=_RATE)
    for part in range(parts):
        if part:
            seed = _OWN_SEED + _ROUNDS * lesson.seed + part
            drives.append(collect(_policy(lesson.student), _EXPLORE_RAD, _ROUND_STEPS, seed))
        rate = _RATE * (1.0 - part / parts)
        _fit(lesson, optimizer, _joined(drives), _ROUND_EPOCHS if part else _FIRST_EPOCHS, rate)
        lesson.tell((part + 1) / parts)


def _policy(student: nn.Module) -> Callable[[Tensor], Tensor]:
    def steer(frames: Tensor) -> Tensor:
        student.eval()
        with torch.no_grad():
            steering: Tensor = student(frames)
        return steering

    return steer


def _fit(lesson: Lesson, optimizer: torch.optim.Optimizer, drives: Drives, epochs: int, rate: float) -> None:
    """Regress on the steering; half of the frames are mirrored, since a mirrored road takes the opposite."""
    labels = drives.teacher_rad if lesson.taught else drives.hindsight_rad
    kept = ~labels.isnan()
    all_frames, labels = drives.frames[kept], labels[kept].float()
    batches = len(labels) // _BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches, eta_min=0.05 * rate)
    for group in optimizer.param_groups:
        group["lr"] = rate
    schedule.base_lrs = [rate]
    lesson.student.train()
    for _ in range(epochs):
        for chosen in torch.randperm(len(labels))[: batches * _BATCH].view(batches, _BATCH):
            frames, label = all_frames[chosen], labels[chosen]
            mirrored = torch.rand(_BATCH) < 0.5
            frames = torch.where(mirrored[:, None, None, None], frames.flip(3), frames)
            label = torch.where(mirrored, -label, label)
            loss = nn.functional.huber_loss(lesson.student(frames)[:, 0], label, delta=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def calibration(seed: int) -> Iterator[Arrays]:
    """Frames of drives at random."""
    drives = collect(lambda frames: torch.zeros(len(frames)), _EXPLORE_RAD, 200, _CALIBRATION_SEED + seed)
    for frame in drives.frames.numpy():
        yield {"frame": frame[None]}


RECIPE = Recipe(
    task="lane-keeping",
    sizes=(Size("full", 1.0), Size("half", 0.5), Size("quarter", 0.25)),
    seeds=(0, 1, 2),
    student=Student,
    learn=learn,
    teacher=None,
    teach=None,
    inputs={"frame": (1, 1, *FRAME_SHAPE)},
    outputs=("steering",),
    calibration=calibration,
)
