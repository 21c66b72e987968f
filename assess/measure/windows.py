"""Windows of a run: how latency, heat and clocks went over its time, and when they had settled.

Imported by the worker (`PlateauFinder`): the standard library only.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from assess.measure.plain import Signed

if TYPE_CHECKING:
    from assess.measure.frames import Frames
    from assess.measure.monitor import Readings, Series

#: Windows of a minute, as benchmarks of sustained load have them; heat takes minutes to settle.
WIDTH_NS: Final = 60_000_000_000
#: A run too short for this many of them is cut into `_PARTS` windows instead: a plateau needs three and some before.
_FEWEST: Final = 5
_PARTS: Final = 10
#: Steady: the medians of so many last windows in a row, the largest at most so much above the smallest.
_IN_A_ROW: Final = 3
STEADY: Final = 0.05
#: Slowed: a window whose median is so much above the first one's; twice what still counts as equal.
SLOWED: Final = 0.10
#: Still warming: the hottest sensor's mean rose by more than this, in °C, over the windows that count as steady. Most
#: sensors have steps of 0.5 to 1 °C.
WARMING_C: Final = 1.0
#: A median of fewer frames is one frame's luck.
_FEWEST_FRAMES: Final = 5
#: Highest bits that a class of the online histogram keeps: it is 1/256 to 1/128 wide, so that 5 % can be told.
_BITS: Final = 8
_NS: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a run. A frame belongs to the window in which its inference ended; a dropped one, to that of its release.

    Attributes:
        start_s: since the first release.
        span_s: its width.
        frames: that were served.
        p50_ns: median of their service times (nearest rank); None: no frame ended here.
        p90_ns: None where fewer than 10 frames ended.
        p99_ns: None where fewer than 100 frames ended.
        misses: frames that came later than the deadline or were dropped; None: no deadline was asked for.
        hottest: the temperature sensor with the highest mean; "" where none was read.
        temperature_c: its mean.
        temperature_max_c: its highest.
        frequency_hz: mean of each clock, by the sensor's name.
        throttled: whether anything said that it held a clock down; None: nothing here tells.
    """

    start_s: float
    span_s: float
    frames: int
    p50_ns: int | None = None
    p90_ns: int | None = None
    p99_ns: int | None = None
    misses: int | None = None
    hottest: str = ""
    temperature_c: Signed | None = None
    temperature_max_c: Signed | None = None
    frequency_hz: Mapping[str, float] = field(default_factory=dict)
    throttled: bool | None = None


@dataclass(frozen=True, slots=True)
class Plateau:
    """Where a run settled.

    Attributes:
        since_s: from here on no window's median left the plateau by more than 5 %.
        p50_ns: median of the medians of the last three windows.
        first_p50_ns: median of the first window.
        first_s: width of the first window: a minute, less in short runs.
        slowed_s: beginning of the first window that was throttled or more than 10 % slower than the first; None: none.
        why_slowed: what that window showed; "" for none.
        still_warming: whether the temperature rose by more than 1 °C over the last three windows, so that the plateau
            may not last; None: it was not read.
    """

    since_s: float
    p50_ns: int
    first_p50_ns: int
    first_s: float
    slowed_s: float | None = None
    why_slowed: str = ""
    still_warming: bool | None = None

    @property
    def ratio(self) -> float:
        """Of the plateau to the first window: 1.2 means that the device is 20 % slower once it is warm."""
        return self.p50_ns / self.first_p50_ns

    @property
    def words(self) -> str:
        """In one or two sentences."""
        settled = f"medians within {STEADY:.0%} since {self.since_s:.0f} s"
        text = f"{settled}, p50 {self.ratio:.2f} times that of the first {self.first_s:.0f} s"
        if self.slowed_s is not None:
            text += f"; {self.why_slowed} from {self.slowed_s:.0f} s on"
        return text + ("; but the temperature still rises: run longer" if self.still_warming else "")


