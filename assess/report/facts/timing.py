"""Facts: how long frames took, whether they kept the deadline, and what of that is the host's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assess.describe.workload import Workload
from assess.judge.cadence import NOTABLE, cadence
from assess.judge.deadline import DeadlineRecord, deadline_record
from assess.judge.stationarity import drift
from assess.judge.timing import output_age, period_jitter, release_jitter
from assess.judge.weakly_hard import Kept
from assess.measure.counted import counted, paced
from assess.measure.measurement import Measurement
from assess.measure.passes.floor import floor_of, level
from assess.measure.validity import late_in_run
from assess.project.quantile import CONFIDENCE, quantiles
from assess.report.facts.fact import Fact, Group, levels, percent, seconds, several

#: Quantiles that one line has room for; run.json has all samples.
_SHOWN: Final = (50.0, 90.0, 99.0, 99.9)


def timing(measurement: Measurement, workload: Workload) -> Group:
    """Response and service times, deadline, cadence, jitter, floor."""
    facts = [*_latency(measurement, workload)]
    if record := deadline_record(measurement, workload):
        facts += _deadline(record, workload)
    facts += [*_cadence(measurement), *_jitter(measurement, workload), *_floor(measurement, workload)]
    return Group("Time", tuple(facts))


def _latency(measurement: Measurement, workload: Workload) -> Iterator[Fact]:
    frames = counted(measurement)
    if not len(frames):
        return
    service = Fact("service time", _spread(frames.service_ns), brief=True)
    if paced(measurement, workload):
        yield Fact("response time", _spread(frames.response_ns), brief=True)
        yield Fact("", _certified(frames.response_ns, workload), brief=True)
        yield service
    else:
        yield service
        yield Fact("", _certified(frames.service_ns, workload), brief=True)


def _spread(times_ns: tuple[int, ...]) -> str:
    # Above them there would be no sample: the figure would be the slowest.
    found = quantiles(times_ns, [each for each in _SHOWN if len(times_ns) * (100 - each) >= 100] or [50.0])
    named = ((f"p{each.percentile:g}", each.empirical) for each in found)
    return f"{levels(*named, ('slowest', max(times_ns)))} of {several(len(times_ns), 'frame')}"


def _certified(times_ns: tuple[int, ...], workload: Workload) -> str:
    """The job's own percentile with its confidence, or how many frames are lacking."""
    (found,) = quantiles(times_ns, (workload.requires.percentile,))
    percentile = f"p{found.percentile:g}"
    if found.certified is not None and (why := drift(times_ns)):
        return f"{percentile} not certified: {why}"
    if found.certified is None:
        return f"{percentile} not certified: needs {_frames(found.needed, workload)}"
    return (
        f"{percentile} at most {seconds(found.certified)} with {CONFIDENCE:.0%} confidence, if frames are independent"
    )


def _frames(count: int, workload: Workload) -> str:
    rate = workload.scenario.rate if workload.scenario.is_open else None
    lasting = f" ({count / rate:,.0f} s at this rate)" if rate else ""
    return f"{count:,} more frames{lasting}"


def _deadline(record: DeadlineRecord, workload: Workload) -> Iterator[Fact]:
    found = record.certificate
    text = f"{found.misses:,} of {several(found.frames, 'frame')} missed {seconds(record.deadline_s * 1e9)}"
    if found.misses:
        together = f"in {several(found.episodes, 'episode')}, at most {found.longest_run} in a row"
        text += f": {record.late:,} late, {record.dropped:,} dropped; {together}"
    yield Fact("deadline", text, brief=True)
    allowed = f"at most {100 - found.percentile:g}% miss"
    if record.drift:
        yield Fact("", f"not certified that {allowed}: {record.drift}", brief=True)
    elif found.certified:
        yield Fact("", f"certified that {allowed}, with {CONFIDENCE:.0%} confidence", brief=True)
        yield Fact("", f"provided that {found.assumption}")
    elif found.misses > (1 - found.percentile / 100) * found.frames:
        yield Fact("", f"not certified that {allowed}: {percent(found.misses / found.frames)} did", brief=True)
    else:
        yield Fact("", f"not certified that {allowed}: needs {_frames(found.more, workload)}, none missed", brief=True)
        if found.certified_iid:
            yield Fact("", "(it would be, were misses independent of each other)")
    if record.contract is not None:
        yield _contract(record.contract)


