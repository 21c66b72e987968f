"""People, vehicles and animals in small grey frames: how frames are drawn, and how a grid of answers is scored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assess.errors import AssessError
from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Floats = NDArray[np.float32]
Generator = np.random.Generator
Point = tuple[float, float]

#: In the order of the channels of the heat map.
CLASSES: Final = ("person", "vehicle", "animal")
#: Pixels along a side of a frame; all lengths below are in pixels.
SIZE: Final = 64
#: Pixels along a side of a cell, and cells along a side of the grid.
STRIDE: Final = 4
CELLS: Final = SIZE // STRIDE
#: Sizes of boxes are told as the natural logarithm of their ratio to this.
LENGTH: Final = 16.0
#: Shares of frames with none to four objects. One that finds no room is left out.
_COUNTS: Final = (0.1, 0.2, 0.3, 0.25, 0.15)
#: Height of a person and width of the others: a small one is a few cells large.
_REACH: Final = {"person": (13.0, 32.0), "vehicle": (14.0, 34.0), "animal": (12.0, 28.0)}
#: Share of the smaller box of two objects that may be the other's too.
_SHARED: Final = 0.15
_TRIES: Final = 12
#: How much brighter or darker than what is behind it a thing is, and how much its parts differ.
_CONTRAST: Final = (0.18, 0.45)
_PARTS_DIFFER: Final = 0.05
#: Things that are none of the classes, behind the objects and in front of them; the upper end is left out.
_BEHIND: Final = (3, 8)
_BEFORE: Final = (0, 3)
#: Standard deviation of the sensor's noise, of a range of 0 to 1: a bright and a dim scene.
_NOISE: Final = (0.02, 0.06)
#: What a cell must reach to be an answer, the same for all models, chosen on frames of another seed; and what an
#: answer must overlap with an object to be right, as in PASCAL VOC.
_CERTAIN: Final = 0.35
_OVERLAP: Final = 0.5

_AT: Final = (np.arange(SIZE, dtype=np.float32) + 0.5).astype(np.float32)
_X: Final = _AT[None, :]
_Y: Final = _AT[:, None]


@dataclass(frozen=True, slots=True)
class Box:
    """An object: its class, an index of CLASSES, and its sides in pixels from the frame's left and upper edge."""

    label: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Capsule:
    """All points that are within `radius` of a line from one point to another; of a point, a disc."""

    start: Point
    end: Point
    radius: float

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        (ax, ay), (bx, by), reach = self.start, self.end, self.radius
        return min(ax, bx) - reach, min(ay, by) - reach, max(ax, bx) + reach, max(ay, by) + reach

    def cover(self) -> Floats:
        """Share of each pixel that it covers, about."""
        (ax, ay), (bx, by) = self.start, self.end
        along = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-6)
        share = np.clip(((_X - ax) * (bx - ax) + (_Y - ay) * (by - ay)) / along, 0.0, 1.0)
        away = np.hypot(_X - ax - share * (bx - ax), _Y - ay - share * (by - ay))
        covered: Floats = np.clip(self.radius + 0.5 - away, 0.0, 1.0).astype(np.float32)
        return covered


@dataclass(frozen=True, slots=True)
class Slab:
    """An upright trapezoid: its middle, upper and lower edge, and half its width at both."""

    middle: float
    top: float
    bottom: float
    above: float
    below: float

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        half = max(self.above, self.below)
        return self.middle - half, self.top, self.middle + half, self.bottom

    def cover(self) -> Floats:
        """Share of each pixel that it covers, about."""
        share = np.clip((_Y - self.top) / max(self.bottom - self.top, 1e-6), 0.0, 1.0)
        half = self.above + share * (self.below - self.above)
        across = np.clip(half + 0.5 - np.abs(_X - self.middle), 0.0, 1.0)
        down = np.clip(np.minimum(_Y - self.top, self.bottom - _Y) + 0.5, 0.0, 1.0)
        covered: Floats = (across * down).astype(np.float32)
        return covered


Parts = list[tuple[Capsule | Slab, float]]


