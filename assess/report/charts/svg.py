"""Pieces that all pictures are drawn with. No picture needs its colours to be told apart: shapes and labels do that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, NamedTuple

from assess.clean import clean
from assess.units import format_quantity

WIDTH: Final = 860
LABEL: Final = 190


class Chart(NamedTuple):
    """A picture.

    Attributes:
        title: what it shows.
        svg: the picture; "" where there is no data for it.
        caption: how it is read; may be empty.
    """

    title: str
    svg: str
    caption: str = ""


def svg(height: float, title: str, parts: Sequence[str]) -> str:
    """A picture as wide as the page, with a title for those who cannot see it."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(clean(title))}</title>{''.join(parts)}</svg>"
    )


def text(x: float, y: float, words: str, *, style: str = "small", anchor: str = "start") -> str:
    """Words at a place; data from a model is escaped."""
    placed = f' text-anchor="{anchor}"' if anchor != "start" else ""
    named = f' class="{style}"' if style else ""
    return f'<text{named}{placed} x="{x:.0f}" y="{y:.0f}">{escape(clean(words))}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line."""
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(style: str, steps: Sequence[str]) -> str:
    """One path of many steps; "" of none."""
    return f'<path class="{style}" d="{"".join(steps)}"/>' if steps else ""


def bars(title: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars, each with its name and its value in words."""
    if not rows:
        return ""
    longest = max(value for _, value, _ in rows) or 1
    parts = []
    for index, (name, value, words) in enumerate(rows):
        y, width = 4 + 26 * index, (WIDTH - LABEL - 150) * value / longest
        parts.append(text(0, y + 14, name, style=""))
        parts.append(f'<rect class="bar" x="{LABEL}" y="{y}" width="{max(width, 1):.1f}" height="18" rx="2"/>')
        parts.append(text(LABEL + width + 6, y + 13, words))
    return svg(26 * len(rows) + 8, title, parts)


@dataclass(frozen=True, slots=True)
class Axis:
    """Times in nanoseconds on a logarithmic scale: a slow frame and a usual one lie decades apart.

    Attributes:
        low: the shortest.
        high: the longest.
        start: where the shortest is drawn.
        end: where the longest is drawn.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a time is drawn; what lies outside, at the end that is nearer."""
        share = math.log(min(max(value, self.low), self.high) / self.low) / math.log(self.high / self.low)
        return self.start + (self.end - self.start) * share

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Round times, and how they read: as many as there is room for."""
        exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), [1 + each / 10 for each in range(90)]):
            found = [step * 10.0**each for each in exponents for step in steps]
            found = [each for each in found if self.low <= each <= self.high]
            if len(found) >= 3:
                break
        for each in found[:: math.ceil(len(found) / 8)]:
            yield each, format_quantity(each * 1e-9, "s")


def axis(values: Sequence[float], start: float, end: float) -> Axis:
    """An axis with some room on both sides of these times."""
    low, high = min(values), max(values)
    room = max(1.03, (high / low) ** 0.04)
    return Axis(low / room, high * room, start, end)
