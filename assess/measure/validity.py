"""Is a measurement one that may be judged? A disturbed one is invalid for named reasons, not bad for the model."""

from __future__ import annotations

import math

from assess.measure.constraint import NOT_SLOWER
from assess.measure.counted import counted
from assess.measure.cpu_request import as_list
from assess.measure.measurement import Host, Measurement
from assess.measure.passes.floor import SHARE_OF_DEADLINE, Floor, floor_of, level
from assess.units import format_quantity

#: Halves of ten: below that their medians say nothing, and neither does a percentile.
_FEWEST = 20
#: Between inferences the loop itself takes up to 0.4 us, a tenth of what the fastest model takes; a run that was cut
#: short by its time limit lacks far more.
_TIMED = 0.5
#: Of 24 runs of 2 s on two shared cores, models of 20 us and 3 ms, the halves' medians differed by 5 % at most, but
#: for one that waited for a CPU in 38 % of its time (47 %). A chip that throttles loses 20 % of its clock and more.
_DRIFT = 0.10
#: With less of the CPU, or more waiting for it, the mean moves by as much as drift may move the median. In those 24
#: runs waiting was 3 % at most while the machine was calm and 29 % at least while others worked.
_CPU_SHARE = 0.9
_WAITING = 0.1
#: A disturbance only ever makes inferences slower. Where even the slowest frames that count at the job's percentile
#: take less than half of the deadline, the undisturbed model keeps it too, and the run may be judged.
_ROOM = 0.5


def validity(measurement: Measurement, deadline_s: float | None = None, percentile: float = 99.0) -> tuple[str, ...]:
    """Why a measurement may not be judged; empty if it may.

    Args:
        measurement: the run.
        deadline_s: what a frame may take, where the job says it: noise far below it does no harm.
        percentile: at which the deadline is asked.
    """
    if measurement.failure is not None:
        return (f"the run failed: {measurement.failure.cause}",)
    reasons = [
        _count(measurement),
        _provider(measurement),
        *why_no_time(measurement),
        _not_held(measurement),
        _changed_host(measurement.before, measurement.after),
        _floor(measurement, deadline_s, percentile),
    ]
    if not _far_below(measurement, deadline_s, percentile):
        reasons += _disturbances(measurement)
    return tuple(reason for reason in reasons if reason)


def untimed_validity(measurement: Measurement) -> tuple[str, ...]:
    """Why what does not depend on time - memory, starts - may not be judged: noise on the host leaves it as it is."""
    if measurement.failure is not None:
        return (f"the run failed: {measurement.failure.cause}",)
    return tuple(reason for reason in (_count(measurement), _provider(measurement)) if reason)


def why_no_time(measurement: Measurement) -> tuple[str, ...]:
    """Why no time in a run says anything of the processor it seems to be of, however calm the run was; empty if it may.

    What is no time - outputs, memory, how the model is placed - is as good as in any run.
    """
    reasons = []
    if who := measurement.before.emulator or measurement.after.emulator:
        reasons.append(f"the processor is emulated, by {who}: times are the emulator's")
    quota = measurement.constraints.quota if measurement.constraints else None
    if quota is not None:
        stopped = "" if quota.stopped is None else f", stopped in {quota.stopped} of {quota.periods} periods"
        reasons.append(f"it had {quota.cpus:g} of a CPU's time{stopped}: {NOT_SLOWER}")
    return tuple(reasons)


def let_pass(measurement: Measurement, deadline_s: float | None, percentile: float) -> tuple[str, ...]:
    """What disturbed a run, but does no harm so far below its deadline."""
    if not _far_below(measurement, deadline_s, percentile):
        return ()
    return tuple(reason for reason in _disturbances(measurement) if reason)


def _disturbances(measurement: Measurement) -> list[str]:
    return [_drift(counted(measurement).service_ns), _waiting(measurement), _shared(measurement)]


def _far_below(measurement: Measurement, deadline_s: float | None, percentile: float) -> bool:
    frames = counted(measurement)
    if deadline_s is None or not len(frames):
        return False
    ordered = sorted(frames.response_ns)
    allowed = math.floor((1.0 - percentile / 100.0) * (len(ordered) + len(frames.dropped_ns)))
    slowest = len(ordered) + len(frames.dropped_ns) - 1 - allowed
    return slowest < len(ordered) and ordered[slowest] * 1e-9 < _ROOM * deadline_s


def _count(measurement: Measurement) -> str:
    asked, count = measurement.requested.min_count, _timed(measurement)
    if measurement.incomplete:
        return f"incomplete: {measurement.incomplete}"
    if count < asked:
        return f"too few samples: {count} of {asked} within the time limit"
    if count < _FEWEST:
        return f"too few samples: {count}, at least {_FEWEST} tell something"
    timed_s = _span_s(measurement)
    if timed_s < _TIMED * measurement.requested.min_duration_s:
        wanted = format_quantity(measurement.requested.min_duration_s, "s")
        return f"too short: {format_quantity(timed_s, 's')} of {wanted} timed within the time limit"
    return ""


def _timed(measurement: Measurement) -> int:
    tool, frames = measurement.tool_run, measurement.frames
    if tool is not None and tool.statistics is not None:
        return tool.statistics.count
    return len(frames) + len(frames.dropped_ns)


