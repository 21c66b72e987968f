"""How a gate's findings read, the same in every format."""

from __future__ import annotations

import math

from assess.judge.gate.comparison import Comparison
from assess.judge.gate.report import GateReport
from assess.report.facts.fact import several
from assess.units import format_quantity

_MODES = {
    "rerun": "both measured here, in turns",
    "floor": "measured here, against what was accepted on this machine",
    "static": "files alone, nothing was run",
}


def subject(report: GateReport) -> str:
    """Both models and the job, one line, and what was done with them."""
    job = f" for {report.workload_id}" if report.workload_id else ""
    done = _MODES[report.mode] if report.pairs or report.mode == "static" else "nothing was timed"
    return f"{report.candidate.name} against {report.baseline.name}{job}: {done}"


def because(each: Comparison) -> str:
    """Why, with both times where these are compared."""
    if each.unit == "s" and each.baseline is not None and each.candidate is not None:
        return f"{value(each.baseline, each.unit)} -> {value(each.candidate, each.unit)}: {each.because}"
    return each.because


def value(number: float | None, unit: str) -> str:
    """A value with its unit; empty where there is none."""
    if number is None:
        return ""
    return format_quantity(number, unit) if unit else f"{number:,.0f}"


def interval(each: Comparison) -> str:
    """The relative change with its interval; empty where there is none."""
    if each.change is None:
        return ""
    if math.isinf(each.change.high):
        return f"{each.change.centre:+.1%}"
    return f"{each.change.centre:+.1%} [{each.change.low:+.1%}, {each.change.high:+.1%}]"


def brief(report: GateReport) -> str:
    """What was run, on what, in how long."""
    tests = sum(not pair.placebo for pair in report.pairs)
    parts = []
    if report.acceptance:
        parts.append(f"accepted {report.acceptance.when[:10]} by {report.acceptance.who}: {report.acceptance.why}")
    if report.pairs and not tests:
        parts.append(f"{2 * len(report.pairs)} launches, two at a time in turns")
    elif report.pairs:
        placebos = len(report.pairs) - tests
        parts.append(f"{several(tests, 'pair')} and {several(placebos, 'placebo')} (the baseline against itself)")
    if report.host:
        parts.append(f"on {report.host.cpu or report.host.architecture}")
    parts += [f"{name} {version}" for name, version in report.versions.items() if name == "onnxruntime"]
    parts.append(f"{report.span_s:.0f} s")
    return ", ".join(parts)
