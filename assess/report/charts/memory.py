"""Picture: what the memory of a run is for."""

from __future__ import annotations

from typing import Final

from assess.measure.attribution import Attribution
from assess.measure.measurement import Memory
from assess.report.charts.svg import WIDTH, bars, svg, text
from assess.report.facts.fact import size
from assess.report.facts.memory import named_parts

_LEFT: Final = 110
_HEIGHT: Final = 34
#: Width that a segment needs for its own label, in pixels for each character.
_CHARACTER: Final = 6.2


def phases(title: str, memory: Memory) -> str:
    """Peaks of the timed process by phase, where nothing was attributed."""
    named = (("loading", memory.load_peak), ("first inference", memory.first_peak), ("steady", memory.steady_peak))
    rows = [(name, max(0, peak - memory.baseline)) for name, peak in named]
    return bars(title, [(name, value, size(value)) for name, value in rows])


def attribution(title: str, found: Attribution) -> str:
    """A bar for the peak of loading and one for the steady state, cut into their parts."""
    longest = max(found.load_peak, found.steady, 1)
    parts, y = [], 4.0
    for name, whole, split in (
        ("load peak", found.load_peak, found.at_load),
        ("steady", found.steady, found.at_steady),
    ):
        parts += [text(0, y + 15, name, style=""), text(0, y + 30, size(whole))]
        rows, unlabelled = _bar(named_parts(split), longest, y)
        parts += rows
        if unlabelled:
            parts.append(text(_LEFT, y + _HEIGHT + 31, f"and, too narrow for a label: {', '.join(unlabelled)}"))
        y += _HEIGHT + (56 if unlabelled else 38)
    return svg(y, title, parts)


def _bar(split: list[tuple[str, int]], longest: int, y: float) -> tuple[list[str], list[str]]:
    """Segments with labels below, and the labels for which there is no room."""
    drawn, unlabelled, x = [], [], float(_LEFT)
    for index, (name, value) in enumerate(split):
        if not value:
            continue
        width = (WIDTH - _LEFT) * value / longest
        drawn.append(
            f'<rect class="part p{index}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_HEIGHT}">'
            f"<title>{name} {size(value)}</title></rect>"
        )
        if width > _CHARACTER * max(len(name), len(size(value))):
            drawn.append(text(x, y + _HEIGHT + 12, name))
            drawn.append(text(x + 4, y + 21, size(value), style=f"on p{index}"))
        else:
            unlabelled.append(f"{name} {size(value)}")
        x += width
    return drawn, unlabelled
