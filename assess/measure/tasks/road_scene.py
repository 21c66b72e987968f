"""Road scenes for a front camera: roads, vehicles and light, and how a frame of them is rendered.

Lengths are in metres from the camera, x to the right, z ahead. A pinhole camera looks along z, level but for the
vehicle's pitch; each of its rays is cut with the ground and with the boxes. The parameters are ours, and no picture of
a real road is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Generator = np.random.Generator

#: Pixels of a frame.
ROWS, COLUMNS = 48, 96
#: Pixels: 80 degrees across the 96 columns, as front cameras for near traffic have.
FOCAL: Final = 57.2
#: Row of the horizon when the vehicle does not pitch; there is more road than sky to see.
HORIZON: Final = 17.0
#: Metres of the camera above the road: behind a windscreen.
HEIGHT: Final = 1.4
#: A vehicle is in the grid when so much of what would be seen of it alone is seen, and at least so many pixels:
#: nobody can tell what is behind a lorry.
_SEEN_SHARE, _SEEN_PIXELS = 0.3, 4.0
#: Samples along a side of a pixel.
_SAMPLES: Final = 2
#: Metres; what is farther is haze.
_FAR: Final = 90.0


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle that stands on the road.

    Attributes:
        x, z: of its middle, metres.
        yaw: of its length against z, radians, positive to the right.
        width, length, height: metres.
        cabin: whether it is a car, with a cabin above its body, or a box as lorries are.
        paint: share of light that it throws back.
    """

    x: float
    z: float
    yaw: float
    width: float
    length: float
    height: float
    cabin: bool
    paint: float


@dataclass(frozen=True, slots=True)
class Road:
    """The road: its left edge is at offset + heading z + bend z^2 / 2.

    Attributes:
        offset, heading, bend: metres, radians, 1/m.
        lanes: how many.
        lane: width of each, metres.
    """

    offset: float
    heading: float
    bend: float
    lanes: int
    lane: float

    def left(self, z: Floats) -> Floats:
        """Where its left edge is: x in metres."""
        edge: Floats = np.asarray(self.offset + self.heading * z + 0.5 * self.bend * z * z, dtype=np.float32)
        return edge


@dataclass(frozen=True, slots=True)
class Light:
    """What lights a scene, and how the camera takes it.

    Attributes:
        ambient, sun: light from everywhere, and what the sun adds where a surface faces it, as grey values of white.
        towards: direction of the sun: x, up, z, of length 1.
        haze: grey value of the haze, and of the sky.
        density: of the haze, 1/m: what is so far away keeps exp(-density z) of its contrast.
        noise: standard deviation of a pixel's grey value.
        horizon: row of the horizon, which the vehicle's pitch shifts: a pixel is a degree.
    """

    ambient: float
    sun: float
    towards: Floats
    haze: float
    density: float
    noise: float
    horizon: float


def footprint(one: Vehicle, x: Floats, z: Floats, grown: float = 0.0) -> Mask:
    """Whether points on the road are below a vehicle, which may be grown to all sides by so many metres."""
    cosine, sine = np.float32(np.cos(one.yaw)), np.float32(np.sin(one.yaw))
    x, z = x - np.float32(one.x), z - np.float32(one.z)
    inside: Mask = np.abs(cosine * x - sine * z) <= 0.5 * one.width + grown
    return inside & (np.abs(sine * x + cosine * z) <= 0.5 * one.length + grown)


def road_of(rng: Generator) -> Road:
    """A road of two to four lanes; the vehicle is in one of them."""
    lanes, lane = int(rng.integers(2, 5)), float(rng.uniform(3.0, 3.7))
    own = int(rng.integers(0, lanes))
    offset = -(own + 0.5) * lane + rng.normal(0.0, 0.25)
    return Road(float(offset), float(rng.normal(0.0, 0.02)), float(rng.normal(0.0, 0.004)), lanes, lane)


