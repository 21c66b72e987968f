"""Lane keeping from camera frames: cars and roads of highway-env's racetracks, seen by a camera of this task's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Image = NDArray[np.float32]

#: Rows and columns of a frame; grey, 0 to 1.
FRAME_SHAPE: Final = (32, 48)
#: One answer of the model steers for so long.
STEP_S: Final = 0.1
#: The motion is integrated in so many parts of a step.
_SUBSTEPS: Final = 2
#: Of an episode: 15 s, in which a car covers between a quarter and the half of a track.
EPISODE_STEPS: Final = 150
#: Half the width of a lane: a car whose centre is farther off has left it, and every step that is left scores this.
CAP_M: Final = 2.5
#: The steering of the front wheels ends here; the tightest lane of the tracks, 15 m in radius, takes 0.33 rad.
STEERING_LIMIT_RAD: Final = 0.6
#: An answer this near to the teacher's is the same answer. It is 3 degrees at the wheels, a tenth of what a bend takes.
SAME_STEERING_RAD: Final = 0.05
#: Students are trained on these; the third one, the oval, is met in evaluation only.
TRAINING_TRACKS: Final = ("RacetrackEnv", "RacetrackEnvLarge")
TRACKS: Final = (*TRAINING_TRACKS, "RacetrackEnvOval")

# The camera: behind the windscreen, its frame cropped to the road and squeezed, so that it has two focal lengths.
_CAMERA_AHEAD_M: Final = 1.5
_CAMERA_HEIGHT_M: Final = 1.4
_PITCH_RAD: Final = math.radians(24.0)
_FOCAL_COLUMNS: Final = 20.1  # Pixels: 100 degrees across 48 columns.
_FOCAL_ROWS: Final = 44.0  # Pixels: 40 degrees across 32 rows, from 1.4 m to 20 m ahead of the camera.

#: Along the camera's axis; what is farther, when the car nods, looks like what is here.
_FARTHEST_M: Final = 25.0

# The ground, as grey levels. The lines are those that highway-env draws: 0.3 m wide, dashes of 3 m every 4.33 m.
_CELL_M: Final = 0.1
_MARGIN_M: Final = 45.0  # More than the corners of a frame are away.
_GRASS, _ASPHALT, _PAINT = 0.34, 0.42, 0.85
_LINE_WIDTH_M: Final = 0.3
_DASH_M, _DASH_EVERY_M = 3.0, 4.33
_STRIPED: Final = 1  # LineType.STRIPED; 0 is no line, anything higher a continuous one.

# The teacher: the offset from the centre falls with the way driven like a critically damped spring of this length.
_STIFFNESS_PER_M2: Final = 0.03
_DAMPING_PER_M: Final = 2.0 * math.sqrt(_STIFFNESS_PER_M2)

# Gusts and ruts: an angle added to the steering, with a memory of a second.
_GUST_RAD: Final = 0.03
_GUST_MEMORY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Track:
    """A racetrack of highway-env, and what its ground looks like.

    Attributes:
        lanes: the segments of each lane, in driving order; highway-env's `StraightLane` and `CircularLane`.
        ground: grey levels, 0 to 1, rows along y.
        origin: x and y of the first cell [m].
    """

    lanes: tuple[tuple[Any, ...], ...]
    ground: Image
    origin: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Episode:
    """Everything that is drawn for one drive.

    Attributes:
        track: a name in TRACKS.
        lane: which of its lanes is to be kept.
        along: where on the lane the car starts, as a share of the lane's length.
        offset_m: how far right of the centre line it starts.
        heading_rad: its heading relative to the lane's.
        speed_m_s: which it keeps.
        gusts_rad: added to the steering, step by step.
        pitches_rad: of the camera, added to its mounting angle, step by step.
        gain: of the camera: how bright the day is.
        noise: standard deviation of a pixel's noise.
        noise_seed: that the noise is drawn from.
    """

    track: str
    lane: int
    along: float
    offset_m: float
    heading_rad: float
    speed_m_s: float
    gusts_rad: NDArray[np.float64]
    pitches_rad: NDArray[np.float64]
    gain: float
    noise: float
    noise_seed: int


def draw_episode(
    rng: np.random.Generator, tracks: tuple[str, ...] = TRACKS, offset_m: float = 1.0, heading_rad: float = 0.1
) -> Episode:
    """Draw one, starting at most so far off the centre line and so far turned away from it."""
    white = rng.standard_normal(EPISODE_STEPS)
    kept = math.exp(-STEP_S / _GUST_MEMORY_S)
    gusts = np.empty(EPISODE_STEPS)
    gust = white[0]
    for step in range(EPISODE_STEPS):
        gusts[step] = _GUST_RAD * gust
        gust = kept * gust + math.sqrt(1.0 - kept**2) * white[(step + 1) % EPISODE_STEPS]
    track = tracks[int(rng.integers(len(tracks)))]
    return Episode(
        track=track,
        lane=int(rng.integers(len(load_track(track).lanes))),
        along=float(rng.random()),
        offset_m=float(rng.uniform(-offset_m, offset_m)),
        heading_rad=float(rng.uniform(-heading_rad, heading_rad)),
        speed_m_s=float(rng.uniform(6.0, 12.0)),
        gusts_rad=gusts,
        pitches_rad=rng.normal(0.0, math.radians(0.5), EPISODE_STEPS),
        gain=float(rng.uniform(0.7, 1.4)),
        noise=float(rng.uniform(0.01, 0.04)),
        noise_seed=int(rng.integers(2**32)),
    )


@cache
def load_track(name: str) -> Track:
    """The road network of one of highway-env's racetracks, and its ground, painted from it."""
    tracks = import_module("highway_env.envs.racetrack_env")
    environment = getattr(tracks, name)({"other_vehicles": 0, "observation": {"type": "Kinematics"}})
    environment.reset(seed=0)
    lanes: dict[int, list[Any]] = {}
    for ends in environment.road.network.graph.values():
        for segments in ends.values():
            for number, segment in enumerate(segments):
                lanes.setdefault(number, []).append(segment)
    ordered = tuple(tuple(lanes[number]) for number in sorted(lanes))
    ground, origin = _painted(ordered, np.random.Generator(np.random.PCG64(TRACKS.index(name))))
    return Track(ordered, ground, origin)


