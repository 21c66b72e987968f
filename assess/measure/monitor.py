"""Reads the host's sensors while a worker runs beside it, seldom enough not to disturb it."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from assess.measure.sensors.sensor import Found, Probe, Quantity, Sensor, why_unread

#: Heat takes seconds to move and counters lose nothing between readings; 30 minutes are then 1,800 readings.
PERIOD_S: Final = 1.0
#: A power that is summed from samples needs more of them: ten a second follow a load that changes within a second.
POWER_PERIOD_S: Final = 0.1
#: Reading may take this share of one CPU's time, no more: what costs more is read less often. A reading of 100 files of
#: sysfs takes a millisecond, hence 0.1 % at one a second.
_SHARE: Final = 0.01
_NS: Final = 1e9


@dataclass(frozen=True, slots=True)
class Series:
    """Everything that one sensor told.

    Attributes:
        sensor: which.
        times_ns: readings of the parent's clock, monotonic; on Linux the worker's clock is the same.
        values: at these times, in the unit of the sensor's quantity.
    """

    sensor: Sensor
    times_ns: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """What a monitor has read.

    Attributes:
        series: one for each sensor, in reading order.
        absent: sensors that are not there, or fell silent while the monitor ran, and why.
    """

    series: tuple[Series, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)

    def of(self, *quantities: Quantity) -> tuple[Series, ...]:
        """Those series that hold one of these quantities."""
        return tuple(series for series in self.series if series.sensor.quantity in quantities)


class _Group:
    """Sensors that are read at one period."""

    def __init__(self, probes: list[Probe], period_s: float) -> None:
        self.probes, self.period_ns, self.due_ns = probes, int(period_s * _NS), 0


class Monitor:
    """Reads all sensors at a period, and once more at the end.

    `with Monitor(find_sensors()) as monitor:` reads in a thread of its own; without `with`, call `step` when it is due.
    """

    def __init__(
        self,
        found: Found,
        *,
        period_s: float = PERIOD_S,
        power_period_s: float = POWER_PERIOD_S,
        clock: Callable[[], int] = time.perf_counter_ns,
        cost: Callable[[], int] = time.thread_time_ns,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            found: the sensors.
            period_s: seconds between two readings of counters, temperatures, clocks and flags.
            power_period_s: seconds between two readings of powers.
            clock: nanoseconds, monotonic, the same as the worker's.
            cost: nanoseconds of CPU time that the calling thread has used.
            wait: waits so many seconds, less if the monitor is told to end; says whether it was.
        """
        powers = [probe for probe in found.probes if probe.sensor.quantity == "power"]
        others = [probe for probe in found.probes if probe.sensor.quantity != "power"]
        # A sensor that has a new value each second is not asked ten times for it.
        slow = [probe for probe in powers if probe.sensor.updates_s >= period_s]
        fast = [probe for probe in powers if probe.sensor.updates_s < period_s]
        self._groups = [
            group for group in (_Group(others + slow, period_s), _Group(fast, power_period_s)) if group.probes
        ]
        self._sensors = [probe.sensor for probe in found.probes]
        self._times = {sensor.name: array("q") for sensor in self._sensors}
        self._values = {sensor.name: array("d") for sensor in self._sensors}
        self._absent = dict(found.absent)
        self._clock, self._cost, self._ended = clock, cost, threading.Event()
        self._wait = wait or self._ended.wait
        self._lock, self._thread = threading.Lock(), threading.Thread(target=self._run, name="sensors", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def step(self) -> float | None:
        """Read the sensors that are due.

        Returns:
            Seconds until the next are due; None where there is no sensor to wait for.
        """
        with self._lock:
            for group in self._groups:
                if self._clock() >= group.due_ns:
                    self._read(group)
            if not self._groups:
                return None
            return max(0, min(group.due_ns for group in self._groups) - self._clock()) / _NS

    def readings(self) -> Readings:
        """Everything so far."""
        with self._lock:
            return Readings(
                tuple(
                    Series(sensor, tuple(self._times[sensor.name]), tuple(self._values[sensor.name]))
                    for sensor in self._sensors
                ),
                dict(self._absent),
            )

    def _read(self, group: _Group) -> None:
        begun, used = self._clock(), self._cost()
        for sensor, read in group.probes:
            before = self._clock()
            try:
                value = read()
            except (OSError, ValueError) as error:
                # Whoever needs the value finds the gap in the times, and here why.
                self._absent[sensor.name] = why_unread(error)
                continue
            # The value is from somewhere within the call: its middle is off by half of it at most.
            self._times[sensor.name].append((before + self._clock()) // 2)
            self._values[sensor.name].append(value)
        ended = self._clock()
        spent = self._cost() - used
        # Chips behind a slow bus cost time but little CPU; between two readings they rest as long as one takes.
        group.due_ns = begun + max(group.period_ns, int(spent / _SHARE), 2 * (ended - begun))

    def _run(self) -> None:
        while (pause_s := self.step()) is not None:
            if self._wait(pause_s):
                break
        # A last reading, so that what ended just before is enclosed by readings.
        with self._lock:
            for group in self._groups:
                self._read(group)
