"""Picture: what a smaller file costs: quality against size, memory or latency, beside teacher, chance and limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assess.describe.card import Card
from assess.project.skill import Interval
from assess.report.charts.svg import LABEL, WIDTH, line, svg, text
from assess.units import Unit, format_quantity

_PANEL: Final = 330
_TOP, _BOTTOM = 40.0, 260.0
#: One shape a precision, so that no colour is needed to tell them apart.
_SHAPES: Final = {"fp32": "circle", "fp16": "square", "int8": "diamond"}
#: Where words are anchored, by whether they stand to the left of what they belong to.
_END: Final = ("start", "end")
_COLUMNS: Final = 3
#: Beyond it words would leave the picture.
_FAR_RIGHT: Final = 0.7 * WIDTH
_STYLE: Final = (
    "<style>text{font:13px sans-serif;fill:#222}.small{font-size:11px}.level{stroke:#777;stroke-dasharray:5 4}"
    ".limit{stroke:#b3261e}.span{stroke:#222}.mark{fill:#1c5fa8;stroke:#fff}svg{background:#fff}</style>"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a family.

    Attributes:
        name: its variant.
        precision: what it computes in.
        score: how well it does.
    """

    name: str
    precision: str
    score: Interval


@dataclass(frozen=True, slots=True)
class Panel:
    """What quality is drawn against.

    Attributes:
        name: in words.
        unit: of the values.
        values: one for each file.
        limits: what must not be exceeded, by name.
    """

    name: str
    unit: Unit
    values: tuple[float, ...]
    limits: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Scale:
    """From numbers to places."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)


def family_picture(card: Card, metric: str, unit: str, panels: Sequence[Panel] = ()) -> str:
    """A family's scores as its card states them, against the size of its files and what else is known of them."""
    assert card.teacher and card.teacher.score and card.evaluation and card.evaluation.chance
    files = [
        File(one.id, one.precision, Interval(one.score.value, one.score.low, one.score.high))
        for one in card.variant
        if one.score
    ]
    levels = [("teacher", card.teacher.score.value), ("chance", card.evaluation.chance.value)]
    size = Panel("size of the file", "B", tuple(float(one.bytes) for one in card.variant))
    named = metric if unit == "1" else f"{metric}, {unit}"
    return quality(f"{card.id}: {metric}", named, files, levels, [size, *panels]) + "\n"


def quality(
    title: str, metric: str, files: Sequence[File], levels: Sequence[tuple[str, float]], panels: Sequence[Panel]
) -> str:
    """The picture as SVG that stands alone, one panel below the other.

    Args:
        title: what it shows.
        metric: what a score is, with its unit.
        files: what is drawn.
        levels: scores that they are compared with, by name: "teacher", "chance".
        panels: what they are drawn against.
    """
    ends = [end for each in files for end in (each.score.low, each.score.high)] + [value for _, value in levels]
    room = 0.08 * (max(ends) - min(ends) or 1.0)
    parts = [_STYLE]
    for number, panel in enumerate(panels):
        top = _PANEL * number
        y = _Scale(min(ends) - room, max(ends) + room, top + _BOTTOM, top + _TOP)
        parts += _levels(metric, levels, y, top)
        parts += _panel(panel, files, y, top)
    shapes = ", ".join(f"{shape} {name}" for name, shape in _SHAPES.items() if any(f.precision == name for f in files))
    parts.append(
        text(0, _PANEL * len(panels) + 14, f"{shapes}; upright lines are 95 % intervals; scales are logarithmic")
    )
    return svg(_PANEL * len(panels) + 24, title, parts)


def _levels(metric: str, levels: Sequence[tuple[str, float]], y: _Scale, top: float) -> list[str]:
    parts = [text(0, top + 24, metric, style="")]
    for name, value in levels:
        parts.append(line(LABEL, y.at(value), WIDTH, y.at(value), "level"))
        parts.append(text(0, y.at(value) + 4, f"{name} {value:.4g}"))
    return parts


def _panel(panel: Panel, files: Sequence[File], y: _Scale, top: float) -> list[str]:
    drawn = [*panel.values, *(value for _, value in panel.limits)]
    x = _Scale(math.log(min(drawn)) - 0.3, math.log(max(drawn)) + 0.9, LABEL, WIDTH - 10)
    parts = [text(LABEL, top + _BOTTOM + 18, panel.name)]
    for index, (name, value) in enumerate(panel.limits):
        at = x.at(math.log(value))
        parts.append(line(at, top + _TOP - 12, at, top + _BOTTOM, "limit"))
        is_right = at > _FAR_RIGHT
        words, height = f"{name}: {format_quantity(value, panel.unit)}", top + _TOP - 4 + 12 * (index % 3)
        parts.append(text(at + (-4 if is_right else 4), height, words, anchor=_END[is_right]))
    for number, (each, value) in enumerate(zip(files, panel.values, strict=True), start=1):
        at = x.at(math.log(value))
        parts.append(line(at, y.at(each.score.low), at, y.at(each.score.high), "span"))
        parts.append(_mark(at, y.at(each.score.value), each.precision))
        # Files of one size lie close together: their numbers stand on both sides, their names below.
        is_left = number % 2 == 0
        parts.append(text(at + (-9 if is_left else 9), y.at(each.score.value) - 5, str(number), anchor=_END[is_left]))
        row, column = divmod(number - 1, _COLUMNS)
        named = f"{number}  {each.name}, {format_quantity(value, panel.unit)}"
        parts.append(text(LABEL + column * 200, top + _BOTTOM + 34 + 14 * row, named))
    return parts


def _mark(x: float, y: float, precision: str) -> str:
    if _SHAPES[precision] == "circle":
        return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if _SHAPES[precision] == "diamond" else ""
    return f'<rect class="mark" x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"{turned}/>'
