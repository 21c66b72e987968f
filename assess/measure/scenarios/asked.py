"""A job's scenario in the plain words that a worker understands."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess.describe.beside import beside
from assess.describe.trace import read_trace
from assess.measure.drive import Queue
from assess.measure.scenarios.pipeline import rate_of
from assess.measure.scenarios.trace import played_ns
from assess.measure.stages import own_stage, release

if TYPE_CHECKING:
    from assess.describe.workload import Job

#: Long enough that the clock of a phone's chip, which moves in steps of seconds, is averaged out.
WINDOW_S: Final = 60.0

#: Scenarios that the sustained tier makes longer; the others have a length of their own.
_LASTING: Final = ("single", "periodic", "sustained")


def asked(job: Job, *, seed: int, tier: str, scratch: Path) -> dict[str, Any]:
    """What the timed pass is told of the scenario; a trace is written into `scratch` for it.

    Raises:
        AssessError: the trace cannot be read.
    """
    scenario = job.workload.scenario
    kind = "sustained" if tier == "sustained" and scenario.kind in _LASTING else scenario.kind
    found: dict[str, Any] = {"kind": kind, "rate_hz": scenario.rate if scenario.is_open else None, "seed": seed}
    found["queue"] = queue(scenario.queue, job.workload.deadline_s)._asdict()
    if kind == "sustained":
        found["window_ns"] = int(WINDOW_S * 1e9)
    if kind == "stateful":
        found["states"] = dict(scenario.states)
    if kind == "trace":
        found["releases"] = str(scratch / "releases")
        (scratch / "releases").write_bytes(array("q", read_trace(beside(job.folder, scenario.trace))).tobytes())
    return found


def queue(policy: str, deadline_s: float | None) -> Queue:
    """A queue policy as the loop takes it: the depth, and the time after which a frame is not worth serving."""
    name, _, depth = policy.partition(":")
    if name == "queue":
        return Queue(depth=int(depth), deadline_ns=None)
    if name == "drop-late":
        return Queue(depth=None, deadline_ns=None if deadline_s is None else round(deadline_s * 1e9))
    return Queue()


def schedule_s(job: Job, count: int) -> float | None:
    """Seconds in which a job's schedule releases so many frames of the command's own model; None where it has none.

    Raises:
        AssessError: the trace cannot be read, or no stage of a pipeline runs that model.
    """
    scenario = job.workload.scenario
    if scenario.kind == "trace":
        return _played_ns(read_trace(beside(job.folder, scenario.trace)), count) * 1e-9
    if scenario.kind == "pipeline":
        return count / rate_of([release(stage) for stage in scenario.stage], own_stage(job))
    return count / scenario.rate if scenario.is_open and scenario.rate else None


def _played_ns(releases: Sequence[int], count: int) -> int:
    """When a trace that is played over and over has released `count` frames, and a mean interval after the last."""
    rounds, rest = divmod(count, len(releases))
    begun, gap = rounds * played_ns(releases), played_ns(releases) - releases[-1]
    return begun + releases[rest - 1] + gap if rest else begun
