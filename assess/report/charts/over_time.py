"""Picture: how long each frame took, over the time of the run, with those that missed their deadline below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assess.measure.frames import Frames
from assess.project.quantile import empirical
from assess.report.charts.svg import WIDTH, Axis, axis, line, path, svg, text
from assess.report.facts.fact import seconds

_LEFT: Final = 84
_TOP, _BOTTOM = 18, 190
#: Width of a column. Of more frames than there are columns the fastest, the median and the slowest are drawn: a run of
#: any length takes as much room in the file.
_COLUMN: Final = 2
_COLUMNS: Final = (WIDTH - _LEFT) // _COLUMN
#: From this many a column on; fewer are dots.
_DENSE: Final = 5


def over_time(title: str, frames: Frames, times_ns: Sequence[int], deadline_ns: int | None) -> str:
    """The picture; `times_ns` are the frames', in order. "" of fewer than two frames."""
    if len(frames) < 2:
        return ""
    span_ns = max(frames.span_ns, *frames.dropped_ns, 1)
    lines = [] if deadline_ns is None else [deadline_ns]
    scale = axis([min(times_ns), max(times_ns), *lines], _BOTTOM, _TOP)
    parts = [*_grid(scale, span_ns), *_frames(scale, frames, times_ns, span_ns)]
    height = _BOTTOM + 22.0
    if deadline_ns is not None:
        y = scale.at(deadline_ns)
        parts.append(line(_LEFT, y, WIDTH, y, "limit"))
        below = 14 if y - _TOP < 10 else -5
        parts.append(text(WIDTH, y + below, f"deadline {seconds(deadline_ns)}", anchor="end"))
        late = [
            release
            for release, done in zip(frames.scheduled_ns, frames.done_ns, strict=True)
            if done - release > deadline_ns
        ]
        for name, releases in (("late", late), ("dropped", frames.dropped_ns)):
            if releases:
                parts += _rug(name, releases, span_ns, height)
                height += 18
    return svg(height, title, parts)


def is_dense(count: int) -> bool:
    """Whether so many frames are drawn as columns."""
    return count > _DENSE * _COLUMNS


def _x(instant_ns: float, span_ns: int) -> float:
    return _LEFT + (WIDTH - _LEFT) * instant_ns / span_ns


def _grid(scale: Axis, span_ns: int) -> list[str]:
    parts = []
    for value, words in scale.ticks():
        y = scale.at(value)
        parts += [line(_LEFT, y, WIDTH, y, "grid"), text(_LEFT - 6, y + 4, words, anchor="end")]
    for quarter in range(5):
        anchor = "start" if quarter == 0 else "end" if quarter == 4 else "middle"
        words = "0 s" if quarter == 0 else seconds(span_ns * quarter / 4)
        parts.append(text(_x(span_ns * quarter / 4, span_ns), _BOTTOM + 14, words, anchor=anchor))
    return parts


def _frames(scale: Axis, frames: Frames, times_ns: Sequence[int], span_ns: int) -> list[str]:
    if not is_dense(len(frames)):
        dots = [
            f"M{_x(release, span_ns):.0f} {scale.at(taken):.0f}h0"
            for release, taken in zip(frames.scheduled_ns, times_ns, strict=True)
        ]
        return [path("dots", dots)]
    columns: dict[int, list[int]] = {}
    for release, taken in zip(frames.scheduled_ns, times_ns, strict=True):
        columns.setdefault(min(release * _COLUMNS // span_ns, _COLUMNS - 1), []).append(taken)
    band, medians = [], []
    for column, taken_ns in columns.items():
        x = _LEFT + column * _COLUMN
        slowest, fastest = scale.at(max(taken_ns)), scale.at(min(taken_ns))
        band.append(f"M{x + _COLUMN / 2:g} {slowest:.0f}V{max(fastest, slowest + 1):.0f}")
        medians.append(f"M{x} {scale.at(empirical(taken_ns, 50)):.0f}h{_COLUMN}")
    return [path("band", band), path("median", medians)]


def _rug(name: str, releases: Sequence[int], span_ns: int, y: float) -> list[str]:
    """A tick for each column in which there is one."""
    places = sorted({round(_x(release, span_ns)) for release in releases})
    words = f"{len(releases):,} {name}"
    return [text(_LEFT - 6, y + 11, words, anchor="end"), path(f"rug {name}", [f"M{x} {y:.0f}v12" for x in places])]