def frame(seed: int, index: int) -> tuple[Floats, tuple[Box, ...]]:
    """One item: a grey frame (1, 1, 64, 64), 0 to 1, and what is in it.

    A ground of soft patches; things that look somewhat like objects (poles, crates, bushes); objects of parts, of any
    brightness, that hardly overlap; a few things in front of them; a sensor's noise. All is drawn from PCG64 of the
    seed and the index.
    """
    rng = np.random.Generator(np.random.PCG64([seed, index]))
    image = _ground(rng)
    for _ in range(rng.integers(*_BEHIND)):
        _lay(image, _clutter(rng), rng)
    boxes: list[Box] = []
    for _ in range(rng.choice(len(_COUNTS), p=_COUNTS)):
        label = int(rng.integers(len(CLASSES)))
        placed = _placed(label, boxes, rng)
        if placed is not None:
            boxes.append(placed[0])
            _lay(image, placed[1], rng)
    for _ in range(rng.integers(*_BEFORE)):
        _lay(image, _wire(rng), rng)
    image += rng.normal(0.0, rng.uniform(*_NOISE), image.shape).astype(np.float32)
    return np.clip(image, 0.0, 1.0).astype(np.float32)[None, None], tuple(boxes)


def found(heat: Any, boxes: Any) -> tuple[Box, ...]:
    """What a grid of answers says is there.

    Args:
        heat: (1, 3, 16, 16), how sure it is, 0 to 1, that the middle of an object of each class is in each cell.
        boxes: (1, 4, 16, 16): how far that middle is to the right of the cell's and below it, in cells; natural
            logarithms of width and height in units of 16 pixels.

    A cell is an answer if its surest class is surer than those of its eight neighbours, the first of equal ones, and
    than a threshold, the same for all models. A cell with a number that is not finite is none.
    """
    finite = np.isfinite(heat).all(axis=1)[0] & np.isfinite(boxes).all(axis=1)[0]
    sure = np.where(finite, heat[0].max(axis=0), -np.inf)
    around = np.pad(sure, 1, constant_values=-np.inf)
    peak = finite & (sure >= _CERTAIN)
    for row in range(3):
        for column in range(3):
            other = around[row : row + CELLS, column : column + CELLS]
            before = (row, column) < (1, 1)
            if (row, column) != (1, 1):
                peak &= (sure > other) if before else (sure >= other)
    return tuple(_box_of(heat, boxes, int(row), int(column)) for row, column in np.argwhere(peak))


def f1(answers: tuple[Box, ...], truth: tuple[Box, ...]) -> float:
    """Harmonic mean of the shares of answers that are right and of objects that are found, 2 TP / (answers + objects).

    An answer is right if it has the class of an object and shares half of their union with it (IoU >= 0.5); each
    object makes one answer right, pairs of the largest overlap first. Nothing answered where nothing is scores 1.
    """
    if not answers and not truth:
        return 1.0
    pairs = [(iou(one, other), i, j) for i, one in enumerate(answers) for j, other in enumerate(truth)]
    used: set[int] = set()
    right: set[int] = set()
    for overlap, i, j in sorted(pairs, reverse=True):
        if overlap >= _OVERLAP and answers[i].label == truth[j].label and i not in right and j not in used:
            right.add(i)
            used.add(j)
    return 2.0 * len(right) / (len(answers) + len(truth))


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, whatever their classes."""
    shared = _shared(one, other)
    return shared / max(_area(one) + _area(other) - shared, 1e-9)


def evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Score a model from "frame" (1, 1, 64, 64) to "heat" and "boxes" on `count` frames; see `found` and `f1`.

    Raises:
        AssessError: no teacher was given, or what a network puts out has another shape.
    """
    if teacher is None:
        raise AssessError("the teacher of 'object-detect' is a network, and none was given")
    models, teachers, chances, agreements = [], [], [], []
    for index in range(count):
        shown, truth = frame(seed, index)
        ours, theirs = _answers(model, shown), _answers(teacher, shown)
        models.append(f1(ours, truth))
        teachers.append(f1(theirs, truth))
        chances.append(f1((), truth))
        agreements.append(f1(ours, theirs))
        tell((index + 1) / count)
    return Scores(tuple(models), tuple(teachers), tuple(chances), tuple(agreements))


def _answers(network: Infer, shown: Floats) -> tuple[Box, ...]:
    network.reset()
    outputs = network({"frame": shown})
    for name, channels in (("heat", len(CLASSES)), ("boxes", 4)):
        wanted, has = (1, channels, CELLS, CELLS), np.shape(outputs[name])
        if has != wanted:
            raise AssessError(f"{name!r} has shape {has}", hint=f"{wanted} is asked for")
    return found(np.asarray(outputs["heat"]), np.asarray(outputs["boxes"]))


