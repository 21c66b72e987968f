"""Energy of the timed span, from what the monitor has read: records and arithmetic; joules and watts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from assess.measure.monitor import Readings, Series

#: What the way of reading may add to the error of a sensor, as a share of the energy: the 5 % within which windows of a
#: run count as equal (`windows.STEADY`). What needs more to be known is not told.
_ERROR: Final = 0.05
_NS: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Energy:
    """What one sensor saw of the timed span. Sensors overlap: they are not to be added up unless `covers` says so.

    Attributes:
        sensor: its name.
        covers: what part of the machine it sees and what not.
        joules: in the whole span, between inferences too.
        span_s: from the first release to the end of the last inference.
        inferences: that ended in the span.
        method: "counter": difference of a counter; "integrated": a power, by trapezoids between its samples.
        readings: in the span; for "integrated", the samples.
        is_whole: whether the sensor sees all of the machine or module, so that no energy is beside it.
        idle_watts: of the same sensor before the worker began; None: was not read, see the measurement's `absent`.
    """

    sensor: str
    covers: str
    joules: float
    span_s: float
    inferences: int
    method: Literal["counter", "integrated"]
    readings: int
    idle_watts: float | None = None
    is_whole: bool = False

    @property
    def watts(self) -> float:
        """Mean power over the span."""
        return self.joules / self.span_s

    @property
    def joules_per_inference(self) -> float:
        """All that was spent, the idle machine's share too."""
        return self.joules / self.inferences

    @property
    def above_idle_joules(self) -> float | None:
        """Without what the idle machine takes in the same time; may be a little under 0 for a tiny job."""
        return None if self.idle_watts is None else self.joules - self.idle_watts * self.span_s

    @property
    def above_idle_joules_per_inference(self) -> float | None:
        """What one inference adds to the idle machine's share."""
        above = self.above_idle_joules
        return None if above is None else above / self.inferences

    @property
    def how(self) -> str:
        """In words."""
        if self.method == "counter":
            return "difference of a counter"
        return f"integrated {self.readings} samples at {self.readings / self.span_s:.1f} Hz"


class Energies(NamedTuple):
    """One record for each sensor that tells, and why the others do not."""

    found: tuple[Energy, ...]
    absent: Mapping[str, str]


class _UnknownError(Exception):
    """The readings do not tell the energy of a span; the text says why."""


def energies(
    readings: Readings, start_ns: int, end_ns: int, inferences: int, *, idle: tuple[int, int] | None = None
) -> Energies:
    """What each sensor of energy or power saw of a span.

    Args:
        readings: of a monitor that ran before the span began and after it ended.
        start_ns: beginning of the span, on the monitor's clock.
        end_ns: its end.
        inferences: that ended in it.
        idle: beginning and end of a span before, in which nothing ran.
    """
    found: list[Energy] = []
    absent: dict[str, str] = {}
    for series in readings.of("energy", "power"):
        name = series.sensor.name
        try:
            if why := readings.absent.get(name):
                raise _UnknownError(f"it fell silent during the run: {why}")
            energy = _energy(series, start_ns, end_ns, inferences)
        except _UnknownError as error:
            absent[name] = str(error)
            continue
        if idle is not None:
            try:
                energy = replace(energy, idle_watts=_energy(series, *idle, 1).watts)
            except _UnknownError as error:
                absent[f"{name} while idle"] = str(error)
        found.append(energy)
    return Energies(tuple(found), absent)


def _energy(series: Series, start_ns: int, end_ns: int, inferences: int) -> Energy:
    sensor, span_s = series.sensor, (end_ns - start_ns) * _NS
    if inferences < 1 or span_s <= 0:
        raise _UnknownError("no inference ended in the timed span")
    if span_s * _ERROR < sensor.updates_s:
        raise _UnknownError(
            f"it has a new value every {sensor.updates_s:g} s, and the span took {span_s:.3g} s: "
            f"run for {sensor.updates_s / _ERROR:g} s or more"
        )
    if not series.times_ns or series.times_ns[0] > start_ns or series.times_ns[-1] < end_ns:
        raise _UnknownError("it was not read both before the span began and after it ended")
    counted = sensor.quantity == "energy"
    joules = _counted(series, start_ns, end_ns) if counted else _integrated(series, start_ns, end_ns)
    _require_steps(joules if counted else joules / span_s, sensor.resolution, span_s, "J" if counted else "W")
    inside = bisect_right(series.times_ns, end_ns) - bisect_left(series.times_ns, start_ns)
    method: Literal["counter", "integrated"] = "counter" if counted else "integrated"
    return Energy(sensor.name, sensor.covers, joules, span_s, inferences, method, inside, is_whole=sensor.is_whole)


def _require_steps(value: float, step: float, span_s: float, unit: str) -> None:
    if value <= 0:
        raise _UnknownError("it told nothing above 0 in the span")
    if value * _ERROR < step:
        longer = f": run for {span_s * step / (_ERROR * value):.3g} s or more" if unit == "J" else ""
        raise _UnknownError(f"it tells steps of {step:g} {unit}, and the span's {value:g} {unit} are too few{longer}")


def _counted(series: Series, start_ns: int, end_ns: int) -> float:
    """Difference of a counter between two times, each between two readings."""
    times = series.times_ns
    away_ns = sum(min(abs(time - edge) for time in _around(times, edge)) for edge in (start_ns, end_ns))
    if away_ns > (end_ns - start_ns) * _ERROR:
        raise _UnknownError(f"the readings nearest to the ends of the span are {away_ns * _NS:.2g} s away from them")
    total = _unwrapped(series)
    return _at(times, total, end_ns) - _at(times, total, start_ns)


def _unwrapped(series: Series) -> list[float]:
    """The counter as if it had begun at 0 with the first reading and never wrapped.

    Readings are a second apart; the shortest time in which a counter could wrap twice is minutes.
    """
    total, wraps_at = [0.0], series.sensor.wraps_at
    for before, after in pairwise(series.values):
        step = after - before
        if step < 0:
            if wraps_at is None:
                raise _UnknownError("its counter went backwards")
            step += wraps_at
        total.append(total[-1] + step)
    return total


def _integrated(series: Series, start_ns: int, end_ns: int) -> float:
    """Trapezoids between the samples; at the ends of the span, between two of them."""
    times, watts = series.times_ns, series.values
    inside = slice(bisect_right(times, start_ns), bisect_left(times, end_ns))
    at = [start_ns, *times[inside], end_ns]
    longest_ns = max(after - before for before, after in pairwise(at))
    if longest_ns > (end_ns - start_ns) * _ERROR:
        raise _UnknownError(
            f"it was read {len(at) - 2} times in {(end_ns - start_ns) * _NS:.3g} s, and once not for "
            f"{longest_ns * _NS:.2g} s; {1 / _ERROR:.0f} times are needed, evenly"
        )
    power = [_at(times, watts, start_ns), *watts[inside], _at(times, watts, end_ns)]
    return sum(
        (after - before) * _NS * (first + last) / 2
        for (before, after), (first, last) in zip(pairwise(at), pairwise(power), strict=True)
    )


def _at(times: Sequence[int], values: Sequence[float], when: int) -> float:
    """The value at a time, on the straight line between the readings around it."""
    before, after = _around(times, when)
    if before == after:
        return values[bisect_left(times, when)]
    index = bisect_right(times, when)
    first, last = values[index - 1], values[index]
    return first + (last - first) * (when - before) / (after - before)


def _around(times: Sequence[int], when: int) -> tuple[int, int]:
    """The last reading at or before a time, and the first at or after it."""
    return times[bisect_right(times, when) - 1], times[bisect_left(times, when)]
