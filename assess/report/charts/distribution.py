"""Picture: how often frames took how long: response times, service times, and those back to back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from assess.report.charts.svg import WIDTH, Axis, axis, line, path, svg, text
from assess.report.facts.fact import seconds

_BINS: Final = 120
_TOP, _FLOOR = 46, 190
#: A deadline that is farther off than this is told, not drawn: it would leave the frames a corner of the picture.
_FAR: Final = 3.0
#: The first is drawn as bars, the others as outlines.
_STYLES: Final = ("bar", "outline", "outline dashed")

Layer = tuple[str, Sequence[int]]


def distribution(title: str, layers: Sequence[Layer], deadline_ns: int | None, marks: Sequence[tuple[str, int]]) -> str:
    """The picture; `marks` are times to be pointed at. "" where the first layer has fewer than two frames."""
    layers = [layer for layer in layers if len(layer[1]) > 1]
    if not layers:
        return ""
    longest = max(max(times) for _, times in layers)
    near = deadline_ns is not None and deadline_ns <= _FAR * longest
    drawn = [*marks, *([("deadline", deadline_ns)] if near and deadline_ns is not None else [])]
    scale = axis([*(bound for _, times in layers for bound in (min(times), max(times))),
                  *(value for _, value in drawn)], 0, WIDTH)  # fmt: skip
    parts = [part for value, words in scale.ticks() for part in _tick(scale, value, words)]
    for (_, times), style in zip(layers, _STYLES, strict=False):
        parts.append(_layer(scale, times, style))
    parts += _marks(scale, drawn)
    if deadline_ns is not None and not near:
        words = f"deadline {seconds(deadline_ns)}, {deadline_ns / longest:.3g} times the slowest, off to the right →"
        parts.append(text(WIDTH, 10, words, anchor="end"))
    return svg(_FLOOR + 46, title, [*parts, *_legend([name for name, _ in layers])])


def _tick(scale: Axis, value: float, words: str) -> tuple[str, str]:
    x = scale.at(value)
    anchor = "start" if x < 30 else "end" if x > WIDTH - 30 else "middle"
    return line(x, _TOP, x, _FLOOR, "grid"), text(x, _FLOOR + 14, words, anchor=anchor)


def _layer(scale: Axis, times_ns: Sequence[int], style: str) -> str:
    """Each layer has a tallest bin of its own; a bin with one frame in 10,000 can be seen."""
    step = WIDTH / _BINS
    bins = Counter(min(int(scale.at(taken) / step), _BINS - 1) for taken in times_ns)
    tallest = max(bins.values())

    def top(index: int) -> float:
        return _FLOOR - max((_FLOOR - _TOP - 6) * bins[index] / tallest, 2) if bins[index] else _FLOOR

    if style == "bar":
        return path(
            style, [f"M{i * step + 0.5:.1f} {_FLOOR}V{top(i):.0f}h{step - 1:.1f}V{_FLOOR}z" for i in sorted(bins)]
        )
    first, last = min(bins), max(bins)
    steps = [f"V{top(index):.0f}H{(index + 1) * step:.0f}" for index in range(first, last + 1)]
    return path(style, [f"M{first * step:.0f} {_FLOOR}", *steps, f"V{_FLOOR}"])


def _marks(scale: Axis, marks: Sequence[tuple[str, int]]) -> list[str]:
    parts = []
    for row, (name, value) in enumerate(sorted(marks, key=lambda mark: mark[1])):
        x, y = scale.at(value), 10 + 13 * (row % 3)
        parts.append(line(x, y + 3, x, _FLOOR, "limit" if name == "deadline" else "mark"))
        anchor, away = ("end", -4) if x > WIDTH * 0.7 else ("start", 4)
        parts.append(text(x + away, y + 3, f"{name} {seconds(value)}", anchor=anchor))
    return parts


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], 0.0
    for name, style in zip(names, _STYLES, strict=False):
        parts.append(path(style, [f"M{x:.0f} {_FLOOR + 40}v-10h18v10" + "z" * (style == "bar")]))
        parts.append(text(x + 24, _FLOOR + 39, name))
        x += 24 + 7 * len(name) + 24
    return parts