def _painted(lanes: tuple[tuple[Any, ...], ...], rng: np.random.Generator) -> tuple[Image, tuple[float, float]]:
    """Grass, asphalt on it, lines on that, worn here and there, and the shadows of trees over all."""
    samples = [_surface(segment) for lane in lanes for segment in lane]
    points = np.concatenate([point for point, _ in samples])
    lines = np.concatenate([line for _, line in samples])
    low = points.min(axis=0) - _MARGIN_M
    columns, rows = np.ceil((points.max(axis=0) + _MARGIN_M - low) / _CELL_M).astype(int)
    cells = ((points - low) / _CELL_M).astype(int)
    road = np.zeros((rows, columns), dtype=bool)
    road[cells[:, 1], cells[:, 0]] = True
    paint = np.zeros((rows, columns), dtype=bool)
    paint[cells[lines, 1], cells[lines, 0]] = True
    worn = np.clip(0.7 + 0.4 * _patches(rng, rows, columns, 6.0), 0.15, 1.0)
    level = np.where(road, _ASPHALT + 0.04 * _patches(rng, rows, columns, 3.0), _GRASS)
    level = np.where(paint, level + worn * (_PAINT - level), level)
    level += np.where(road, 0.03, 0.08) * rng.standard_normal((rows, columns), dtype=np.float32)
    shade = np.clip(1.2 + 2.0 * _patches(rng, rows, columns, 5.0), 0.0, 1.0)
    level *= 0.5 + 0.5 * shade
    return np.clip(level, 0.0, 1.0).astype(np.float32), (float(low[0]), float(low[1]))


