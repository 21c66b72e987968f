"""Upscaling of rendered game frames by two: its scenes, its renderer, and how an upscaled frame is scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assess.errors import AssessError
from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Floats = NDArray[np.float32]
#: Opacity and colour of points, from their x and y.
Paint = Callable[[Floats, Floats], tuple[Floats, Floats]]

#: Pixels along a side of the frame that a game renders; all lengths below are in these pixels.
SIZE: Final = 96
#: Pixels along a side of the frame that is shown.
UPSCALED: Final = 2 * SIZE
#: Samples of the target along a side of one of its pixels: 16 a pixel. PSNR to 64 a pixel is 47 to 52 dB on four
#: frames, far beyond what a model reaches.
_SUPERSAMPLING: Final = 4
#: ITU-R BT.601-7, section 2.5.1: luma from gamma-encoded red, green and blue.
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
#: Luma is within this of the teacher's where the two agree: two steps of a display of 8 bits, which no eye tells apart.
_ALIKE: Final = 2.0 / 255.0
#: PSNR of equal frames, which would be infinite; an error of half a step of 16 bits is about as much.
PERFECT_DB: Final = 100.0

# Digits of three by five, row by row from the top, each row's leftmost column in the highest bit.
_DIGITS: Final = (
    (7, 5, 5, 5, 7),
    (2, 6, 2, 2, 7),
    (7, 1, 7, 4, 7),
    (7, 1, 3, 1, 7),
    (5, 5, 7, 1, 1),
    (7, 4, 7, 1, 7),
    (7, 4, 7, 5, 7),
    (7, 1, 2, 2, 2),
    (7, 5, 7, 5, 7),
    (7, 5, 7, 1, 7),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing in a scene.

    Attributes:
        left, top, right, bottom: what it lies within, in pixels of the small frame.
        paint: its opacity, 0 to 1, and its colour at points.
    """

    left: float
    top: float
    right: float
    bottom: float
    paint: Paint


def scene(rng: np.random.Generator) -> tuple[Shape, ...]:
    """What is seen, from the back to the front: a world, things in it, and a head-up display over it."""
    shapes = [_world(rng)]
    shapes += [_polygon(rng) for _ in range(rng.integers(3, 8))]
    shapes += [_sprite(rng) for _ in range(rng.integers(1, 4))]
    shapes += [_line(rng) for _ in range(rng.integers(3, 9))]
    shapes += _display(rng)
    return tuple(shapes)


def render(shapes: tuple[Shape, ...], samples: int) -> Floats:
    """A scene, sampled `samples` times along each side of a pixel of the small frame: (rows, columns, RGB), 0 to 1."""
    side = SIZE * samples
    at = ((np.arange(side) + 0.5) / samples).astype(np.float32)
    image = np.zeros((side, side, 3), dtype=np.float32)
    for shape in shapes:
        columns = slice(max(0, int(shape.left * samples)), max(0, int(np.ceil(shape.right * samples)) + 1))
        rows = slice(max(0, int(shape.top * samples)), max(0, int(np.ceil(shape.bottom * samples)) + 1))
        x, y = at[None, columns], at[rows, None]
        if not x.size or not y.size:
            continue
        opacity, colour = shape.paint(x, y)
        under = image[rows, columns]
        under += opacity[..., None] * (colour - under)
    return image


def frame_pair(seed: int, index: int) -> tuple[Floats, Floats]:
    """One item: luma of what the game renders and of what should be shown, both (1, 1, rows, columns), 0 to 1.

    The small frame has one sample at the middle of each pixel, so that its edges have stairs and thin lines have gaps;
    it is not a blurred copy of the target. The target is the mean of 16 samples a pixel. Colours are gamma-encoded
    ones, and means are taken of these, as games do that smooth edges after tone mapping. Only luma is upscaled: with
    4:2:0, the colour differences of the large frame are those of the small one.
    """
    shapes = scene(np.random.Generator(np.random.PCG64([seed, index])))
    small = render(shapes, 1)
    fine = render(shapes, 2 * _SUPERSAMPLING)
    large = fine.reshape(UPSCALED, _SUPERSAMPLING, UPSCALED, _SUPERSAMPLING, 3).mean(axis=(1, 3))
    return luma(small), luma(large)


