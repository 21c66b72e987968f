"""What a run measured, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from assess.clean import clean
from assess.describe.workload import Workload
from assess.measure.measurement import Measurement
from assess.project.target import host_name
from assess.report.run_facts import run_facts


def run_summary(measurement: Measurement, workload: Workload, reasons: Sequence[str]) -> str:
    """A run as plain text; `reasons` say why it is not valid, if it is not."""
    name = clean(f"{measurement.model.name} for {measurement.workload_id} on {host_name(measurement.before)}")
    lines = [f"{_head(measurement, reasons)}  {name}", ""]
    if measurement.incomplete:
        lines.append(f"  {clean(measurement.incomplete)}")
    if failure := measurement.failure:
        lines.append(clean(f"  {failure.kind} in phase {failure.phase!r}: {failure.cause}"))
        lines += [f"    {clean(line)}" for line in failure.detail.splitlines()]
    lines += [f"  not valid: {clean(reason)}" for reason in reasons]
    lines += [f"  {fact:<18} {clean(text)}".rstrip() for fact, text in run_facts(measurement, workload)]
    lines += [f"  {clean(fact):<18} not measured: {clean(why)}" for fact, why in measurement.absent.items()]
    return "\n".join(lines) + "\n"


def _head(measurement: Measurement, reasons: Sequence[str]) -> str:
    if measurement.incomplete:
        return "INCOMPLETE"
    return "FAILED" if measurement.failure else "INVALID" if reasons else "MEASURED"