def _surface(segment: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Points that cover a lane's segment, dense enough to hit every cell, and whether each is on a line."""
    half = segment.width / 2.0
    across = np.arange(-half - _LINE_WIDTH_M / 2.0, half + _LINE_WIDTH_M / 2.0, 0.8 * _CELL_M)
    along = np.arange(0.0, segment.length, 0.8 * _CELL_M)
    points = np.concatenate([segment.position(at, across[:, None]) for at in along])
    near = np.abs(np.abs(across) - half) <= _LINE_WIDTH_M / 2.0
    dash = along % _DASH_EVERY_M < _DASH_M
    line = np.zeros((along.size, across.size), dtype=bool)
    for side, kind in zip((across < 0.0, across > 0.0), segment.line_types, strict=True):
        if kind:
            line |= (near & side)[None, :] & (dash if kind == _STRIPED else np.ones_like(dash))[:, None]
    return points, line.ravel()


def _patches(rng: np.random.Generator, rows: int, columns: int, size_m: float) -> Image:
    """Smooth noise of unit deviation at its knots, which are so far apart."""
    step = size_m / _CELL_M
    knots = rng.standard_normal((int(rows / step) + 2, int(columns / step) + 2))
    down, across = np.arange(rows) / step, np.arange(columns) / step
    top, left = down.astype(int), across.astype(int)
    over = knots[:, left] * (1.0 - across + left) + knots[:, left + 1] * (across - left)
    share = (down - top)[:, None]
    return np.asarray(over[top] * (1.0 - share) + over[top + 1] * share, dtype=np.float32)


class Car:
    """A car on its way: a `Vehicle` of highway-env, a camera, and the gusts of one episode."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode
        self.speed_m_s = episode.speed_m_s
        self._track = load_track(episode.track)
        self._lane = self._track.lanes[episode.lane]
        self._noise = np.random.Generator(np.random.PCG64(episode.noise_seed))
        self.step = 0
        rest = episode.along * sum(segment.length for segment in self._lane)
        for segment in self._lane:
            if rest < segment.length:
                break
            rest -= segment.length
        # Without a road: the vehicle would look for the nearest of all lanes, and it is one that is to be kept.
        self._vehicle = import_module("highway_env.vehicle.kinematics").Vehicle(
            None,
            segment.position(rest, episode.offset_m),
            segment.heading_at(rest) + episode.heading_rad,
            episode.speed_m_s,
        )
        self._locate()

    def _nearest(self, position: NDArray[np.float64]) -> Any:
        heading = self._vehicle.heading
        return min(self._lane, key=lambda segment: segment.distance_with_heading(position, heading))

    def _locate(self) -> None:
        segment = self._nearest(self._vehicle.position)
        self._along, offset = segment.local_coordinates(self._vehicle.position)
        #: How far the car is right of the lane's centre line [m].
        self.offset_m = float(offset)
        self._segment = segment

    @property
    def left_lane(self) -> bool:
        """Whether the drive has ended early."""
        return abs(self.offset_m) > CAP_M

    def teacher_steering_rad(self) -> float:
        """What a driver steers who sees the centre line itself.

        The kinematic bicycle of highway-env, its mass in the middle of the length L, moves at the slip
        b = atan(tan(steering) / 2) to its heading, and drives the curvature 2 sin(b) / L. With the offset e and the
        angle t between its motion and the lane, e' = t and t' = curvature driven - curvature of the road, per metre.
        What is driven is chosen so that e'' = -stiffness * e - damping * e': critically damped at any speed.
        """
        # The command holds for a step: the road is that of the middle of it.
        ahead = self._along + 0.5 * STEP_S * self._vehicle.speed
        road = _curvature(self._nearest(self._segment.position(ahead, 0.0)))
        road /= 1.0 - road * self.offset_m
        turn = math.remainder(self._vehicle.heading - self._segment.heading_at(self._along), math.tau)
        driven = road - _STIFFNESS_PER_M2 * self.offset_m - _DAMPING_PER_M * (turn + self._slip_rad(road))
        steering = math.atan(2.0 * math.tan(self._slip_rad(driven)))
        return min(max(steering, -STEERING_LIMIT_RAD), STEERING_LIMIT_RAD)

    def _slip_rad(self, curvature: float) -> float:
        return math.asin(min(max(curvature * self._vehicle.LENGTH / 2.0, -0.9), 0.9))

    def frame(self) -> Image:
        """What the camera sees, [1, 1, rows, columns]; once for each step, since the noise is drawn here."""
        return _exposed(self._track, self._vehicle, self._episode, self.step, self._noise)

    def drive(self, steering_rad: float) -> None:
        """Steer so for one step."""
        gust = self._episode.gusts_rad[self.step]
        limited = min(max(steering_rad, -STEERING_LIMIT_RAD), STEERING_LIMIT_RAD)
        self._vehicle.act({"steering": limited + gust, "acceleration": 0.0})
        for _ in range(_SUBSTEPS):
            self._vehicle.step(STEP_S / _SUBSTEPS)
        self.step += 1
        self._locate()


def _curvature(segment: Any) -> float:
    """Of the centre line [1/m], positive to the right."""
    radius = getattr(segment, "radius", None)
    return 0.0 if radius is None else segment.direction / radius


def _exposed(track: Track, vehicle: Any, episode: Episode, step: int, noise: np.random.Generator) -> Image:
    """Look up where the ray through each sample of each pixel meets the ground; pinhole camera, flat ground."""
    rows, columns = FRAME_SHAPE
    pitch = _PITCH_RAD + episode.pitches_rad[step]
    down = (_halves(rows) - rows / 2.0) / _FOCAL_ROWS
    right = (_halves(columns) - columns / 2.0) / _FOCAL_COLUMNS
    reach = np.minimum(_CAMERA_HEIGHT_M / (math.sin(pitch) + down * math.cos(pitch)), _FARTHEST_M)
    ahead = _CAMERA_AHEAD_M + reach * (math.cos(pitch) - down * math.sin(pitch))
    aside = reach[:, None] * right[None, :]
    # Nothing is out of the ground's range: the margin is wider than the camera sees.
    cos, sin = math.cos(vehicle.heading) / _CELL_M, math.sin(vehicle.heading) / _CELL_M
    left, top = (float(at - low) / _CELL_M for at, low in zip(vehicle.position, track.origin, strict=True))
    x = (left + ahead * cos)[:, None] - aside * sin
    y = (top + ahead * sin)[:, None] + aside * cos
    samples = track.ground.take(y.astype(np.int32) * track.ground.shape[1] + x.astype(np.int32))
    seen = samples[0::2, 0::2] + samples[0::2, 1::2] + samples[1::2, 0::2] + samples[1::2, 1::2]
    seen = episode.gain / 4.0 * seen + episode.noise * noise.standard_normal(FRAME_SHAPE, dtype=np.float32)
    return np.asarray(np.clip(seen, 0.0, 1.0), dtype=np.float32)[None, None]


def _halves(pixels: int) -> Image:
    """Where the samples are [pixels]: each pixel is the mean of two by two, since far lines are thinner than a row."""
    return np.asarray((np.arange(2 * pixels) + 0.5) / 2.0, dtype=np.float32)


def evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Let the model, the teacher and a fixed wheel drive the same episodes."""
    del teacher  # It is the law above.
    driven: list[tuple[float, float]] = []
    teachers: list[float] = []
    chances: list[float] = []
    for index in range(count):
        episode = draw_episode(np.random.Generator(np.random.PCG64((seed, index))))
        model.reset()
        driven.append(_driven_by(model, Car(episode)))
        teachers.append(_error_m(Car(episode), lambda car: car.teacher_steering_rad()))
        chances.append(_error_m(Car(episode), lambda car: 0.0))
        tell((index + 1) / count)
    errors, agreement = zip(*driven, strict=True) if driven else ((), ())
    return Scores(model=errors, teacher=tuple(teachers), chance=tuple(chances), agreement=agreement)


def _driven_by(model: Infer, car: Car) -> tuple[float, float]:
    """Mean error of a model's drive [m], and in what share of its steps it steered as the teacher would have."""
    agreed: list[bool] = []

    def steering_rad(car: Car) -> float:
        outputs = model({"frame": car.frame()})
        answer = float(np.asarray(outputs["steering"]).ravel()[0])
        agreed.append(abs(answer - car.teacher_steering_rad()) <= SAME_STEERING_RAD)
        return answer

    error_m = _error_m(car, steering_rad)
    return error_m, sum(agreed) / len(agreed)


def _error_m(car: Car, steering_rad: Any) -> float:
    """Mean distance from the lane's centre after each step [m]; CAP_M for those that come after leaving the lane."""
    errors = np.full(EPISODE_STEPS, CAP_M)
    for step in range(EPISODE_STEPS):
        answer = steering_rad(car)
        if not math.isfinite(answer):
            break  # Who does not answer has let go of the wheel.
        car.drive(answer)
        if car.left_lane:
            break
        errors[step] = abs(car.offset_m)
    return float(errors.mean())


LANE_KEEPING = Task(
    id="lane-keeping",
    summary="Steer a car along its lane from the frames of a forward camera, ten times a second, for 15 s.",
    metric="mean lateral error; after leaving the lane, 2.5 m",
    unit="m",
    higher_is_better=False,
    item="episode",
    agrees="the steering angle is within 0.05 rad of the teacher's in the same place",
    evaluate=evaluate,
    needs=("highway-env",),
)
