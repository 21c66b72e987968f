"""Picture: the windows of a run, from their median to their 99th percentile, and how hot the device was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from assess.measure.windows import Window
from assess.report.charts.svg import WIDTH, axis, line, path, svg, text
from assess.report.facts.fact import seconds

_LEFT, _RIGHT = 60, WIDTH - 60
_TOP, _BOTTOM = 20, 170
#: Degrees that the right axis spans at least: a tenth of a degree is no slope.
_LEAST_SPAN_C: Final = 10.0


def windows(title: str, seen: Sequence[Window]) -> str:
    """The picture; "" of fewer than two windows with frames."""
    times = [each for window in seen for each in (window.p50_ns, window.p99_ns) if each is not None]
    if sum(window.p50_ns is not None for window in seen) < 2:
        return ""
    scale, end_s = axis(times, _BOTTOM, _TOP), seen[-1].start_s + seen[-1].span_s

    def x(at_s: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * at_s / end_s

    parts = []
    for value, words in scale.ticks():
        y = scale.at(value)
        parts += [line(_LEFT, y, _RIGHT, y, "grid"), text(_LEFT - 6, y + 4, words, anchor="end")]
    for window in seen:
        left, right = x(window.start_s) + 1, x(window.start_s + window.span_s) - 1
        if window.p50_ns is None:
            continue
        y = scale.at(window.p50_ns)
        if window.p99_ns is not None:
            top = scale.at(window.p99_ns)
            tall = max(y - top, 1)
            parts.append(
                f'<rect class="soft-bar" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{tall:.1f}"/>'
            )
        parts.append(path("median", [f"M{left:.1f} {y:.1f}H{right:.1f}"]))
        if window.throttled:
            parts.append(text((left + right) / 2, _TOP - 6, "throttled", anchor="middle"))
    parts += _heat(seen, x)
    for quarter in range(5):
        anchor = "start" if quarter == 0 else "end" if quarter == 4 else "middle"
        words = "0 s" if quarter == 0 else seconds(end_s * quarter / 4 * 1e9)
        parts.append(text(x(end_s * quarter / 4), _BOTTOM + 14, words, anchor=anchor))
    return svg(_BOTTOM + 22, title, parts)


def _heat(seen: Sequence[Window], x: Callable[[float], float]) -> list[str]:
    """Mean temperature of the hottest sensor, with its own axis on the right."""
    told = [
        (x(window.start_s + window.span_s / 2), window.temperature_c)
        for window in seen
        if window.temperature_c is not None
    ]
    if not told:
        return []
    degrees = [each for _, each in told]
    middle = (min(degrees) + max(degrees)) / 2
    half = max(_LEAST_SPAN_C, max(degrees) - min(degrees)) / 2

    def y(celsius: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (celsius - middle + half) / (2 * half)

    points = [f"{'L' if index else 'M'}{at:.0f} {y(each):.0f}" for index, (at, each) in enumerate(told)]
    labels = [middle - half, middle, middle + half]
    axis_words = [text(_RIGHT + 6, y(each) + 4, f"{each:.0f} °C") for each in labels]
    return [path("heat", points), *axis_words]
