"""Picture: every number that was judged, as a share of its limit."""

from __future__ import annotations

import math
from typing import Final

from assess.judge.finding import Finding
from assess.judge.fit_report import FitReport
from assess.report import words
from assess.report.charts.svg import LABEL, WIDTH, Chart, line, svg, text

_TITLE: Final = "Numbers against their limits"
_TICKS: Final = ((0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "limit"), (10.0, "10x"))


def limits(report: FitReport) -> Chart:
    """A bar for each number, from its low to its high end."""
    rows = [
        (finding, finding.found.low / finding.limit.value, finding.found.high / finding.limit.value)
        for finding in report.findings
        if finding.found is not None and finding.limit is not None and finding.limit.value > 0
    ]
    if not rows:
        return Chart(_TITLE, "")
    height = 34 * len(rows) + 44
    parts = [part for index, row in enumerate(rows) for part in _row(20 + 34 * index, *row)]
    for share, label in _TICKS:
        x = _at(share)
        parts.append(line(x, 10, x, height - 24, "limit" if share == 1.0 else "grid"))
        parts.append(text(x, height - 8, label, anchor="middle"))
    return Chart(_TITLE, svg(height, _TITLE, parts))


def _at(share: float) -> float:
    """A log axis from a thousandth of the limit to ten times it: projections span decades."""
    decades = math.log10(min(max(share, 1e-3), 10.0)) + 3
    return LABEL + (WIDTH - LABEL - 20) * decades / 4


def _row(y: float, finding: Finding, low: float, high: float) -> list[str]:
    left, right = _at(low), max(_at(high), _at(low) + 3)
    parts = []
    if math.isinf(high):  # Nothing bounds it: a mark where it starts, and a thin line to wherever.
        parts.append(line(left, y + 8, right, y + 8, "open"))
        right = left + 6
    style, width = finding.verdict.name.lower(), right - left
    parts.append(text(0, y + 12, finding.criterion, style=""))
    parts.append(f'<rect class="{style}" x="{left:.1f}" y="{y}" width="{width:.1f}" height="16" rx="2"/>')
    parts.append(text(LABEL, y + 28, f"{words.found(finding)} of {words.limit(finding)}, {finding.verdict.text}"))
    return parts