def windows(
    frames: Frames,
    *,
    deadline_ns: int | None = None,
    begun_ns: int = 0,
    readings: Readings | None = None,
) -> tuple[Window, ...]:
    """A run in windows of a minute, a short run in ten; what is left over is one more, or if short, part of the last.

    Args:
        frames: of the run.
        deadline_ns: from release to end; None: none was asked for.
        begun_ns: the clock at the first release, on which `readings` were taken.
        readings: of sensors, if there were any.
    """
    if not len(frames):
        return ()
    span_ns = frames.span_ns
    width_ns = WIDTH_NS if span_ns >= _FEWEST * WIDTH_NS else math.ceil(span_ns / _PARTS)
    edges = list(range(0, span_ns, width_ns))
    if len(edges) > 1 and span_ns - edges[-1] < width_ns / 2:
        edges.pop()
    edges.append(span_ns)
    late = _late(frames, deadline_ns)
    return tuple(
        _window(frames, late, readings, (edges[i], edges[i + 1]), begun_ns, last=i == len(edges) - 2)
        for i in range(len(edges) - 1)
    )


def _late(frames: Frames, deadline_ns: int | None) -> list[int] | None:
    """When each miss counts: the end of a late frame, the release of a dropped one; ascending."""
    if deadline_ns is None:
        return None
    ends = (
        done for release, done in zip(frames.scheduled_ns, frames.done_ns, strict=True) if done - release > deadline_ns
    )
    return sorted([*ends, *frames.dropped_ns])


def _window(
    frames: Frames,
    late: list[int] | None,
    readings: Readings | None,
    edges: tuple[int, int],
    begun_ns: int,
    *,
    last: bool,
) -> Window:
    """From one edge to before the next; the last window has its end too, and any release that was dropped after it."""
    start, end = edges

    def inside(ascending: Sequence[int]) -> slice:
        return slice(bisect_left(ascending, start), len(ascending) if last else bisect_left(ascending, end))

    own = inside(frames.done_ns)
    service = sorted(done - begin for begin, done in zip(frames.start_ns[own], frames.done_ns[own], strict=True))
    seen = readings.series if readings is not None else ()
    hottest, mean_c, max_c = _hottest([_values(series, start, end, begun_ns, "temperature") for series in seen])
    clocks = (_values(series, start, end, begun_ns, "frequency") for series in seen)
    return Window(
        start_s=start * _NS,
        span_s=(end - start) * _NS,
        frames=len(service),
        p50_ns=_quantile(service, 50, 1),
        p90_ns=_quantile(service, 90, 10),
        p99_ns=_quantile(service, 99, 100),
        misses=None if late is None else len(late[inside(late)]),
        hottest=hottest,
        temperature_c=None if mean_c is None else Signed(mean_c),
        temperature_max_c=None if max_c is None else Signed(max_c),
        frequency_hz={name: sum(values) / len(values) for name, values in clocks if values},
        throttled=_throttled(seen, start + begun_ns, end + begun_ns),
    )


def _quantile(ascending: Sequence[int], percent: int, fewest: int) -> int | None:
    """Nearest rank: a value that occurred."""
    count = len(ascending)
    return ascending[math.ceil(percent * count / 100) - 1] if count >= fewest else None


def _values(series: Series, start: int, end: int, begun_ns: int, quantity: str) -> tuple[str, tuple[float, ...]]:
    """The sensor's name, and what it told in the window if it reads that quantity."""
    if series.sensor.quantity != quantity:
        return series.sensor.name, ()
    times = series.times_ns
    return series.sensor.name, series.values[bisect_left(times, start + begun_ns) : bisect_left(times, end + begun_ns)]


def _hottest(told: Iterable[tuple[str, tuple[float, ...]]]) -> tuple[str, float | None, float | None]:
    read = [(sum(values) / len(values), name, max(values)) for name, values in told if values]
    if not read:
        return "", None, None
    mean_c, name, max_c = max(read)
    return name, mean_c, max_c


def _throttled(seen: Sequence[Series], start: int, end: int) -> bool | None:
    """Whether a state was set at some reading, or a counter grew between two of which the later is in the window."""
    told: list[bool] = []
    for series in seen:
        first, after = bisect_left(series.times_ns, start), bisect_left(series.times_ns, end)
        if series.sensor.quantity == "throttling":
            told += [value > 0 for value in series.values[first:after]]
        elif series.sensor.quantity == "throttle events":
            told += [series.values[i] > series.values[i - 1] for i in range(max(first, 1), after)]
    return any(told) if told else None


