"""Pictures of a case as inline SVG: where the time goes, how the samples lie, what the memory is for."""

from __future__ import annotations

import math
from collections import Counter
from html import escape

from assess.clean import clean
from assess.judge.case import Case
from assess.judge.fit_report import FitReport
from assess.project.quantile import empirical
from assess.project.target import host_name
from assess.report import words
from assess.units import format_quantity

_WIDTH = 860
_LABEL = 190
_BINS = 60
_FLOOR = 160


def charts(report: FitReport) -> list[tuple[str, str]]:
    """Title and SVG of every picture that this report has the data for."""
    case = report.case
    drawn = [
        ("Numbers against their limits", _limits(report)),
        (_service_title(case), _service(case)),
        ("Memory of the run, by phase, above the empty runtime", _memory(case)),
        ("Multiply-accumulates by operator", _arithmetic(case)),
    ]
    return [(title, svg) for title, svg in drawn if svg]


def _limits(report: FitReport) -> str:
    rows = []
    for finding in report.findings:
        if finding.found is None or finding.limit is None or finding.limit.value <= 0:
            continue
        low, high = finding.found.low / finding.limit.value, finding.found.high / finding.limit.value
        text = f"{words.found(finding)} of {words.limit(finding)}"
        rows.append((finding.criterion, low, high, text, finding.verdict.name.lower()))
    if not rows:
        return ""

    # A log axis from a thousandth of the limit to ten times it: projections span decades.
    def at(share: float) -> float:
        decades = math.log10(min(max(share, 1e-3), 10.0)) + 3
        return _LABEL + (_WIDTH - _LABEL - 20) * decades / 4

    parts = []
    for index, (name, low, high, text, style) in enumerate(rows):
        y = 20 + 34 * index
        left, right = at(low), max(at(high), at(low) + 3)
        if math.isinf(high):  # Nothing bounds it: a mark where it starts, and a thin line to wherever.
            parts.append(f'<line class="open" x1="{left:.1f}" y1="{y + 8}" x2="{right:.1f}" y2="{y + 8}"/>')
            right = left + 6
        parts.append(f'<text x="0" y="{y + 12}">{escape(name)}</text>')
        parts.append(f'<rect class="{style}" x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="16" rx="2"/>')
        parts.append(f'<text class="small" x="{_LABEL}" y="{y + 28}">{escape(text)}</text>')
    height = 34 * len(rows) + 44
    for share, label in ((0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "limit"), (10.0, "10x")):
        style = "limit" if share == 1.0 else "grid"
        x = at(share)
        parts.append(f'<line class="{style}" x1="{x:.1f}" y1="10" x2="{x:.1f}" y2="{height - 24}"/>')
        parts.append(f'<text class="small" text-anchor="middle" x="{x:.1f}" y="{height - 8}">{label}</text>')
    return _svg(height, parts)


def _service_title(case: Case) -> str:
    if case.measurement is None or case.estimates.on_device:
        return f"Service time of each inference on {case.device.name}"
    return f"Service time of each inference on the proxy {host_name(case.measurement.before)}, not on the device"


def _service(case: Case) -> str:
    if case.measurement is None or len(case.measurement.service_ns) < 2:
        return ""
    samples = [ns * 1e-9 for ns in case.measurement.service_ns]
    low, high = min(samples), max(empirical(samples, 99.5), min(samples) * 1.001)
    bins = Counter(min(_BINS - 1, int((sample - low) / (high - low) * _BINS)) for sample in samples)
    tallest, step = max(bins.values()), _WIDTH / _BINS
    parts = [
        f'<rect class="bar" x="{index * step:.1f}" y="{_FLOOR - 110 * count / tallest:.1f}" '
        f'width="{step - 1:.1f}" height="{110 * count / tallest:.1f}"/>'
        for index, count in bins.items()
    ]
    for line, percentile in enumerate((50, 90, 99)):
        value = empirical(samples, percentile)
        x = min(1.0, (value - low) / (high - low)) * _WIDTH
        anchor = "end" if x > _WIDTH - 120 else "start"
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{_FLOOR}"/>')
        text = f"p{percentile} {format_quantity(value, 's')}"
        parts.append(f'<text class="small" text-anchor="{anchor}" x="{x:.1f}" y="{10 + 12 * line}">{text}</text>')
    parts.append(f'<text class="small" x="0" y="{_FLOOR + 18}">{format_quantity(low, "s")}</text>')
    last = f"{format_quantity(high, 's')} and above; slowest {format_quantity(max(samples), 's')}"
    parts.append(f'<text class="small" text-anchor="end" x="{_WIDTH}" y="{_FLOOR + 18}">{last}</text>')
    return _svg(_FLOOR + 24, parts)


def _memory(case: Case) -> str:
    memory = case.measurement.memory if case.measurement else None
    if memory is None:
        return ""
    phases = (("loading", memory.load_peak), ("first inference", memory.first_peak), ("steady", memory.steady_peak))
    return _bars([(name, max(0, peak - memory.baseline), "B") for name, peak in phases])


def _arithmetic(case: Case) -> str:
    macs: Counter[str] = Counter()
    for group in case.model.operators:
        macs[group.type] += group.count * (group.macs or 0)
    return _bars([(name, count, "MAC") for name, count in macs.most_common(8) if count])


def _bars(rows: list[tuple[str, int, str]]) -> str:
    if not rows:
        return ""
    longest = max(value for _, value, _ in rows) or 1
    parts = []
    for index, (name, value, unit) in enumerate(rows):
        y, width = 4 + 26 * index, (_WIDTH - _LABEL - 110) * value / longest
        parts.append(f'<text x="0" y="{y + 14}">{escape(clean(name))}</text>')
        parts.append(f'<rect class="bar" x="{_LABEL}" y="{y}" width="{max(width, 1):.1f}" height="18" rx="2"/>')
        text = format_quantity(value, unit)
        parts.append(f'<text class="small" x="{_LABEL + width + 6:.1f}" y="{y + 13}">{text}</text>')
    return _svg(26 * len(rows) + 8, parts)


def _svg(height: float, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