def bilinear(frame: Floats) -> Floats:
    """A frame (1, 1, rows, columns) upscaled by two, bilinearly, edges repeated: what a display does by itself."""
    for axis in (2, 3):
        count = frame.shape[axis]
        before = np.take(frame, np.maximum(np.arange(count) - 1, 0), axis)
        after = np.take(frame, np.minimum(np.arange(count) + 1, count - 1), axis)
        pairs = np.stack([0.75 * frame + 0.25 * before, 0.75 * frame + 0.25 * after], axis + 1)
        frame = pairs.reshape(*frame.shape[:axis], 2 * count, *frame.shape[axis + 1 :]).astype(np.float32)
    return frame


def luma(image: Floats) -> Floats:
    """Luma (1, 1, rows, columns) of an image (rows, columns, RGB), 0 to 1."""
    weighed: Floats = (image @ _LUMA)[None, None]
    return weighed


def psnr_db(shown: Floats, target: Floats) -> float:
    """Peak signal-to-noise ratio of luma, -10 log10 of the mean squared error over all pixels, at most PERFECT_DB.

    What is shown is clipped to 0 to 1, as a display does; what is no finite number counts as wrong by all of the range.
    """
    error = np.where(np.isfinite(shown), np.clip(shown, 0.0, 1.0) - target, 1.0).astype(np.float64)
    return float(min(PERFECT_DB, -10.0 * np.log10(max(float(np.mean(error**2)), 1e-12))))


def evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Score a model from "luma" (1, 1, 96, 96) to "upscaled" (1, 1, 192, 192) on `count` frames; see `psnr_db`.

    Raises:
        AssessError: no teacher was given, or what a network puts out has another shape.
    """
    if teacher is None:
        raise AssessError("the teacher of 'frame-upscale' is a network, and none was given")
    models, teachers, plains, agreements = [], [], [], []
    for index in range(count):
        frame, target = frame_pair(seed, index)
        shown, taught = _shown(model, frame), _shown(teacher, frame)
        models.append(psnr_db(shown, target))
        teachers.append(psnr_db(taught, target))
        plains.append(psnr_db(bilinear(frame), target))
        agreements.append(_alike(shown, taught))
        tell((index + 1) / count)
    return Scores(tuple(models), tuple(teachers), tuple(plains), tuple(agreements))


def _shown(network: Infer, frame: Floats) -> Floats:
    network.reset()
    upscaled = np.asarray(network({"luma": frame})["upscaled"], dtype=np.float32)
    if upscaled.shape != (1, 1, UPSCALED, UPSCALED):
        raise AssessError(f"'upscaled' has shape {upscaled.shape}", hint=f"(1, 1, {UPSCALED}, {UPSCALED}) is asked for")
    return upscaled


def _alike(shown: Floats, taught: Floats) -> float:
    """Share of pixels that look the same; one that is no finite number looks like none."""
    with np.errstate(invalid="ignore"):
        near = np.abs(np.clip(shown, 0.0, 1.0) - np.clip(taught, 0.0, 1.0)) <= _ALIKE
    return float(np.mean(near & np.isfinite(shown) & np.isfinite(taught)))


def _colour(rng: np.random.Generator) -> Floats:
    return rng.uniform(0.05, 0.95, 3).astype(np.float32)


def _whole(x: Floats, y: Floats) -> Floats:
    return np.ones(np.broadcast_shapes(x.shape, y.shape), dtype=np.float32)


def _mix(share: Floats, one: Floats, other: Floats) -> Floats:
    return one + share[..., None] * (other - one)


def _world(rng: np.random.Generator) -> Shape:
    """A sky that grades into the horizon, and below it a plane with a pattern, seen in perspective; or a wall."""
    sky, haze, one, other = (_colour(rng) for _ in range(4))
    if rng.random() < 0.4:
        pattern = _pattern(rng, float(rng.uniform(-0.6, 0.6)))
        return Shape(0, 0, SIZE, SIZE, lambda x, y: (_whole(x, y), pattern(x - SIZE / 2, y - SIZE / 2)))
    horizon, height = rng.uniform(0.2, 0.7) * SIZE, rng.uniform(30.0, 90.0)
    turn, cell = rng.uniform(-0.8, 0.8), rng.uniform(1.0, 2.5)

    def paint(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        whole = _whole(x, y)
        above = np.clip(1.0 - y / horizon, 0.0, 1.0) * whole
        colour = _mix(above, haze, sky)
        ground = np.broadcast_to(y > horizon, whole.shape)
        depth = height / np.maximum(y - horizon, 0.5)
        across = (x - SIZE / 2) * depth / SIZE * 2.0
        odd = (np.floor((across + turn * depth) / cell) + np.floor((depth - turn * across) / cell)) % 2
        near = np.exp(-((depth / 6.0) ** 2)) * whole
        plane = _mix(near, 0.5 * (one + other), _mix((odd * whole).astype(np.float32), one, other))
        return whole, np.where(ground[..., None], plane, colour).astype(np.float32)

    return Shape(0, 0, SIZE, SIZE, paint)


def _pattern(rng: np.random.Generator, turn: float) -> Callable[[Floats, Floats], Floats]:
    """A texture on a surface that is turned by an angle (rad): plain, stripes, checks or bricks, with a gradient."""
    one, other = _colour(rng), _colour(rng)
    other = (0.5 * one + 0.5 * other).astype(np.float32)
    kind, cell = rng.integers(0, 4), np.float32(rng.uniform(8.0, 24.0))
    slope = rng.uniform(-0.006, 0.006, 2)
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))

    def paint(x: Floats, y: Floats) -> Floats:
        u, v = (cosine * x + sine * y) / cell, (cosine * y - sine * x) / cell
        if kind == 0:
            share = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.float32)
        elif kind == 1:
            share = (u % 1.0 < 0.35).astype(np.float32)
        elif kind == 2:
            share = ((np.floor(u) + np.floor(v)) % 2.0).astype(np.float32)
        else:
            row = np.floor(2.0 * v)
            mortar = ((u + 0.5 * (row % 2)) % 1.0 < 0.12) | ((2.0 * v) % 1.0 < 0.24)
            share = mortar.astype(np.float32)
        shade = (slope[0] * x + slope[1] * y).astype(np.float32)
        colour: Floats = np.clip(_mix(share, one, other) + shade[..., None], 0.0, 1.0)
        return colour

    return paint


def _polygon(rng: np.random.Generator) -> Shape:
    """A convex polygon of three to six corners with a texture: its corners lie on an ellipse that is turned."""
    centre, radii = rng.uniform(0.0, SIZE, 2), rng.uniform(10.0, 32.0, 2)
    turn, corners = float(rng.uniform(0.0, np.pi)), int(rng.integers(3, 7))
    angles = (np.arange(corners) + rng.uniform(0.1, 0.9, corners)) * 2.0 * np.pi / corners
    flat = np.stack([radii[0] * np.cos(angles), radii[1] * np.sin(angles)])
    points = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ flat
    pattern = _pattern(rng, turn)

    def paint(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        x, y = x - np.float32(centre[0]), y - np.float32(centre[1])
        inside = np.ones(np.broadcast_shapes(x.shape, y.shape), dtype=bool)
        for (px, py), (qx, qy) in zip(points.T, np.roll(points.T, -1, axis=0), strict=True):
            inside &= np.float32(qx - px) * (y - np.float32(py)) >= np.float32(qy - py) * (x - np.float32(px))
        return inside.astype(np.float32), pattern(x, y)

    low, high = centre + points.min(axis=1), centre + points.max(axis=1)
    return Shape(low[0], low[1], high[0], high[1], paint)


def _bitmap(cells: NDArray[Any], left: float, top: float, scale: float, turn: float, colours: Floats) -> Shape:
    """Cells of `scale` pixels a side, turned by an angle (rad) about their middle: 0 is clear, n has colour n - 1."""
    rows, columns = cells.shape
    x0, y0 = left + scale * columns / 2, top + scale * rows / 2
    reach = scale * float(np.hypot(rows, columns)) / 2
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))

    def paint(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        x, y = (x - np.float32(x0)) / np.float32(scale), (y - np.float32(y0)) / np.float32(scale)
        column = np.floor(cosine * x + sine * y + columns / 2).astype(np.int32)
        row = np.floor(cosine * y - sine * x + rows / 2).astype(np.int32)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        cell = np.where(inside, cells[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)], 0)
        return (cell > 0).astype(np.float32), colours[np.maximum(cell - 1, 0)]

    return Shape(x0 - reach, y0 - reach, x0 + reach, y0 + reach, paint)


def _sprite(rng: np.random.Generator) -> Shape:
    """A figure of eight by eight cells, the same left and right, of three colours."""
    half = rng.choice(4, (8, 4), p=[0.4, 0.3, 0.2, 0.1])
    colours = np.stack([_colour(rng) for _ in range(3)])
    left, top = rng.uniform(-4.0, SIZE - 8.0, 2)
    turn = float(rng.uniform(-0.5, 0.5)) if rng.random() < 0.5 else 0.0
    return _bitmap(np.hstack([half, half[:, ::-1]]), left, top, float(rng.uniform(2.5, 4.5)), turn, colours)


def _line(rng: np.random.Generator) -> Shape:
    """A cable, a rail, a pole: thin, and often all but level or upright, where stairs are longest."""
    start = rng.uniform(0.0, SIZE, 2)
    angle = rng.integers(0, 4) * np.pi / 2 + rng.normal(0.0, 0.25) if rng.random() < 0.6 else rng.uniform(0, 2 * np.pi)
    length, half, colour = rng.uniform(15.0, 90.0), rng.uniform(0.6, 1.6), _colour(rng)
    along = np.array([np.cos(angle), np.sin(angle)])
    end = start + length * along

    def paint(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        x, y = x - np.float32(start[0]), y - np.float32(start[1])
        u = np.float32(along[0]) * x + np.float32(along[1]) * y
        v = np.float32(along[0]) * y - np.float32(along[1]) * x
        return ((np.abs(v) <= half) & (u >= 0.0) & (u <= length)).astype(np.float32), colour

    low, high = np.minimum(start, end) - half, np.maximum(start, end) + half
    return Shape(low[0], low[1], high[0], high[1], paint)


def _display(rng: np.random.Generator) -> list[Shape]:
    """A head-up display: a bar in a panel that the world shines through, a number, and a ring to aim with."""
    ink, paper, fill = _colour(rng), _colour(rng), _colour(rng)
    left, top, width = rng.uniform(2.0, 40.0), rng.choice([3.0, 82.0]) + rng.uniform(0.0, 2.0), rng.uniform(25.0, 45.0)
    value = rng.uniform(0.1, 0.9)
    shapes = [
        _block(left, top, width, 9.0, paper, 0.5),
        _block(left + 2.0, top + 2.5, width - 4.0, 4.0, (0.3 * paper).astype(np.float32), 1.0),
        _block(left + 2.0, top + 2.5, value * (width - 4.0), 4.0, fill, 1.0),
    ]
    digits = [_DIGITS[digit] for digit in rng.integers(0, 10, rng.integers(2, 6))]
    cells = np.hstack([[[row >> bit & 1 for bit in (2, 1, 0)] + [0] for row in digit] for digit in digits])
    left, top = rng.uniform(3.0, 60.0, 2)
    shapes.append(_bitmap(cells, left, top, float(rng.uniform(1.8, 3.2)), 0.0, ink[None]))
    if rng.random() < 0.5:
        x0, y0 = rng.uniform(20.0, 76.0, 2)
        shapes.append(_ring(x0, y0, rng.uniform(4.0, 14.0), rng.uniform(0.6, 1.4), ink))
    return shapes


def _block(left: float, top: float, width: float, height: float, colour: Floats, opacity: float) -> Shape:
    right, bottom = left + width, top + height

    def paint(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        return np.float32(opacity) * inside.astype(np.float32), colour

    return Shape(left, top, right, bottom, paint)


def _ring(x0: float, y0: float, radius: float, half: float, colour: Floats) -> Shape:
    def paint(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return (np.abs(np.hypot(x - np.float32(x0), y - np.float32(y0)) - radius) <= half).astype(np.float32), colour

    reach = radius + half
    return Shape(x0 - reach, y0 - reach, x0 + reach, y0 + reach, paint)


FRAME_UPSCALE: Final = Task(
    id="frame-upscale",
    summary="Upscale the luma of a rendered game frame by two, as if rendered at twice the size with smooth edges.",
    metric="PSNR of luma",
    unit="dB",
    higher_is_better=True,
    item="frame",
    agrees="share of pixels whose luma is within 2/255 of the teacher's",
    evaluate=evaluate,
    needs_teacher=True,
)
