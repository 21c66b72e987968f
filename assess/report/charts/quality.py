"""Picture: what a smaller file costs: quality against size, beside teacher and chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assess.project.skill import Interval
from assess.report.charts.svg import LABEL, WIDTH, line, svg, text
from assess.units import format_quantity

_HEIGHT: Final = 300
_TOP, _BOTTOM = 20.0, 250.0
#: One shape a precision, so that no colour is needed to tell them apart.
_SHAPES: Final = {"fp32": "circle", "fp16": "square", "int8": "diamond"}
_STYLE: Final = (
    "<style>text{font:13px sans-serif;fill:#222}.small{font-size:11px}.grid{stroke:#ddd}.level{stroke:#777;"
    "stroke-dasharray:5 4}.span{stroke:#222}.mark{fill:#1c5fa8;stroke:#fff}svg{background:#fff}</style>"
)


@dataclass(frozen=True, slots=True)
class Point:
    """A file: its name, size in bytes, precision, and how well it does."""

    name: str
    size: float
    precision: str
    score: Interval


def quality(title: str, metric: str, unit: str, points: Sequence[Point], levels: Sequence[tuple[str, float]]) -> str:
    """The picture as SVG that stands alone.

    Args:
        title: what it shows.
        metric: what a score is.
        unit: of a score.
        points: the files.
        levels: what they are compared with, by name: "teacher", "chance".
    """
    values = [end for each in points for end in (each.score.low, each.score.high)] + [value for _, value in levels]
    low, high = min(values), max(values)
    room = 0.06 * (high - low or 1.0)
    sizes = [math.log(each.size) for each in points]
    left, right = min(sizes) - 0.3, max(sizes) + 0.5

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - low + room) / (high - low + 2 * room)

    def x(size: float) -> float:
        return LABEL + (WIDTH - LABEL - 20) * (math.log(size) - left) / (right - left)

    parts = [_STYLE, text(0, _TOP + 4, f"{metric}, {'share' if unit == '1' else unit}", style="")]
    for name, value in levels:
        parts += [line(LABEL, y(value), WIDTH, y(value), "level"), text(0, y(value) + 4, f"{name} {value:.4g}")]
    for each in points:
        at = x(each.size)
        parts.append(line(at, y(each.score.low), at, y(each.score.high), "span"))
        parts.append(_mark(at, y(each.score.value), each.precision))
        parts.append(text(at + 8, y(each.score.value) - 4, f"{each.name}, {format_quantity(each.size, 'B')}"))
    legend = ", ".join(f"{shape} {name}" for name, shape in _SHAPES.items() if any(p.precision == name for p in points))
    parts.append(text(LABEL, _HEIGHT - 12, f"size of the file, logarithmic; {legend}; bars are 95 % intervals"))
    return svg(_HEIGHT, title, parts)


def _mark(x: float, y: float, precision: str) -> str:
    if _SHAPES[precision] == "circle":
        return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if _SHAPES[precision] == "diamond" else ""
    return f'<rect class="mark" x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"{turned}/>'