def light_of(rng: Generator) -> Light:
    """Noon to dusk, clear to hazy; exposure is not perfect."""
    height, around = rng.uniform(0.25, 1.3), rng.uniform(-np.pi, np.pi)
    towards = np.array([np.cos(height) * np.sin(around), np.sin(height), np.cos(height) * np.cos(around)])
    gain = rng.uniform(0.45, 1.1)
    return Light(
        ambient=float(gain * rng.uniform(0.35, 0.6)),
        sun=float(gain * rng.uniform(0.0, 0.7)),
        towards=towards.astype(np.float32),
        haze=float(gain * rng.uniform(0.5, 0.95)),
        density=float(rng.uniform(0.002, 0.025)),
        noise=float(rng.uniform(0.005, 0.025)),
        horizon=float(HORIZON + rng.normal(0.0, 0.5)),
    )


def traffic(rng: Generator, road: Road) -> list[Vehicle]:
    """Vehicles in lanes, at the roadside, and now and then across; none overlap, and none is where the camera is."""
    vehicles: list[Vehicle] = []
    for _ in range(int(rng.choice(7, p=[0.12, 0.16, 0.2, 0.2, 0.14, 0.1, 0.08]))):
        one = _vehicle(rng, road)
        reach = 0.5 * (one.length + one.width)
        clear = one.z - reach > 1.0 or abs(one.x) > reach + 1.0
        if clear and all(np.hypot(one.x - each.x, (one.z - each.z) / 2.2) > 2.4 for each in vehicles):
            vehicles.append(one)
    return vehicles


def _vehicle(rng: Generator, road: Road) -> Vehicle:
    car, z = bool(rng.random() < 0.8), float(rng.uniform(4.0, 36.0))
    beside = rng.random() < 0.2
    place = rng.choice([-1.4, road.lanes * road.lane + 1.4]) if beside else (rng.integers(road.lanes) + 0.5) * road.lane
    yaw = np.arctan(road.heading + road.bend * z) + rng.normal(0.0, 0.04)
    yaw += rng.uniform(0.5, 2.6) if rng.random() < 0.08 else 0.0
    return Vehicle(
        x=float(road.left(np.array(z, dtype=np.float32)) + place + rng.normal(0.0, 0.25)),
        z=z,
        yaw=float(yaw),
        width=float(rng.uniform(1.65, 1.95) if car else rng.uniform(2.0, 2.5)),
        length=float(rng.uniform(3.6, 4.9) if car else rng.uniform(5.5, 8.5)),
        height=float(rng.uniform(1.4, 1.7) if car else rng.uniform(2.3, 3.4)),
        cabin=car,
        paint=float(rng.uniform(0.08, 0.95)),
    )


def render(rng: Generator, road: Road, light: Light, vehicles: list[Vehicle]) -> tuple[Floats, list[bool]]:
    """The frame (48, 96), and which vehicles can be seen well enough to be asked for."""
    across = (((np.arange(COLUMNS * _SAMPLES) + 0.5) / _SAMPLES - 0.5 * COLUMNS) / FOCAL).astype(np.float32)[None, :]
    down = (((np.arange(ROWS * _SAMPLES) + 0.5) / _SAMPLES - light.horizon) / FOCAL).astype(np.float32)[:, None]
    image, depth = _surroundings(rng, road, light, vehicles, across, down)
    owner = np.full(image.shape, -1)
    alone = []
    for number, one in enumerate(vehicles):
        part, near, shade = _boxes(one, light, across, down)
        alone.append(int(np.count_nonzero(near < _FAR)))
        shown = near < depth[part]
        depth[part] = np.where(shown, near, depth[part])
        image[part] = np.where(shown, shade, image[part])
        owner[part] = np.where(shown, number, owner[part])
    clear = np.exp(-np.float32(light.density) * depth)
    image = light.haze + clear * (image - np.float32(light.haze))
    pixels = image.reshape(ROWS, _SAMPLES, COLUMNS, _SAMPLES).mean(axis=(1, 3))
    noisy = pixels + light.noise * rng.standard_normal(pixels.shape)
    seen = [
        bool(np.count_nonzero(owner == number) >= max(_SEEN_SHARE * whole, _SEEN_PIXELS * _SAMPLES**2))
        for number, whole in enumerate(alone)
    ]
    return np.clip(noisy, 0.0, 1.0).astype(np.float32), seen


