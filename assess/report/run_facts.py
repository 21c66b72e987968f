"""What a run measured, fact by fact: a name and one line of text each. Text from the model is data here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assess.describe.workload import Workload
from assess.judge.cadence import NOTABLE, cadence
from assess.judge.deadline import DeadlineRecord, deadline_record
from assess.judge.timing import output_age, period_jitter, release_jitter
from assess.measure.measurement import Measurement
from assess.measure.memory_limit import oom_risk
from assess.measure.windows import plateau, why_no_plateau
from assess.project.quantile import CONFIDENCE, Quantile, quantiles
from assess.units import format_quantity

Facts = Iterator[tuple[str, str]]

#: Quantiles that one line has room for; run.json has all samples.
_SHOWN: Final = (50.0, 90.0, 99.0, 99.9)


def run_facts(measurement: Measurement, workload: Workload) -> list[tuple[str, str]]:
    """All facts of a run, in the order in which they are read."""
    facts = [*_latency(measurement, workload)]
    if record := deadline_record(measurement, workload):
        facts += _deadline(record)
    facts += [*_cadence(measurement), *_timing(measurement), *_floor(measurement), *_starts(measurement)]
    facts += [*_memory(measurement), *_outputs(measurement), *_energy(measurement), *_sustained(measurement)]
    return [*facts, *_placement(measurement), *_profile(measurement), *_settings(measurement)]


def _latency(measurement: Measurement, workload: Workload) -> Facts:
    frames = measurement.frames
    if not len(frames):
        return
    if workload.scenario.is_open:
        yield "response time", _spread(frames.response_ns)
        yield "", _certified(frames.response_ns, workload)
        yield "service time", _spread(frames.service_ns)
    else:
        yield "service time", _spread(frames.service_ns)
        yield "", _certified(frames.service_ns, workload)


def _spread(times_ns: tuple[int, ...]) -> str:
    # Above them there would be no sample: the figure would be the slowest.
    found = quantiles(times_ns, [each for each in _SHOWN if len(times_ns) * (100 - each) >= 100] or [50.0])
    shown = ", ".join(f"p{each.percentile:g} {_s(each.empirical)}" for each in found)
    return f"{shown}, slowest {_s(max(times_ns))} of {len(times_ns):,}"


def _certified(times_ns: tuple[int, ...], workload: Workload) -> str:
    """The job's own percentile with its confidence, or how many frames are lacking."""
    (found,) = quantiles(times_ns, (workload.requires.percentile,))
    percentile = f"p{found.percentile:g}"
    if found.certified is None:
        return f"{percentile} not certified: needs {found.needed:,} more frames{_lasting(found, workload)}"
    return f"{percentile} at most {_s(found.certified)}, with {CONFIDENCE:.0%} confidence if frames are independent"


def _lasting(found: Quantile, workload: Workload) -> str:
    rate = workload.scenario.rate
    return f" ({found.needed / rate:.0f} s at this rate)" if rate else ""


def _deadline(record: DeadlineRecord) -> Facts:
    found = record.certificate
    run = f", {found.longest_run} in a row, {found.episodes} episodes" if found.misses else ""
    text = f"{found.misses} of {found.frames:,} frames missed {format_quantity(record.deadline_s, 's')}"
    yield "deadline", f"{text} ({record.late} late, {record.dropped} dropped{run})"
    allowed = f"at most {100 - found.percentile:g} % miss"
    if record.drift:
        yield "", f"not certified: {record.drift}"
    elif found.certified:
        yield "", f"certified with {CONFIDENCE:.0%} confidence that {allowed}, {found.assumption}"
    else:
        plainly = "; certified if misses were independent" if found.certified_iid else ""
        yield "", f"not certified that {allowed}: {found.more:,} more frames without a miss{plainly}"
    if (kept := record.contract) is not None:
        yield (
            "",
            (
                f"contract {kept.verdict}: at most {kept.most} in any {kept.contract.in_any or kept.frames}, "
                f"{kept.longest_run} in a row; {kept.share_bound:.1%} of all windows may break it"
            ),
        )


def _cadence(measurement: Measurement) -> Facts:
    if (found := cadence(measurement)) is None:
        return
    text = f"{_s(found.at_rate_s * 1e9)} at the job's rate, {_s(found.back_to_back_s * 1e9)} back to back"
    cause = f": {found.cause}" if found.penalty > NOTABLE else ""
    yield "cadence penalty", f"x{found.penalty:.2f} ({text}){cause}"


def _timing(measurement: Measurement) -> Facts:
    frames = measurement.frames
    if not measurement.back_to_back_ns or len(frames) < 2:
        return
    late = release_jitter(frames.scheduled_ns, frames.start_ns)
    jitter = period_jitter(frames.scheduled_ns, frames.start_ns)
    yield "start", f"p50 {_s(late.p50_ns)}, p99 {_s(late.p99_ns)}, at most {_s(late.max_ns)} after the release"
    yield "", f"period jitter sd {_s(jitter.sd_ns)}, peak to peak {_s(jitter.peak_to_peak_ns)}"
    if age := output_age(frames.scheduled_ns, frames.done_ns, frames.dropped_ns):
        yield "output age", f"p50 {_s(age.p50_ns)}, p99 {_s(age.p99_ns)}, at most {_s(age.max_ns)} when it is read"


def _floor(measurement: Measurement) -> Facts:
    if (floor := measurement.floor) is not None:
        null, late = floor.null_loop, floor.lateness
        text = f"a model that does nothing takes p50 {_s(null.p50_ns)}, p99 {_s(null.p99_ns)}"
        yield "harness floor", f"{text}; frames start p50 {_s(late.p50_ns)}, p99 {_s(late.p99_ns)} late"