def _contract(kept: Kept) -> Fact:
    contract = kept.contract
    asked = [f"at most {contract.at_most} in any {contract.in_any}"] * (contract.at_most is not None)
    asked += [f"never {(contract.in_a_row or 0) + 1} in a row"] * (contract.in_a_row is not None)
    seen = f"at most {kept.most} in any {contract.in_any or kept.frames:,}, {kept.longest_run} in a row"
    bound = f"under {percent(kept.share_bound)} of such windows break it ({CONFIDENCE:.0%} confidence)"
    return Fact("contract", f"{kept.verdict} ({', '.join(asked)}): {seen}; {bound}", brief=True)


def _cadence(measurement: Measurement) -> Iterator[Fact]:
    if (found := cadence(measurement)) is None:
        return
    text = f"x{found.penalty:.2f}: p50 {seconds(found.at_rate_s * 1e9)} at the job's rate, "
    text += f"{seconds(found.back_to_back_s * 1e9)} back to back"
    yield Fact("cadence penalty", text, brief=True)
    if found.penalty > NOTABLE:
        yield Fact("", found.cause, brief=True)


def _jitter(measurement: Measurement, workload: Workload) -> Iterator[Fact]:
    frames = measurement.frames
    if not paced(measurement, workload) or len(frames) < 2:
        return
    late = release_jitter(frames.scheduled_ns, frames.start_ns)
    jitter = period_jitter(frames.scheduled_ns, frames.start_ns)
    text = f"{levels(('p50', late.p50_ns), ('p99', late.p99_ns), ('at most', late.max_ns))} after the release"
    yield Fact("start of frames", text)
    spread = f"sd {seconds(jitter.sd_ns)}, peak to peak {seconds(jitter.peak_to_peak_ns)}"
    yield Fact("period jitter", spread if jitter.peak_to_peak_ns else "none")
    if age := output_age(frames.scheduled_ns, frames.done_ns, frames.dropped_ns):
        text = levels(("p50", age.p50_ns), ("p99", age.p99_ns), ("at most", age.max_ns))
        yield Fact("age of outputs", f"{text} when the next frame is released")


def _floor(measurement: Measurement, workload: Workload) -> Iterator[Fact]:
    if (floor := measurement.floor) is None:
        return
    null, late = floor.null_loop, floor.lateness
    paced = measurement.effective is not None and measurement.effective.spin_ns is not None
    percentile = workload.requires.percentile
    taken_ns = floor_of(floor, percentile, paced=paced)
    of = f", {percent(taken_ns * 1e-9 / workload.deadline_s)} of the deadline" if workload.deadline_s else ""
    count = min(null.count, late.count) if paced else null.count
    text = f"{seconds(taken_ns)} of a frame ({level(percentile, count)}){of}"
    yield Fact("harness floor", f"{text}: before the run, with a model that does nothing", brief=True)
    text = f"that model takes {levels(('p50', null.p50_ns), ('p99', null.p99_ns))}"
    if paced:
        text += f"; its frames start {levels(('p50', late.p50_ns), ('p99', late.p99_ns))} late"
    yield Fact("", text)
    if (in_run := late_in_run(measurement, percentile)) is not None:
        text = f"in the run itself frames began {seconds(in_run[0])} late though the model was idle"
        yield Fact("", f"{text} ({level(percentile, in_run[1])})", brief=in_run[0] > taken_ns)