def plateau(seen: Sequence[Window]) -> Plateau | None:
    """Where the run settled; None if it did not, see `why_no_plateau`."""
    if why_no_plateau(seen):
        return None
    medians = [window.p50_ns for window in seen]
    first, last = medians[0], [p50 for p50 in medians[-_IN_A_ROW:] if p50 is not None]
    assert first is not None
    level = sorted(last)[_IN_A_ROW // 2]
    since = len(seen) - _IN_A_ROW
    while since > 0 and (before := medians[since - 1]) is not None and abs(before - level) <= STEADY * level:
        since -= 1
    slowed = next(((window, why) for window in seen if (why := _why_slowed(window, first))), None)
    return Plateau(
        since_s=seen[since].start_s,
        p50_ns=level,
        first_p50_ns=first,
        first_s=seen[0].span_s,
        slowed_s=slowed[0].start_s if slowed else None,
        why_slowed=slowed[1] if slowed else "",
        still_warming=_warming(seen),
    )


def why_no_plateau(seen: Sequence[Window]) -> str:
    """Why these windows show no plateau; "" if they do."""
    if len(seen) < _IN_A_ROW + 1:
        return f"{len(seen)} windows are too few to see a plateau"
    ends = [seen[0], *seen[-_IN_A_ROW:]]
    if any(window.frames < _FEWEST_FRAMES for window in ends):
        return f"some windows have fewer than {_FEWEST_FRAMES} frames: run longer"
    last = [window.p50_ns for window in ends[1:] if window.p50_ns is not None]
    if max(last) > (1 + STEADY) * min(last):
        return (
            f"the medians of the last {_IN_A_ROW} windows still differ by {max(last) / min(last) - 1:.0%}, "
            f"more than {STEADY:.0%}: run longer, or find what disturbs the host"
        )
    return ""


def _why_slowed(window: Window, first_p50_ns: int) -> str:
    if window.throttled:
        return "throttled"
    if window.p50_ns is not None and window.p50_ns > (1 + SLOWED) * first_p50_ns:
        return f"p50 {window.p50_ns / first_p50_ns - 1:.0%} above the first window's"
    return ""


def _warming(seen: Sequence[Window]) -> bool | None:
    """Of the sensor that was hottest at the end; what another one told before says nothing."""
    before, after = seen[-_IN_A_ROW], seen[-1]
    if before.temperature_c is None or after.temperature_c is None or before.hottest != after.hottest:
        return None
    return after.temperature_c - before.temperature_c > WARMING_C


class PlateauFinder:
    """Says while a run goes on whether its last three windows agree; its memory does not grow.

    A window lasts `window_ns` and has at least five frames. Its median is that of a histogram. A frame costs some
    0.4 us, spent between inferences.

    Attributes:
        reached: whether the last three windows agreed when the last of them ended; it stays so.
    """

    def __init__(self, window_ns: int) -> None:
        self.reached = False
        self._window_ns = window_ns
        self._end_ns: int | None = None
        self._counts: dict[int, int] = {}
        self._count = 0
        self._medians: list[float] = []

    def add(self, done_ns: int, service_ns: int) -> bool:
        """Count a frame, by the clock at its end; whether the plateau is reached."""
        if self._end_ns is None:
            self._end_ns = done_ns + self._window_ns
        elif done_ns >= self._end_ns and self._count >= _FEWEST_FRAMES:
            self._close()
            # Whole widths on, so that windows stay where they are; what a pause spans is skipped.
            self._end_ns += ((done_ns - self._end_ns) // self._window_ns + 1) * self._window_ns
        shift = service_ns.bit_length() - _BITS
        key = service_ns >> shift << shift if shift > 0 else service_ns
        self._counts[key] = self._counts.get(key, 0) + 1
        self._count += 1
        return self.reached

    def _close(self) -> None:
        rank, seen = (self._count + 1) // 2, 0
        for key in sorted(self._counts):
            seen += self._counts[key]
            if seen >= rank:
                self._medians = [*self._medians[1 - _IN_A_ROW :], _middle(key)]
                break
        self._counts.clear()
        self._count = 0
        if len(self._medians) == _IN_A_ROW and max(self._medians) <= (1 + STEADY) * min(self._medians):
            self.reached = True


def _middle(key: int) -> float:
    """Of the class that begins at `key`."""
    return key + ((1 << max(0, key.bit_length() - _BITS)) - 1) / 2
