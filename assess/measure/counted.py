"""The frames of a run that a verdict stands on: not always all, and not always from the release of the last stage."""

from __future__ import annotations

from assess.describe.workload import Workload
from assess.measure.frames import Frames
from assess.measure.measurement import Measurement
from assess.measure.scenarios.pipeline import StageRun
from assess.measure.windows import plateau


def counted(measurement: Measurement) -> Frames:
    """The frames that count.

    Of a stage that comes after another one, those that it served, from the release of the chain's first stage; what any
    stage of the chain dropped is dropped. Of a sustained run that settled, those of the plateau: it is what the device
    keeps up. Of any other run, all.
    """
    chained = last_of_chain(measurement)
    frames = measurement.frames if chained is None else _end_to_end(measurement, chained)
    settled = plateau(measurement.windows) if is_sustained(measurement) and measurement.windows else None
    return frames if settled is None else _since(frames, round(settled.since_s * 1e9))


def paced(measurement: Measurement, workload: Workload) -> bool:
    """Whether frames were released by the job's schedule: a vendor's tool keeps none, whatever the job is."""
    return workload.scenario.is_open and measurement.tool_run is None


def is_sustained(measurement: Measurement) -> bool:
    """Whether the run was to go on until it settled."""
    scenario = measurement.workload.get("scenario")
    kind = scenario.get("kind") if isinstance(scenario, dict) else None
    return measurement.requested.tier == "sustained" or kind == "sustained"


def last_of_chain(measurement: Measurement) -> StageRun | None:
    """The stage that the run's frames are of, if other stages come before it."""
    # A stage counts from the pipeline's first release, the run from its own frames' first one.
    service = measurement.frames.service_ns
    own = [stage for stage in measurement.stages if stage.frames.service_ns == service]
    return own[0] if own and len(own[0].chain) > 1 else None


def _end_to_end(measurement: Measurement, own: StageRun) -> Frames:
    frames = own.frames
    begun = tuple(done - whole for done, whole in zip(frames.done_ns, own.end_to_end_ns, strict=True))
    chain = [stage for stage in measurement.stages if stage.name in own.chain]
    dropped = sorted(release for stage in chain for release in stage.frames.dropped_ns)
    return Frames(begun, frames.start_ns, frames.done_ns, tuple(dropped))


def _since(frames: Frames, instant_ns: int) -> Frames:
    rows = zip(frames.scheduled_ns, frames.start_ns, frames.done_ns, strict=True)
    kept = [row for row in rows if row[0] >= instant_ns]
    dropped = tuple(release for release in frames.dropped_ns if release >= instant_ns)
    scheduled, start, done = (tuple(row[column] for row in kept) for column in range(3))
    return Frames(scheduled, start, done, dropped)