def _surroundings(
    rng: Generator, road: Road, light: Light, vehicles: list[Vehicle], across: Floats, down: Floats
) -> tuple[Floats, Floats]:
    """All but the vehicles, and how far away it is: the ground, and above it sky and a skyline."""
    z = np.where(down > HEIGHT / _FAR, HEIGHT / np.maximum(down, HEIGHT / _FAR), _FAR).astype(np.float32)
    x = across * z
    lit = light.ambient + light.sun * float(light.towards[1])
    ground = _ground(rng, road, x, z)
    ground = ground * np.where(_shadows(rng, light, vehicles, x, z), np.float32(light.ambient), np.float32(lit))
    heights = np.repeat(rng.uniform(0.0, 0.12, 24) * (rng.random(24) < 0.6), COLUMNS * _SAMPLES // 24)
    skyline = np.float32(rng.uniform(0.1, 0.5) * lit)
    sky = np.float32(light.haze) * (1.0 + 0.3 * np.clip(-down, 0.0, 1.0)) + 0.0 * across
    above = np.where(-down < heights[None, :].astype(np.float32), skyline, sky)
    image = np.where(down > HEIGHT / _FAR, ground, above).astype(np.float32)
    depth = np.where(down > HEIGHT / _FAR, z, _FAR) + 0.0 * across
    return image, depth.astype(np.float32)


def _ground(rng: Generator, road: Road, x: Floats, z: Floats) -> Floats:
    """Share of light that the ground throws back: asphalt with lines and patches, and what is beside it."""
    asphalt, line, beside = (np.float32(rng.uniform(*each)) for each in ((0.2, 0.45), (0.6, 1.0), (0.1, 0.7)))
    side = x - road.left(z)
    width = road.lanes * road.lane
    ground = np.where((side > -0.4) & (side < width + 0.4), asphalt, beside)
    for _ in range(int(rng.integers(0, 3))):
        px, pz, half = rng.uniform(-6.0, 6.0), rng.uniform(4.0, 25.0), rng.uniform(0.4, 2.0, 2)
        patch = (np.abs(x - np.float32(px)) < half[0]) & (np.abs(z - np.float32(pz)) < 2.0 * half[1])
        ground = np.where(patch, ground * np.float32(rng.uniform(0.6, 1.4)), ground)
    dash, gap, phase = rng.uniform(3.0, 6.0), rng.uniform(4.0, 9.0), rng.uniform(0.0, 9.0)
    dashed = (z + np.float32(phase)) % np.float32(dash + gap) < dash
    for number in range(road.lanes + 1):
        near = np.abs(side - np.float32(number * road.lane)) < 0.09
        ground = np.where(near if number in (0, road.lanes) else near & dashed, line, ground)
    return ground.astype(np.float32)


def _shadows(rng: Generator, light: Light, vehicles: list[Vehicle], x: Floats, z: Floats) -> Mask:
    """Where the sun does not reach the ground: below and beside vehicles, and below trees, which are not drawn."""
    shadow = np.zeros(np.broadcast_shapes(x.shape, z.shape), dtype=bool)
    reach = light.towards / max(float(light.towards[1]), 0.35)
    for one in vehicles:
        shadow |= footprint(one, x, z, 0.1)
        for part in (0.35, 0.7):
            away = part * one.height
            shadow |= footprint(one, x + np.float32(reach[0] * away), z + np.float32(reach[2] * away))
    for _ in range(int(rng.integers(0, 4))):
        px, pz, half = rng.uniform(-7.0, 7.0), rng.uniform(4.0, 28.0), rng.uniform(0.8, 2.5, 2)
        shadow |= ((x - np.float32(px)) / half[0]) ** 2 + ((z - np.float32(pz)) / (2.0 * half[1])) ** 2 < 1.0
    return shadow


def _boxes(one: Vehicle, light: Light, across: Floats, down: Floats) -> tuple[tuple[slice, slice], Floats, Floats]:
    """Of a vehicle alone: the part of the frame that it is in, and there its depth (_FAR where it is not) and shade."""
    body = 0.55 * one.height if one.cabin else one.height
    boxes = [(one.width, one.length, 0.0, body, one.paint)]
    if one.cabin:
        boxes.append((0.85 * one.width, 0.55 * one.length, body, one.height, 0.5 * one.paint))
    part = _extent(one, across, down)
    near = np.full((down[part[0]].size, across[:, part[1]].size), _FAR, dtype=np.float32)
    shade = np.zeros_like(near)
    for width, length, low, high, paint in boxes:
        entry, lit = _box(one, (width, length, low, high), light, across[:, part[1]], down[part[0]])
        # Tyres, bumpers and the gap below are dark.
        dark = HEIGHT - down[part[0]] * entry < 0.3
        nearer = entry < near
        shade = np.where(nearer, lit * np.where(dark, np.float32(0.06), np.float32(paint)), shade)
        near = np.where(nearer, entry, near)
    return part, near, shade


def _extent(one: Vehicle, across: Floats, down: Floats) -> tuple[slice, slice]:
    """Rows and columns of samples that a vehicle lies within, from the corners of its footprint and its height."""
    cosine, sine = np.cos(one.yaw), np.sin(one.yaw)
    right = np.array([-0.5, 0.5, -0.5, 0.5]) * one.width
    ahead = np.array([-0.5, -0.5, 0.5, 0.5]) * one.length
    x, z = one.x + cosine * right + sine * ahead, one.z - sine * right + cosine * ahead
    # A corner beside or behind the camera is far out of the frame, on its side.
    z = np.maximum(z, 0.2)
    rows = _between(down[:, 0], float(((HEIGHT - one.height) / z).min()), float((HEIGHT / z).max()))
    return rows, _between(across[0], float((x / z).min()), float((x / z).max()))


def _between(samples: Floats, low: float, high: float) -> slice:
    """Those of ascending samples that are from low to high, and one more on each side."""
    first, last = np.searchsorted(samples, [low, high])
    return slice(max(0, int(first) - 1), int(last) + 1)


def _box(
    one: Vehicle, size: tuple[float, float, float, float], light: Light, across: Floats, down: Floats
) -> tuple[Floats, Floats]:
    """Depth at which rays (across, down, 1) enter a box (width, length, from, to a height), and how that face is lit.

    By slabs: a ray is inside while it is between all three pairs of planes (Kay, Kajiya: Ray Tracing Complex Scenes,
    SIGGRAPH 1986).
    """
    width, length, low, high = size
    cosine, sine = float(np.cos(one.yaw)), float(np.sin(one.yaw))
    sun = light.towards
    # Along the width, along the length, and down: rays, where the box is on them, and the sun's part on each axis.
    axes: tuple[tuple[Floats, float, float, float], ...] = (
        (cosine * across - sine, cosine * one.x - sine * one.z, 0.5 * width, float(cosine * sun[0] - sine * sun[2])),
        (sine * across + cosine, sine * one.x + cosine * one.z, 0.5 * length, float(sine * sun[0] + cosine * sun[2])),
        (down, HEIGHT - 0.5 * (low + high), 0.5 * (high - low), -float(sun[1])),
    )
    entry: Floats = np.zeros((down.size, across.size), dtype=np.float32)
    leave: Floats = np.full_like(entry, _FAR)
    lit = entry
    for ray, middle, half, sunlight in axes:
        ray = np.where(np.abs(ray) < 1e-6, np.float32(1e-6), ray)
        one_side, other = np.float32(middle - half) / ray, np.float32(middle + half) / ray
        begins = np.minimum(one_side, other)
        faced = np.maximum(-np.sign(ray) * np.float32(sunlight), 0.0)
        lit = np.where(begins > entry, light.ambient + light.sun * faced, lit)
        entry, leave = np.maximum(entry, begins), np.minimum(leave, np.maximum(one_side, other))
    hit = (entry < leave) & (entry > 0.0)
    return np.where(hit, entry, np.float32(_FAR)).astype(np.float32), np.asarray(lit, dtype=np.float32)
