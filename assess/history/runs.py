"""What a history keeps of a measurement, of a gate, and of a baseline."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from assess.judge.gate.budgets import BUDGETS
from assess.judge.gate.energy import ENERGY, joules_per_inference
from assess.judge.gate.report import GateReport, Mode
from assess.measure.baseline import Baseline
from assess.measure.fingerprint import machine_key, settings_key
from assess.measure.measurement import Measurement, Settings
from assess.project.history import Kind, Quantity, Run
from assess.project.quantile import empirical

#: Fewer frames have no 99th percentile: the slowest of them would stand for it.
_FEWEST: Final = 100
_S: Final = 1e-9
_KINDS: Final[Mapping[Mode, Kind]] = {"rerun": "gate-rerun", "floor": "gate-floor", "static": "gate-static"}
#: A name, a value that may not be known, and its unit.
_Found = tuple[str, float | None, str]


def run_of_measurement(
    measurement: Measurement, *, machine: str = "", device_id: str = "", commit: str = "", verdict: str = ""
) -> Run:
    """What is kept of a measurement.

    Args:
        measurement: the run; what it could not measure is left out.
        machine: where it was made, as `machine_id` tells; "" where there is no id.
        device_id: what it was judged for; "" if nothing.
        commit: of the model's work tree, as `commit_of` tells.
        verdict: on it; one that failed is "FAILED" whatever is said here.
    """
    return Run(
        created=measurement.created,
        kind="measure",
        model=measurement.model.name,
        sha256=measurement.model.sha256,
        workload_id=measurement.workload_id,
        workload_version=_version(measurement.workload),
        device_id=device_id,
        host=machine_key(measurement.before, machine),
        settings_key=settings_key(measurement.requested),
        onnxruntime=measurement.effective.versions.get("onnxruntime", "") if measurement.effective else "",
        tool=measurement.tool,
        commit=commit,
        verdict="FAILED" if measurement.failure is not None else verdict,
        metrics=_known(_measured(measurement)),
    )


def run_of_gate(
    report: GateReport,
    *,
    settings: Settings | None = None,
    machine: str = "",
    device_id: str = "",
    commit: str = "",
) -> Run:
    """What is kept of a gate: the candidate's value of each comparison that has one.

    Args:
        report: of the gate.
        settings: how both models were run; None where nothing was.
        machine: where it was made, as `machine_id` tells; "" where there is no id.
        device_id: what the candidate was judged for; "" if nothing.
        commit: of the candidate's work tree, as `commit_of` tells.
    """
    here = report.host is not None
    # A budget is told by a bound, which narrows with the number of frames: no value of the model's.
    compared = [each for each in report.comparisons if each.metric not in BUDGETS]
    return Run(
        created=report.created,
        kind=_KINDS[report.mode],
        model=report.candidate.name,
        sha256=report.candidate.sha256,
        workload_id=report.workload_id,
        workload_version=report.workload_version,
        device_id=device_id,
        host=machine_key(report.host, machine) if report.host else "",
        settings_key=settings_key(settings) if settings and here else "",
        onnxruntime=report.versions.get("onnxruntime", ""),
        tool=report.tool,
        commit=commit,
        verdict=report.verdict.value,
        metrics=_known((each.metric, each.candidate, each.unit) for each in compared),
    )


def run_of_baseline(baseline: Baseline) -> Run:
    """What is kept of an accepted measurement: its floor, and of all else medians over its launches.

    Args:
        baseline: what was accepted.
    """
    fits = baseline.job_run.fits if baseline.job_run else ()
    return Run(
        created=baseline.acceptance.when,
        kind="baseline",
        model=baseline.model.name,
        sha256=baseline.model.sha256,
        workload_id=baseline.workload_id,
        workload_version=_version(baseline.workload),
        device_id=fits[0].device if len(fits) == 1 else "",
        host=machine_key(baseline.host, baseline.machine),
        settings_key=settings_key(baseline.settings),
        onnxruntime=baseline.versions.get("onnxruntime", ""),
        tool=baseline.tool,
        commit=baseline.acceptance.commit,
        metrics=_known(_accepted(baseline)),
    )


def _version(workload: Mapping[str, Any]) -> int:
    """Of a workload as authored; 0 of none."""
    version = workload.get("version", 0)
    return version if isinstance(version, int) else 0


def _known(found: Iterable[_Found]) -> dict[str, Quantity]:
    return {
        name: Quantity(float(value), unit) for name, value, unit in found if value is not None and math.isfinite(value)
    }


def _measured(run: Measurement) -> Iterator[_Found]:
    """Metrics as a gate calls them; service times, since a response hangs on when the job released it."""
    if times_ns := run.service_ns:
        yield "latency floor", min(times_ns) * _S, "s"
        yield "latency median", statistics.median(times_ns) * _S, "s"
        if len(times_ns) >= _FEWEST:
            yield "latency p99", empirical(times_ns, 99) * _S, "s"
    if memory := run.memory:
        yield "peak memory", max(memory.load_peak, memory.first_peak, memory.steady_peak), "B"
        yield "steady memory", memory.steady_peak, "B"
    yield "load", run.load_s, "s"
    yield "first inference", run.first_s, "s"
    yield "file size", run.model.file_bytes, "B"
    yield from _energy(joules_per_inference(run))


def _accepted(baseline: Baseline) -> Iterator[_Found]:
    launches = baseline.launches
    yield "latency floor", baseline.floor_ns * _S, "s"
    yield "latency median", _median([each.p50_ns * _S for each in launches]), "s"
    yield "peak memory", _median([each.peak_bytes for each in launches]), "B"
    yield "steady memory", _median([each.steady_bytes for each in launches]), "B"
    yield "file size", baseline.model.file_bytes, "B"
    if baseline.job_run:
        yield from _energy(baseline.job_run.energy)


def _energy(joules: Mapping[str, float]) -> Iterator[_Found]:
    """Of an inference, by sensor: what they see overlaps."""
    for sensor, value in joules.items():
        yield f"{ENERGY}: {sensor}", value, "J"


def _median(values: Sequence[float | None]) -> float | None:
    """Of those that are known; None if none is."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