def _box_of(heat: Any, boxes: Any, row: int, column: int) -> Box:
    right, down, wide, high = (float(each) for each in boxes[0, :, row, column])
    x, y = (column + 0.5 + right) * STRIDE, (row + 0.5 + down) * STRIDE
    # A wild answer is a wrong one, not an overflow.
    width, height = (LENGTH * float(np.exp(np.clip(each, -4.0, 4.0))) for each in (wide, high))
    label = int(np.argmax(heat[0, :, row, column]))
    return Box(label, x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def _shared(one: Box, other: Box) -> float:
    """Area of the intersection, in pixels."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(across, 0.0) * max(down, 0.0)


def _smooth(rng: Generator, cells: int) -> Floats:
    """Noise of so many cells along a side, -1 to 1, linear between their middles."""
    coarse = rng.uniform(-1.0, 1.0, (cells + 1, cells + 1)).astype(np.float32)
    at = _AT / SIZE * cells
    low = at.astype(int)
    part = (at - low).astype(np.float32)
    rows = coarse[low] + part[:, None] * (coarse[low + 1] - coarse[low])
    smooth: Floats = rows[:, low] + part[None, :] * (rows[:, low + 1] - rows[:, low])
    return smooth


def _ground(rng: Generator) -> Floats:
    """Light that falls unevenly, and patches of two sizes."""
    level, uneven, patches = rng.uniform(0.3, 0.7), rng.uniform(0.0, 0.2), rng.uniform(0.02, 0.1)
    ground = level + uneven * _smooth(rng, 2) + patches * (_smooth(rng, 7) + 0.7 * _smooth(rng, 18))
    return np.asarray(ground, dtype=np.float32)


def _lay(image: Floats, parts: Parts, rng: Generator) -> None:
    """Paint parts over an image: brighter or darker than what is there, some parts a little more so."""
    left, top, right, bottom = _bounds(shape for shape, _ in parts)
    rows = slice(max(0, int(top)), min(SIZE, int(bottom) + 1))
    columns = slice(max(0, int(left)), min(SIZE, int(right) + 1))
    there = float(image[rows, columns].mean()) if image[rows, columns].size else 0.5
    contrast = rng.uniform(*_CONTRAST)
    # What would be beyond black or white goes the other way, or it would be hardly seen.
    away = contrast if rng.random() < 0.5 else -contrast
    away = -away if not 0.05 <= there + away <= 0.95 else away
    for shape, tone in parts:
        shade = np.clip(there + away * tone + rng.normal(0.0, _PARTS_DIFFER), 0.0, 1.0)
        image += shape.cover() * (np.float32(shade) - image)


def _bounds(shapes: Iterable[Capsule | Slab]) -> tuple[float, float, float, float]:
    left, top, right, bottom = zip(*(shape.bounds() for shape in shapes), strict=True)
    return min(left), min(top), max(right), max(bottom)


def _placed(label: int, others: list[Box], rng: Generator) -> tuple[Box, Parts] | None:
    """An object where it is seen whole; None if there was no room for it."""
    for _ in range(_TRIES):
        reach = float(np.exp(rng.uniform(*np.log(_REACH[CLASSES[label]]))))
        parts = _OBJECTS[label](rng, rng.uniform(0.0, SIZE), rng.uniform(0.0, SIZE), reach)
        box = Box(label, *_bounds(shape for shape, _ in parts))
        inside = min(box.left, box.top) >= 0.0 and max(box.right, box.bottom) <= SIZE
        if inside and all(_shared(box, one) <= _SHARED * min(_area(box), _area(one)) for one in others):
            return box, parts
    return None


def _person(rng: Generator, x: float, y: float, tall: float) -> Parts:
    """Head, trunk, two arms and two legs that stand or walk; `y` is the height of the hips."""
    head, thick = tall * rng.uniform(0.085, 0.11), tall * rng.uniform(0.035, 0.055)
    stride, swing = tall * rng.uniform(0.03, 0.16), tall * rng.uniform(0.1, 0.2)
    trunk, shoulder, floor = tall * rng.uniform(0.075, 0.11), y - 0.26 * tall, y + 0.46 * tall
    parts: Parts = [(Capsule((x, y), (x + side * stride, floor), thick), 0.9) for side in (-1, 1)]
    parts += [(Capsule((x, shoulder), (x + side * swing, y - 0.02 * tall), thick * 0.8), 0.9) for side in (-1, 1)]
    parts += [(Capsule((x, shoulder), (x, y), trunk), 1.0)]
    return [*parts, (Capsule((x, shoulder - 0.17 * tall), (x, shoulder - 0.17 * tall), head), 1.1)]


def _vehicle(rng: Generator, x: float, y: float, wide: float) -> Parts:
    """A body on two wheels, and a cabin on it: of a car in the middle, of a lorry at one end."""
    high, wheel = wide * rng.uniform(0.2, 0.3), wide * rng.uniform(0.08, 0.12)
    cabin, shift = wide * rng.uniform(0.22, 0.34), wide * rng.uniform(-0.15, 0.15)
    roof = y - high / 2 - wide * rng.uniform(0.14, 0.24)
    window = Slab(x + shift, roof + 0.25 * (y - high / 2 - roof), y - high / 2, cabin * 0.5, cabin * 0.7)
    parts: Parts = [
        (Slab(x + shift, roof, y - high / 2 + 0.5, cabin * 0.75, cabin), 0.9),
        (window, rng.choice([0.2, 1.5])),
        (Slab(x, y - high / 2, y + high / 2, wide * 0.47, wide * 0.5), 1.0),
    ]
    axle, tone = wide * rng.uniform(0.26, 0.34), rng.choice([-0.3, 1.6])
    return parts + [
        (Capsule((x + side * axle, y + high / 2), (x + side * axle, y + high / 2), wheel), tone) for side in (-1, 1)
    ]


def _animal(rng: Generator, x: float, y: float, wide: float) -> Parts:
    """A level trunk on four legs, a head that is held up or down at one end and a tail at the other."""
    ahead = rng.choice([-1.0, 1.0])
    trunk, thin = wide * rng.uniform(0.1, 0.15), wide * rng.uniform(0.03, 0.045)
    half, leg = wide * 0.27, wide * rng.uniform(0.26, 0.4)
    nod, head = wide * rng.uniform(-0.22, 0.02), wide * rng.uniform(0.08, 0.11)
    parts: Parts = []
    for place in (-1.0, -0.65, 0.65, 1.0):
        hip = (x + place * half, y)
        parts.append((Capsule(hip, (hip[0] + wide * rng.uniform(-0.06, 0.06), y + leg), thin), 0.9))
    tail = (x - ahead * (half + trunk + wide * 0.1), y + wide * rng.uniform(-0.18, 0.12))
    parts.append((Capsule((x - ahead * (half + trunk * 0.5), y), tail, thin * 0.8), 0.9))
    face = (x + ahead * (half + wide * 0.17), y + nod)
    parts += [(Capsule((x + ahead * half, y), face, head * 0.7), 1.0), (Capsule(face, face, head), 1.1)]
    return [*parts, (Capsule((x - half, y), (x + half, y), trunk), 1.0)]


def _clutter(rng: Generator) -> Parts:
    """A pole, a crate or a bush: as large as objects are, without a head, wheels or legs."""
    kind, x, y, reach = rng.integers(3), *rng.uniform(0.0, SIZE, 2), rng.uniform(8.0, 30.0)
    if kind == 0:
        lean = reach * rng.uniform(-0.15, 0.15)
        return [(Capsule((x - lean, y - reach / 2), (x + lean, y + reach / 2), reach * rng.uniform(0.03, 0.09)), 1.0)]
    if kind == 1:
        high = reach * rng.uniform(0.25, 0.5)
        crate: Parts = [(Slab(x, y - high, y + high, reach * rng.uniform(0.35, 0.5), reach * 0.5), 1.0)]
        return [*crate, (Slab(x, y - high * 0.3, y + high * 0.3, reach * 0.4, reach * 0.4), rng.uniform(0.4, 1.4))]
    places = np.array([x, y]) + rng.normal(0.0, reach * 0.2, (int(rng.integers(3, 7)), 2))
    return [(Capsule((px, py), (px, py), reach * rng.uniform(0.1, 0.22)), 1.0) for px, py in places.tolist()]


def _wire(rng: Generator) -> Parts:
    """A thin line, such as a cable or a twig, before everything."""
    (ax, ay), (bx, by) = rng.uniform(0.0, SIZE, (2, 2)).tolist()
    return [(Capsule((ax, ay), (bx, by), rng.uniform(0.4, 0.9)), 1.0)]


#: In the order of CLASSES.
_OBJECTS: Final = (_person, _vehicle, _animal)

OBJECT_DETECT: Final = Task(
    id="object-detect",
    summary="Find people, vehicles and animals in grey frames of 64 x 64 pixels.",
    metric="F1 at IoU 0.5",
    unit="1",
    higher_is_better=True,
    item="frame",
    agrees="F1 of its objects against the teacher's as if these were the truth: same class, IoU of 0.5 or more",
    evaluate=evaluate,
    needs_teacher=True,
)
