"""Hopping at a commanded speed under pushes that are not announced: MuJoCo's one-legged robot, and its teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Floats = NDArray[np.float64]

#: One integration step. Gymnasium's Hopper-v5 takes four of 2 ms with RK4; the implicit integrator is as stable at
#: twice the step and takes an eighth of the time.
_STEP_S: Final = 0.004
_STEPS_PER_ACTION: Final = 4
#: Between two actions: 62.5 Hz.
PERIOD_S: Final = _STEP_S * _STEPS_PER_ACTION
#: Actions in an episode: 4.8 s, about ten hops.
LENGTH: Final = 300
#: An episode is over when the torso is lower (m) or leans further (rad) than this.
_LOWEST_M: Final = 0.7
_STEEPEST_RAD: Final = 0.5
#: Speeds that are asked for.
_SLOWEST_M_S: Final = 0.5
_FASTEST_M_S: Final = 2.0
#: The largest push on the torso, and how many actions it lasts (0.08 s): at most 8 N s on a body of 15.8 kg.
_PUSH_N: Final = 100.0
_PUSH_LENGTH: Final = 5
#: Speed is judged as a mean over about one hop: within a hop it swings by more than half of itself.
_SMOOTHING_S: Final = 0.4
#: What is observed: height, pitch, three joints; five velocities of these, speed; the command.
#: Observations are normalised by rough means and spreads of a hop, in these units (m, rad, m/s, rad/s).
_MEAN: Final = np.array([1.2, 0.0, -0.4, -0.5, 0.0, 0, 0, 0, 0, 0, 1.2, 1.2])
_SPREAD: Final = np.array([0.12, 0.12, 0.3, 0.4, 0.45, 1.0, 1.0, 2.5, 3.5, 5.0, 1.0, 0.5])
#: Of these, what is left where no velocity is measured.
POSITIONS: Final = (0, 1, 2, 3, 4, 11)
#: How near the teacher's a torque is that counts as the same, in shares of 200 N m.
_NEAR: Final = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in episodes, one row for each.

    Attributes:
        qpos: where the body starts (m and rad), in MuJoCo's order: x, z, pitch, thigh, leg, foot.
        qvel: how it starts (m/s and rad/s).
        command: speed that is asked for at each action, m/s.
        push: horizontal force on the torso during each action, N.
    """

    qpos: Floats
    qvel: Floats
    command: Floats
    push: Floats

    def row(self, index: int) -> Plan:
        """One episode of them."""
        return Plan(*(getattr(self, each.name)[index : index + 1] for each in fields(self)))

    def repeated(self, count: int) -> Plan:
        """The same episodes so many times over."""
        return Plan(*(np.repeat(getattr(self, each.name), count, 0) for each in fields(self)))


