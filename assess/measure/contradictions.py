"""What the parts of a run say of each other: a file in which they disagree is no run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from assess.errors import AssessError
from assess.measure.cpu_request import as_list, parse_cpus
from assess.measure.frames import Frames
from assess.measure.measurement import Measurement
from assess.units import parse

#: Kinds whose releases follow from the rate alone.
_PERIODIC: Final = ("periodic", "stateful", "sustained")


def contradictions(measurement: Measurement) -> Iterator[str]:
    """Each contradiction between what was asked and what is there; a run that ended early lacks what it lacks."""
    yield from _in_time(measurement.frames)
    yield from _impossible(measurement)
    yield from _other_limits(measurement)
    yield from _instructions(measurement)
    if measurement.failure is not None or measurement.incomplete:
        return
    scenario = measurement.workload.get("scenario")
    if isinstance(scenario, dict) and measurement.tool_run is None:  # A tool keeps no schedule.
        yield from _off_schedule(measurement.frames, scenario)
        yield from _other_batches(measurement, scenario)
    yield from _missing_parts(measurement)


def _in_time(frames: Frames) -> Iterator[str]:
    last = 0
    for start, done in zip(frames.start_ns, frames.done_ns, strict=True):
        if start < last:
            yield "frames: one begins before the one above it has ended"
            return
        last = done
    if set(frames.dropped_ns) & set(frames.scheduled_ns) and len(set(frames.scheduled_ns)) == len(frames):
        yield "frames: a release is served and dropped"


def _off_schedule(frames: Frames, scenario: dict[str, Any]) -> Iterator[str]:
    """A periodic job's releases are known beforehand: one that is missing was taken out."""
    rate = scenario.get("rate")
    if scenario.get("kind", "periodic") not in _PERIODIC or not isinstance(rate, str):
        return
    rate_hz = parse(rate, "Hz")
    releases = sorted((*frames.scheduled_ns, *frames.dropped_ns))
    for index, release in enumerate(releases):
        if release != round(index * 1e9 / rate_hz):
            yield f"frames: release {index} is at {release} ns, which is not the schedule of {rate}"
            return


def _other_batches(measurement: Measurement, scenario: dict[str, Any]) -> Iterator[str]:
    if scenario.get("kind") != "offline":
        return
    asked = scenario.get("batches")
    found = [each.batch for each in measurement.offline.batches] if measurement.offline else []
    if found != asked:
        yield f"offline.batches: are {found!r:.60}, the workload's are {asked!r:.60}"


def _other_limits(measurement: Measurement) -> Iterator[str]:
    """A limit that was asked for was held, and no other."""
    requested, held = measurement.requested, measurement.constraints
    try:
        asked = parse_cpus(requested.cpus)
    except AssessError as error:
        yield f"requested.cpus: {error.problem}"
        return
    wanted = bool(requested.cpus or requested.realtime)
    if held is None:
        if wanted:
            yield "constraints: is null, though the run was to be held to CPUs or a class"
        return
    if not wanted:
        yield "constraints: are there, though nobody asked for any"
    if (held.quota.cpus if held.quota else None) != asked.quota:
        yield f"constraints.quota: is not that of --cpus {requested.cpus!r:.40}"
    if (asked.cpus and held.cpus != asked.cpus) or (asked.count is not None and len(held.cpus) != asked.count):
        yield f"constraints.cpus: are {as_list(held.cpus)!r:.40}, --cpus was {requested.cpus!r:.40}"
    if held.quota and (held.quota.stopped or 0) > (held.quota.periods or 0):
        yield "constraints.quota.stopped: is more than there were periods"


def _instructions(measurement: Measurement) -> Iterator[str]:
    for when, host in (("before", measurement.before), ("after", measurement.after)):
        if both := set(host.instructions) & set(host.not_offered):
            yield f"{when}.not_offered: {sorted(both)[0]} is among what is offered"
    if _was_not_run(measurement) and len(measurement.frames):
        yield "frames: are there, though the run was not begun"


def _was_not_run(measurement: Measurement) -> bool:
    return measurement.failure is not None and measurement.failure.kind == "missing instructions"


def _missing_parts(measurement: Measurement) -> Iterator[str]:
    """A pass that was asked for gave something, or a reason."""
    parts = {
        "floor": ("floor", measurement.floor),
        "outputs": ("outputs", measurement.outputs),
        "memory": ("attribution", measurement.attribution),
        "profile": ("profile", measurement.profile),
    }
    for name in measurement.requested.passes:
        key, part = parts.get(name, ("", measurement))
        if part is None and key not in measurement.absent:
            yield f"{key}: is null, was asked for, and absent.{key} gives no reason"
    if "start" in measurement.requested.passes and not measurement.starts and not _says(measurement, "start"):
        yield "starts: are empty, were asked for, and absent gives no reason"


def _says(measurement: Measurement, word: str) -> bool:
    return any(word in name for name in measurement.absent)


def _impossible(measurement: Measurement) -> Iterator[str]:
    """Figures that no run has, and that nothing can be counted from."""
    for index, start in enumerate(measurement.starts):
        steps = start.exec_to_import_s + start.import_s + start.load_s + start.first_s
        if not start.total_s or min(start.total_s) <= 0 or steps > 1.001 * max(start.total_s):
            yield f"starts.{index}.total_s: does not hold its own steps"
    for index, window in enumerate(measurement.windows):
        if window.p50_ns == 0 or window.span_s <= 0:
            yield f"windows.{index}: takes no time"
    if measurement.outputs is not None:
        for index, variant in enumerate(measurement.outputs.variants):
            if variant.ratio == 0 or variant.service_ns == 0:
                yield f"outputs.variants.{index}: takes no time"
    profile = measurement.profile
    if profile is not None and 0 in (profile.plain_ns, profile.profiled_ns, profile.run_ns):
        yield "profile: takes no time"