def _starts(measurement: Measurement) -> Facts:
    if measurement.load_s is not None and measurement.first_s is not None:
        load, first = format_quantity(measurement.load_s, "s"), format_quantity(measurement.first_s, "s")
        yield "loading", f"{load} to load, {first} for the first inference"
    for each in measurement.starts:
        form = "optimised beforehand" if each.optimised else "as it is"
        note = f"; {each.note}" if each.note else ""
        text = f"{each.cache}, {form}: median {_s(each.median_s * 1e9)}, slowest {_s(each.worst_s * 1e9)}"
        yield "first output after", f"{text} of {len(each.total_s)}{note}"


def _memory(measurement: Measurement) -> Facts:
    if memory := measurement.memory:
        peaks = (("loading", memory.load_peak), ("first", memory.first_peak), ("steady", memory.steady_peak))
        parts = ", ".join(f"{name} {_b(peak - memory.baseline)}" for name, peak in peaks)
        yield "memory", f"{parts} above {_b(memory.baseline)} ({memory.method})"
    if memory and (limit := measurement.memory_limit) is not None:
        most = max(memory.load_peak, memory.first_peak, memory.steady_peak)
        risk = oom_risk(most, limit.limit_bytes, measurement.before.available_bytes)
        yield "memory limit", f"{_b(limit.limit_bytes)}, held by {limit.mechanism}: {risk}"
    if (found := measurement.attribution) is None:
        return
    part = found.at_steady
    yield (
        "",
        (
            f"steady {_b(found.steady)}: weights {_b(part.weights)}, arena {_b(part.arena)}, inputs and outputs "
            f"{_b(part.inputs_and_outputs)}, runtime {_b(part.runtime)}, other {_b(part.kept + part.remainder)}"
        ),
    )
    if (growth := found.growth) is not None:
        told = f"{_b(growth.bytes_per_10000)} in 10,000 frames" if growth.is_real else "none that could be told"
        yield "", f"growth: {told} (noise {_b(growth.noise_bytes)}, {growth.frames:,} frames)"
    if found.second_model is not None and found.update_slot is not None:
        yield "", f"a second such model {_b(found.second_model)}, an update beside it {_b(found.update_slot)} at most"


def _outputs(measurement: Measurement) -> Facts:
    if (facts := measurement.outputs) is not None:
        if facts.spread is not None and facts.noise is not None:
            yield "data dependence", f"{facts.spread:.1%} between inputs; the same twice {facts.noise:.1%}"
        same = [name for name, equal in facts.deterministic.items() if equal]
        differ = [name for name, equal in facts.deterministic.items() if not equal]
        parts = [f"the same across {', '.join(same)}"] * bool(same) + [f"not across {', '.join(differ)}"] * bool(differ)
        if parts:
            yield "outputs", f"bit by bit {', '.join(parts)}"
        for each in facts.not_finite:
            yield "", f"{each.output!r} fed {each.variant}: {each.nan} NaN, {each.infinite} infinite of {each.of}"
    if (found := measurement.agreement) is not None:
        yield "agreement", f"with {found.reference}, {len(found.frames)} frames"
        for output in found.outputs:
            top = "" if output.top1 is None else f", top-1 {output.top1:.1%}"
            cosine = "" if output.cosine_distance is None else f", cosine {1 - output.cosine_distance:.6f}"
            far = output.absent or f"largest difference {output.max_abs:.3g}{cosine}{top}"
            yield "", f"{output.output!r}: {far}"


def _energy(measurement: Measurement) -> Facts:
    for each in measurement.energy:
        above = each.above_idle_joules_per_inference
        more = "" if above is None else f", {format_quantity(above, 'J')} above idle"
        joules = format_quantity(each.joules_per_inference, "J")
        yield "energy", f"{joules} an inference{more}, {each.watts:.3g} W ({each.sensor}: {each.covers}; {each.how})"


def _sustained(measurement: Measurement) -> Facts:
    seen = measurement.windows
    if not seen:
        return
    settled = plateau(seen)
    yield "over time", settled.words if settled else why_no_plateau(seen)
    for each in seen:
        if each.p50_ns is not None:
            heat = "" if each.temperature_max_c is None else f", {each.temperature_max_c:.0f} degC"
            missed = "" if each.misses is None else f", {each.misses} missed"
            yield "", f"{each.start_s:>5.0f} s  p50 {_s(each.p50_ns)}, {each.frames:,} frames{missed}{heat}"


def _placement(measurement: Measurement) -> Facts:
    if (found := measurement.placement) is not None:
        parts = ", ".join(f"{part.provider} {part.nodes} nodes" for part in found.parts)
        yield "placement", f"{parts}; {found.partitions} partitions"


def _profile(measurement: Measurement) -> Facts:
    if (found := measurement.profile) is not None:
        top = [f"{time.operator} {time.ns / found.kernel_ns:.0%}" for time in found.by_operator[:5]]
        yield "time by operator", f"{', '.join(top)} ({found.overhead:.2f} times as slow while profiled)"


def _settings(measurement: Measurement) -> Facts:
    requested, effective = measurement.requested, measurement.effective
    if effective:
        yield (
            "settings",
            (
                f"{' > '.join(effective.providers)} (asked for {requested.provider}), threads {requested.threads}, "
                f"optimisation {effective.optimisation}, outputs {effective.binding}"
            ),
        )


def _s(nanoseconds: float) -> str:
    return format_quantity(nanoseconds * 1e-9, "s")


def _b(size: float) -> str:
    return format_quantity(size, "B")
