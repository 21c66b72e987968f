"""Pictures of a case as inline SVG, in reading order; each only where there is the data for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from assess.judge.case import Case
from assess.judge.fit_report import FitReport
from assess.judge.stationarity import drift
from assess.measure.counted import paced
from assess.measure.measurement import Measurement
from assess.measure.passes.profile import Profile
from assess.project.quantile import empirical, quantiles
from assess.project.target import host_name
from assess.report.charts.distribution import distribution
from assess.report.charts.limits import limits
from assess.report.charts.memory import attribution, phases
from assess.report.charts.over_time import is_dense, over_time
from assess.report.charts.svg import Chart, bars
from assess.report.charts.windows import windows
from assess.report.facts.fact import seconds
from assess.units import format_quantity

_OPERATORS = 10


def charts(report: FitReport) -> list[Chart]:
    """Every picture that this report has the data for."""
    return [*case_charts(report), *run_charts(report)]


def case_charts(report: FitReport) -> list[Chart]:
    """Those that are of this case alone."""
    return [chart for chart in (limits(report),) if chart.svg]


def run_charts(report: FitReport) -> list[Chart]:
    """Those of the run and the model: the same for every device that the run is judged for."""
    case = report.case
    drawn = [] if case.measurement is None else [*_of_run(case, case.measurement)]
    return [chart for chart in (*drawn, _arithmetic(case)) if chart.svg]


def _of_run(case: Case, run: Measurement) -> Iterator[Chart]:
    where = case.device.name if case.estimates.on_device else f"the proxy {host_name(run.before)}, not on the device"
    yield from _times(case, run, where)
    if run.windows:
        title = f"Windows of the run on {where}"
        caption = "A line is the median of the window's service times; the bar above it goes to its 99th percentile. "
        heat = any(window.temperature_c is not None for window in run.windows)
        caption += "The dashed line is the temperature, with its scale on the right." if heat else ""
        yield Chart(title, windows(title, run.windows), caption)
    if run.attribution is not None:
        title = "What memory is used for, above the process with its imports"
        yield Chart(title, attribution(title, run.attribution))
    elif run.memory is not None:
        title = "Memory of the run, by phase, above the empty runtime"
        yield Chart(title, phases(title, run.memory))
    if run.profile is not None and run.profile.kernel_ns:
        yield _operators(run.profile)


def _times(case: Case, run: Measurement, where: str) -> Iterator[Chart]:
    frames, workload = run.frames, case.workload
    if not len(frames):
        return
    deadline_ns = None if workload.deadline_s is None else round(workload.deadline_s * 1e9)
    response, service = frames.response_ns, frames.service_ns
    is_open = paced(run, workload)
    kind, times_ns = ("Response", response) if is_open else ("Service", service)
    title = f"{kind} time of each frame over the run on {where}"
    caption = "Each column goes from its fastest frame to its slowest; the line is at its median."
    if not is_dense(len(frames)):
        caption = "Each dot is a frame."
    yield Chart(title, over_time(title, frames, times_ns, deadline_ns), caption)
    layers = [("response time", response), ("service time", service)] if is_open else [("service time", service)]
    layers += [("back to back", run.back_to_back_ns)] if run.back_to_back_ns else []
    marks = [("p50", round(empirical(times_ns, 50)))]
    (found,) = quantiles(times_ns, (workload.requires.percentile,))
    if found.certified is not None and not drift(times_ns):
        marks.append((f"certified p{found.percentile:g} at most", round(found.certified)))
    title = f"How long frames took on {where}"
    yield Chart(
        title,
        distribution(title, layers, deadline_ns, marks),
        "Each is scaled to its own tallest bin; the scale is logarithmic.",
    )


def _operators(profile: Profile) -> Chart:
    title = "Time by operator"
    rows = [
        (time.operator, time.ns, f"{time.ns / profile.kernel_ns:.1%}, {seconds(time.ns / max(profile.runs, 1))}")
        for time in profile.by_operator[:_OPERATORS]
    ]
    caption = f"Per inference, while profiled: {profile.overhead:.2f} times as slow as without."
    return Chart(title, bars(title, rows), caption)


def _arithmetic(case: Case) -> Chart:
    macs: Counter[str] = Counter()
    for group in case.model.operators:
        macs[group.type] += group.count * (group.macs or 0)
    title = "Multiply-accumulates by operator"
    rows = [(name, count, format_quantity(count, "MAC")) for name, count in macs.most_common(8) if count]
    return Chart(title, bars(title, rows))