def _span_s(measurement: Measurement) -> float:
    tool = measurement.tool_run
    if tool is not None and tool.span_s is not None:
        return tool.span_s
    if tool is not None and tool.statistics is not None:
        return tool.statistics.count * ((tool.statistics.mean_s or 0.0) + tool.statistics.step_s / 2)
    return measurement.frames.span_ns * 1e-9


def _provider(measurement: Measurement) -> str:
    if measurement.tool_run is not None:  # It was asked for no provider of ONNX Runtime.
        return ""
    asked = measurement.requested.provider
    had = measurement.effective.providers if measurement.effective else ()
    if asked not in had:
        return f"{asked} was not in effect; {', '.join(had) or 'no provider'} ran the model"
    assigned = measurement.effective.assigned if measurement.effective else {}
    if assigned and not assigned.get(asked):
        return f"{asked} was given none of the model's operators; {', '.join(assigned)} ran them"
    return ""


def _changed_host(before: Host, after: Host) -> str:
    for name, first, last in (
        ("power mode", before.power_mode, after.power_mode),
        ("governor", before.governor, after.governor),
    ):
        if first != last:
            return f"the host's {name} changed during the run, from {first!r} to {last!r}"
    return ""


def _not_held(measurement: Measurement) -> str:
    """What the process that was timed read back of itself, where that is not what it was given."""
    given = measurement.constraints
    if given is None or (seen := given.scheduling) is None:
        return ""
    if given.cpus and not set(seen.cpus) <= set(given.cpus):
        return f"the model ran on CPUs {as_list(seen.cpus)}, though it was put on {as_list(given.cpus)}"
    if measurement.requested.realtime and seen.policy != "FIFO":
        return f"the model ran as {seen.policy!r}, though it was to be real-time"
    return ""


def _floor(measurement: Measurement, deadline_s: float | None, percentile: float) -> str:
    """Whether host and harness themselves take more of a frame than a figure for the model can bear."""
    if measurement.floor is None or deadline_s is None:
        return ""
    taken_ns, how = _taken_ns(measurement, measurement.floor, percentile)
    if taken_ns * 1e-9 <= SHARE_OF_DEADLINE * deadline_s:
        return ""
    took, limit = format_quantity(taken_ns * 1e-9, "s"), format_quantity(deadline_s, "s")
    most = f"more than {SHARE_OF_DEADLINE:.0%} of {limit}"
    return f"the host itself took {took} of a frame, {most} ({how}): `assess doctor` says what to do"


def _taken_ns(measurement: Measurement, floor: Floor, percentile: float) -> tuple[int, str]:
    """What the host takes of a frame, and how that was told."""
    if (found := late_in_run(measurement, percentile)) is not None:
        late_ns, count = found
        how = f"in this run, by how late frames began though the model was idle, {level(percentile, count)}"
        return floor.null_loop.at(percentile) + late_ns, how
    paced = _is_paced(measurement)
    count = min(floor.null_loop.count, floor.lateness.count) if paced else floor.null_loop.count
    how = f"before the run, with a model that does nothing, {level(percentile, count)}"
    return floor_of(floor, percentile, paced=paced), how


def late_in_run(measurement: Measurement, percentile: float) -> tuple[int, int] | None:
    """How late frames of the run that found the model idle began, and how many there are.

    None where the floor pass saw more frames, and where frames wait for no release.
    """
    frames, last = measurement.frames, 0
    late = []
    for scheduled, start, done in zip(frames.scheduled_ns, frames.start_ns, frames.done_ns, strict=True):
        if scheduled >= last:
            late.append(start - scheduled)
        last = done
    if measurement.floor is None or not _is_paced(measurement) or len(late) <= measurement.floor.lateness.count:
        return None
    return sorted(late)[max(0, math.ceil(percentile * len(late) / 100) - 1)], len(late)


def _is_paced(measurement: Measurement) -> bool:
    spins = measurement.effective is not None and measurement.effective.spin_ns is not None
    return spins or bool(measurement.stages)  # Stages of a pipeline wait for their releases too, without a spin.


def _drift(service_ns: tuple[int, ...]) -> str:
    if len(service_ns) < _FEWEST:
        return ""
    middle = len(service_ns) // 2
    first, last = _median(service_ns[:middle]), _median(service_ns[middle:])
    if abs(last - first) <= _DRIFT * min(first, last):
        return ""
    words = f"{format_quantity(first * 1e-9, 's')} to {format_quantity(last * 1e-9, 's')}"
    return f"drift: the median went from {words} between the first and second half"


def _median(values: tuple[int, ...]) -> int:
    return sorted(values)[len(values) // 2]


def _waiting(measurement: Measurement) -> str:
    wait = measurement.effective.run_queue_wait if measurement.effective else None
    if wait is None or wait <= _WAITING:
        return ""
    return f"the model waited for a CPU in {wait:.0%} of the time: others use this host"


def _shared(measurement: Measurement) -> str:
    """A spin before and after is the lesser witness: heard where waiting in between was not counted, or not fully.

    One of the two that went well suffices; it is the time between them that counts.
    """
    effective = measurement.effective
    if effective and effective.run_queue_wait is not None and effective.threads == 1:
        return ""
    shares = [host.cpu_share for host in (measurement.before, measurement.after) if host.cpu_share is not None]
    if not shares or max(shares) >= _CPU_SHARE:
        return ""
    return f"the host is not ours alone: a spin got {max(shares):.0%} of a CPU"