def plan(seed: int, count: int) -> Plan:
    """Draw episodes: a start off balance, two commanded speeds, three pushes."""
    draw = np.random.Generator(np.random.PCG64(seed))
    qpos = np.array([0.0, 1.25, 0, 0, 0, 0]) + draw.uniform(-1, 1, (count, 6)) * np.array([0, 0, 0.1, 0, 0, 0.2])
    qpos[:, 1] += draw.uniform(0.0, 0.05, count)
    qpos[:, 3:5] -= draw.uniform(0.0, 0.2, (count, 2))
    qvel = draw.uniform(-1, 1, (count, 6)) * np.array([0.5, 0.2, 0.3, 0.3, 0.3, 0.3])
    speeds = draw.uniform(_SLOWEST_M_S, _FASTEST_M_S, (count, 2))
    change = draw.integers(LENGTH // 3, 2 * LENGTH // 3, count)
    time = np.arange(LENGTH)
    command = np.where(time < change[:, None], speeds[:, :1], speeds[:, 1:])
    push = np.zeros((count, LENGTH))
    for third in range(3):
        begin = draw.integers(20 + 90 * third, 100 + 90 * third, count)[:, None]
        force = draw.uniform(0.4, 1.0, (count, 1)) * draw.choice([-1.0, 1.0], (count, 1)) * _PUSH_N
        push += np.where((time >= begin) & (time < begin + _PUSH_LENGTH), force, 0.0)
    return Plan(qpos, qvel, command, push)


@cache
def _model() -> Any:
    mujoco: Any = import_module("mujoco")
    found = find_spec("gymnasium")
    if found is None or found.origin is None:
        raise ImportError("No module named 'gymnasium'", name="gymnasium")
    model = mujoco.MjModel.from_xml_path(str(Path(found.origin).parent / "envs/mujoco/assets/hopper.xml"))
    model.opt.timestep = _STEP_S
    model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    return model


class Hoppers:
    """Episodes that run side by side, each from its own plan."""

    def __init__(self, episodes: Plan, threads: int = 0) -> None:
        mujoco: Any = import_module("mujoco")
        self._model = _model()
        self._datas = [mujoco.MjData(self._model) for _ in range(max(threads, 1))]
        self._pool = import_module("mujoco.rollout").Rollout(nthread=threads)
        self._spec = int(mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_QFRC_APPLIED)
        count = len(episodes.qpos)
        self._plan = Plan(*(getattr(episodes, each.name).copy() for each in fields(episodes)))
        self._state = np.zeros((count, 13))
        self.time = np.zeros(count, dtype=np.int64)
        self.smooth = np.zeros(count)
        self.upright = np.ones(count, dtype=bool)
        self.restart(np.arange(count), episodes)

    def restart(self, rows: NDArray[np.int64], episodes: Plan) -> None:
        """Begin new episodes in some of the rows."""
        for each in fields(episodes):
            getattr(self._plan, each.name)[rows] = getattr(episodes, each.name)
        self._state[rows] = np.concatenate([np.zeros((len(rows), 1)), episodes.qpos, episodes.qvel], 1)
        self.time[rows] = 0
        self.smooth[rows] = episodes.command[:, 0]
        self.upright[rows] = True

    def _now(self, values: Floats) -> Floats:
        found: Floats = values[np.arange(len(values)), np.minimum(self.time, LENGTH - 1)]
        return found

    @property
    def command(self) -> Floats:
        """Speeds that are asked for now, m/s."""
        return self._now(self._plan.command)

    def observed(self) -> Floats:
        """What sensors tell, normalised, 12 numbers a row."""
        qpos, qvel = self._state[:, 1:7], self._state[:, 7:13]
        raw = np.concatenate([qpos[:, 1:], qvel[:, 1:], qvel[:, :1], self.command[:, None]], 1)
        found: Floats = np.clip((raw - _MEAN) / _SPREAD, -5.0, 5.0)
        return found

    def everything(self) -> Floats:
        """What the teacher sees: the observations, the mean speed that is judged, and the push."""
        more = np.stack([self.smooth - self.command, self._now(self._plan.push) / _PUSH_N], 1)
        return np.concatenate([self.observed(), np.clip(more, -5, 5)], 1)

    def step(self, action: Floats) -> Floats:
        """Act, and the points that each row earned: 1 at the commanded speed, 0 when 1 m/s off or fallen."""
        control = np.zeros((len(action), _STEPS_PER_ACTION, 9))
        control[:, :, :3] = np.clip(action, -1.0, 1.0)[:, None]
        control[:, :, 3] = self._now(self._plan.push)[:, None]
        states, _ = self._pool.rollout(self._model, self._datas, self._state, control, control_spec=self._spec)
        speed = (states[:, -1, 1] - self._state[:, 1]) / PERIOD_S
        self._state = states[:, -1].copy()
        self.smooth += (speed - self.smooth) * (PERIOD_S / _SMOOTHING_S)
        height, pitch = self._state[:, 2], self._state[:, 3]
        self.upright &= (height > _LOWEST_M) & (np.abs(pitch) < _STEEPEST_RAD)
        points: Floats = np.where(self.upright, np.maximum(0.0, 1.0 - np.abs(self.smooth - self.command)), 0.0)
        self.time += 1
        return points


#: From hoppers to torques: one row each, shares of 200 N m.
Policy = Callable[[Hoppers], Floats]


def hop(episodes: Plan, policy: Policy, *, threads: int = 0) -> tuple[Floats, NDArray[np.int64]]:
    """Let a policy act until all have fallen or the time is over.

    Returns:
        The points of each episode, 0 to 100, and for how many actions each stayed upright.
    """
    hoppers = Hoppers(episodes, threads)
    points, steps = np.zeros(len(episodes.qpos)), np.zeros(len(episodes.qpos), dtype=np.int64)
    for _ in range(LENGTH):
        steps += hoppers.upright
        points += hoppers.step(policy(hoppers))
        if not hoppers.upright.any():
            break
    return 100.0 * points / LENGTH, steps


@cache
def _weights() -> tuple[Floats, ...]:
    """The teacher's: matrix and offset of each of three layers."""
    with np.load(Path(__file__).with_name("hopper_teacher.npz")) as kept:
        return tuple(kept[name].astype(np.float64) for name in ("w0", "b0", "w1", "b1", "w2", "b2"))


def teacher(hoppers: Hoppers) -> Floats:
    """What the teacher does: a network with two hidden layers of 128, trained by models/hopper-speed/teacher.py."""
    w0, b0, w1, b1, w2, b2 = _weights()
    hidden = np.tanh(hoppers.everything() @ w0.T + b0)
    hidden = np.tanh(hidden @ w1.T + b1)
    action: Floats = np.clip(hidden @ w2.T + b2, -1.0, 1.0)
    return action


def _limp(hoppers: Hoppers) -> Floats:
    return np.zeros((len(hoppers.time), 3))


def _evaluate(
    sensed: tuple[str, list[int]], model: Infer, _teacher: Infer | None, seed: int, count: int, tell: TellShare
) -> Scores:
    """Points of each episode; the teacher and the one that does nothing meet the same starts, commands and pushes."""
    episodes = plan(seed, count)
    scores, agreement = [], []
    for index in range(count):
        own, same = _episode(model, sensed, episodes.row(index))
        scores.append(own)
        agreement.append(same)
        tell((index + 1) / count)
    taught, _ = hop(episodes, teacher)
    chance, _ = hop(episodes, _limp)
    return Scores(tuple(scores), tuple(taught.tolist()), tuple(chance.tolist()), tuple(agreement))


def _episode(model: Infer, sensed: tuple[str, list[int]], episode: Plan) -> tuple[float, float]:
    """Points, and the share of actions that were the teacher's. One that is not a number ends the episode."""
    name, which = sensed
    hoppers = Hoppers(episode)
    points, same = 0.0, []
    model.reset()
    for _ in range(LENGTH):
        inputs = {name: hoppers.observed()[:, which].astype(np.float32)}
        action = np.asarray(model(inputs)["torque"], dtype=np.float64).reshape(1, 3)
        if not np.isfinite(action).all():
            same.append(False)
            break
        action = np.clip(action, -1.0, 1.0)
        same.append(bool(np.abs(action - teacher(hoppers)).max() <= _NEAR))
        points += float(hoppers.step(action)[0])
        if not hoppers.upright[0]:
            break
    return 100.0 * points / LENGTH, float(np.mean(same))


def _task(id_: str, summary: str, sensed: tuple[str, list[int]]) -> Task:
    return Task(
        id=id_,
        summary=summary,
        metric="points for keeping the commanded speed, 100 at best",
        unit="points",
        higher_is_better=True,
        item="episode",
        agrees="each of the three torques within 50 N m of the teacher's, of a range of 400, at the same state",
        evaluate=partial(_evaluate, sensed),
        needs=("mujoco", "gymnasium"),
    )


HOPPER_SPEED: Final = _task(
    "hopper-speed",
    "Make a one-legged robot hop at a commanded speed although it is pushed.",
    ("observation", list(range(12))),
)
HOPPER_POSITIONS: Final = _task(
    "hopper-positions",
    "Make a one-legged robot hop at a commanded speed although it is pushed and no velocity is measured.",
    ("positions", list(POSITIONS)),
)
