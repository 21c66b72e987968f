"""What a history keeps of a measurement, of a gate, and of a baseline."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from assess.judge.gate.report import GateReport
from assess.measure.baseline import Baseline
from assess.measure.fingerprint import fingerprint, settings_key
from assess.measure.measurement import Measurement, Settings
from assess.measure.passes.lockstep import QUANTILES
from assess.project.history import Kind, Run
from assess.project.quantile import empirical

#: Fewer frames have no 99th percentile: the slowest of them would stand for it.
_FEWEST: Final = 100
_S: Final = 1e-9
_MEDIAN: Final = QUANTILES.index(50)


def run_of_measurement(
    measurement: Measurement, *, kind: Kind = "measure", device_id: str = "", commit: str = "", verdict: str = ""
) -> Run:
    """What is kept of a measurement.

    Args:
        measurement: the run; what it could not measure is left out.
        kind: what it was made for.
        device_id: what it was judged for; "" if nothing.
        commit: of the model's work tree, as `commit_of` tells.
        verdict: on it; one that failed is "FAILED" whatever is said here.
    """
    return Run(
        created=measurement.created,
        kind=kind,
        model=measurement.model.name,
        sha256=measurement.model.sha256,
        workload_id=measurement.workload_id,
        workload_version=_version(measurement.workload),
        device_id=device_id,
        host=fingerprint(measurement.before),
        settings_key=settings_key(measurement.requested),
        onnxruntime=measurement.effective.versions.get("onnxruntime", "") if measurement.effective else "",
        tool=measurement.tool,
        commit=commit,
        verdict="FAILED" if measurement.failure is not None else verdict,
        metrics=_known(dict(_measured(measurement))),
    )


def run_of_gate(
    report: GateReport,
    *,
    settings: Settings | None = None,
    device_id: str = "",
    commit: str = "",
) -> Run:
    """What is kept of a gate: the candidate's value of each comparison that has one.

    Args:
        report: of the gate.
        settings: how both models were run; None where nothing was.
        device_id: what the candidate was judged for; "" if nothing.
        commit: of the candidate's work tree, as `commit_of` tells.
    """
    here = report.host is not None
    return Run(
        created=report.created,
        kind="gate",
        model=report.candidate.name,
        sha256=report.candidate.sha256,
        workload_id=report.workload_id,
        workload_version=report.workload_version,
        device_id=device_id,
        host=fingerprint(report.host) if report.host else "",
        settings_key=settings_key(settings) if settings and here else "",
        onnxruntime=report.versions.get("onnxruntime", ""),
        tool=report.tool,
        commit=commit,
        verdict=report.verdict.value,
        metrics=_known({each.metric: each.candidate for each in report.comparisons}),
    )


def run_of_baseline(baseline: Baseline) -> Run:
    """What is kept of an accepted measurement: medians over its launches.

    Args:
        baseline: what was accepted.
    """
    launches, fits = baseline.launches, baseline.job.fits if baseline.job else ()
    taken: dict[str, Sequence[float | None]] = {
        "latency floor": [each.floor_ns * _S for each in launches],
        "latency median": [each.quantiles_ns[_MEDIAN] * _S for each in launches],
        "peak memory": [each.peak_bytes for each in launches],
        "steady memory": [each.steady_bytes for each in launches],
        "file size": [baseline.model.file_bytes],
    }
    known = {name: [value for value in values if value is not None] for name, values in taken.items()}
    return Run(
        created=baseline.created,
        kind="baseline",
        model=baseline.model.name,
        sha256=baseline.model.sha256,
        workload_id=baseline.workload_id,
        workload_version=_version(baseline.workload),
        device_id=fits[0].device if len(fits) == 1 else "",
        host=fingerprint(baseline.host),
        settings_key=settings_key(baseline.settings),
        onnxruntime=baseline.versions.get("onnxruntime", ""),
        tool=baseline.tool,
        commit=baseline.acceptance.commit,
        metrics=_known({name: statistics.median(values) for name, values in known.items() if values}),
    )


def _version(workload: Mapping[str, Any]) -> int:
    """Of a workload as authored; 0 of none."""
    version = workload.get("version", 0)
    return version if isinstance(version, int) else 0


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}


def _measured(run: Measurement) -> Iterator[tuple[str, float | None]]:
    """Metrics by name, as a gate calls them; service times, since a response hangs on when the job released it."""
    if times_ns := run.service_ns:
        yield "latency floor", min(times_ns) * _S
        yield "latency median", statistics.median(times_ns) * _S
        if len(times_ns) >= _FEWEST:
            yield "latency p99", empirical(times_ns, 99) * _S
    if memory := run.memory:
        yield "peak memory", max(memory.load_peak, memory.first_peak, memory.steady_peak)
        yield "steady memory", memory.steady_peak
    yield "load", run.load_s
    yield "first inference", run.first_s
    yield "file size", run.model.file_bytes
    if run.energy:  # As the judge has it: the sensor that sees the whole machine, or else the most.
        seen = max(run.energy, key=lambda each: (each.is_whole, each.joules))
        yield "energy per inference", seen.joules_per_inference
