"""A trend for a terminal: the drawing, the levels with their first runs, and what else there is."""

from __future__ import annotations

from assess.clean import clean
from assess.project.history import Trend
from assess.report.drawn.trend import drawn_trend
from assess.report.history.words import HEADS, notes, of_series, rows, subject
from assess.report.wrap import wrapped

_INDENT = "  "


def terminal(trend: Trend, *, width: int = 100) -> str:
    """The trend as plain text of at most `width` columns, but for its table."""
    lines = wrapped(clean(subject(trend)), width, _INDENT)
    lines += wrapped(_INDENT + clean(of_series(trend.series)), width, _INDENT * 2)
    values = [point.value for point in trend.points]
    lines += ["", *drawn_trend(values, [level.first for level in trend.levels[1:]], clean(trend.unit), width), ""]
    cells = [HEADS, *(tuple(map(clean, row)) for row in rows(trend))]
    if trend.levels:
        sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            padded = (f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True))
            lines.append(_INDENT + "  ".join(padded).rstrip())
    told = [line for note in notes(trend) for line in wrapped(_INDENT + clean(note), width, _INDENT * 2)]
    lines += ["", *told] if told and trend.levels else told
    return "\n".join(lines) + "\n"
