"""What a run measured, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from assess.clean import clean
from assess.measure.measurement import Measurement
from assess.project.quantile import empirical
from assess.project.target import host_name
from assess.units import format_quantity


def run_summary(measurement: Measurement, reasons: Sequence[str]) -> str:
    """A run as plain text; `reasons` say why it is not valid, if it is not."""
    stopped = "INCOMPLETE" if measurement.incomplete else ""
    head = stopped or ("FAILED" if measurement.failure else "INVALID" if reasons else "MEASURED")
    lines = [
        clean(f"{head}  {measurement.model.name} for {measurement.workload_id} on {host_name(measurement.before)}"),
        "",
    ]
    if failure := measurement.failure:
        lines.append(clean(f"  {failure.kind} in phase {failure.phase!r}: {failure.cause}"))
        lines += [f"    {clean(line)}" for line in failure.detail.splitlines()]
    lines += [f"  not valid: {clean(reason)}" for reason in reasons]
    lines += [f"  {name:<17} {clean(text)}" for name, text in _facts(measurement)]
    lines += [f"  {name:<17} not measured: {clean(why)}" for name, why in measurement.absent.items()]
    return "\n".join(lines) + "\n"


def _facts(measurement: Measurement) -> list[tuple[str, str]]:
    facts = []
    if measurement.service_ns:
        seconds = [ns * 1e-9 for ns in measurement.service_ns]
        spread = ", ".join(f"p{p} {format_quantity(empirical(seconds, p), 's')}" for p in (50, 90, 99))
        facts.append(("service time", f"{spread}, slowest {format_quantity(max(seconds), 's')} of {len(seconds):,}"))
    if measurement.load_s is not None and measurement.first_s is not None:
        load, first = format_quantity(measurement.load_s, "s"), format_quantity(measurement.first_s, "s")
        facts.append(("start", f"{load} to load, {first} for the first inference"))
    if memory := measurement.memory:
        peaks = (
            ("loading", memory.load_peak), ("first", memory.first_peak), ("steady", memory.steady_peak)
        )  # fmt: skip
        parts = ", ".join(f"{name} {format_quantity(peak - memory.baseline, 'B')}" for name, peak in peaks)
        facts.append(("memory", f"{parts} above {format_quantity(memory.baseline, 'B')} ({memory.method})"))
    requested, effective = measurement.requested, measurement.effective
    if effective:
        facts.append(
            (
                "settings",
                f"{' > '.join(effective.providers)} (asked for {requested.provider}), threads {requested.threads}, "
                f"optimisation {effective.optimisation}, outputs {effective.binding}",
            )
        )
    return facts
