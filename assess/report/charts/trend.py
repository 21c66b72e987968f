"""Picture: one metric of a model over its runs, the levels that it stays at, and where they change."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

from assess.project.history import Trend
from assess.report.charts.svg import WIDTH, line, path, svg, text
from assess.units import format_quantity

_LEFT: Final = 84
_TOP, _BOTTOM = 24, 220
_TICKS: Final = 4
#: Letters of a label are so wide at most; what would lie on the one before is left out, the table has it.
_LABEL: Final = 52


def trend_picture(title: str, trend: Trend) -> str:
    """The picture, each run as far from the next; "" of fewer than two runs."""
    if len(trend.points) < 2:
        return ""
    values = [point.value for point in trend.points]
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    low, high = low - room, high + room

    def x(index: float) -> float:
        return _LEFT + (WIDTH - _LEFT - 8) * index / (len(values) - 1)

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - low) / (high - low)

    parts = []
    for step in range(_TICKS + 1):
        value = low + (high - low) * step / _TICKS
        words = format_quantity(value, trend.unit) if trend.unit else f"{value:,.0f}"
        parts += [line(_LEFT, y(value), WIDTH, y(value), "grid"), text(_LEFT - 6, y(value) + 4, words, anchor="end")]
    parts.append(path("dots", [f"M{x(index):.1f} {y(value):.1f}h0" for index, value in enumerate(values)]))
    parts += _levels(trend, x, y)
    ends = trend.points[0].created[:10], trend.points[-1].created[:10]
    parts += [text(_LEFT, _BOTTOM + 16, ends[0]), text(WIDTH, _BOTTOM + 16, ends[1], anchor="end")]
    return svg(_BOTTOM + 24, title, parts)


def _levels(trend: Trend, x: Callable[[float], float], y: Callable[[float], float]) -> list[str]:
    medians = [f"M{x(each.first):.1f} {y(each.median):.1f}H{x(each.last):.1f}" for each in trend.levels]
    parts = [path("median", medians)]
    free = 0.0
    for _, level in pairwise(trend.levels):
        at = x(level.first - 0.5)
        parts.append(line(at, _TOP, at, _BOTTOM, "mark"))
        if level.change is not None and at >= free:
            parts.append(text(at, _TOP - 6, f"{level.change:+.1%}", anchor="middle"))
            free = at + _LABEL
    return parts
