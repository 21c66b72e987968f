"""A monitor that reads sensors while a worker runs."""

import time

import pytest

from assess.measure.monitor import Monitor, Series
from assess.measure.sensors.sensor import Found, Probe, Sensor

MS = 1_000_000
S = 1_000_000_000


class World:
    """A clock, and sensors that take time and CPU to read."""

    def __init__(self):
        self.now = 100 * S
        self.used = 0

    def clock(self):
        return self.now

    def cost(self):
        return self.used

    def probe(self, name, quantity, value, *, takes=0, cpu=0, updates_s=0.01):
        def read():
            self.now += takes
            self.used += cpu
            return value(self.now) if callable(value) else value

        return Probe(Sensor(name, quantity, "fake", updates_s), read)

    def monitor(self, *probes, absent=None, **settings):
        return Monitor(Found(probes, absent or {}), clock=self.clock, cost=self.cost, **settings)

    def run(self, monitor, until):
        """What the monitor's thread does."""
        while self.now < until:
            self.now += round(monitor.step() * S)


def test_powers_are_read_ten_times_a_second_and_the_rest_once():
    world = World()
    monitor = world.monitor(world.probe("rail", "power", 5.0), world.probe("zone", "temperature", 41.5))

    world.run(monitor, 103 * S)

    rail, zone = monitor.readings().series
    assert rail.times_ns == tuple(100 * S + index * 100 * MS for index in range(30))
    assert zone.times_ns == (100 * S, 101 * S, 102 * S)
    assert (set(rail.values), set(zone.values)) == ({5.0}, {41.5})


def test_a_power_that_is_new_once_a_second_is_asked_once_a_second():
    world = World()
    monitor = world.monitor(world.probe("GPU 0 power", "power", 5.0, updates_s=1.0))

    world.run(monitor, 103 * S)

    assert monitor.readings().series[0].times_ns == (100 * S, 101 * S, 102 * S)


def test_reading_takes_no_more_than_one_percent_of_a_cpu():
    world = World()
    monitor = world.monitor(world.probe("slow", "temperature", 40.0, takes=30 * MS, cpu=30 * MS))

    world.run(monitor, 112 * S)

    assert monitor.readings().series[0].times_ns == tuple(100 * S + 15 * MS + index * 3 * S for index in range(4))


def test_a_slow_bus_costs_time_but_leaves_the_cpu_alone():
    world = World()
    monitor = world.monitor(world.probe("INA3221", "power", 8.0, takes=80 * MS, cpu=1 * MS))

    world.run(monitor, 101 * S)

    assert monitor.readings().series[0].times_ns == tuple(100 * S + 40 * MS + index * 160 * MS for index in range(7))


def test_a_sensor_that_falls_silent_leaves_a_gap_and_its_reason():
    world = World()

    def value(now):
        if 101 * S <= now < 102 * S:
            raise OSError(61, "No data available", "/sys/temp")
        return 40.0

    monitor = world.monitor(world.probe("zone", "temperature", value), absent={"RAPL": "no zone"})
    world.run(monitor, 103 * S)

    readings = monitor.readings()
    assert readings.series[0].times_ns == (100 * S, 102 * S)
    assert readings.absent == {"RAPL": "no zone", "zone": "cannot be read: no data available (/sys/temp)"}


def test_series_are_found_by_what_they_hold():
    world = World()
    monitor = world.monitor(world.probe("a", "power", 1.0), world.probe("b", "energy", 2.0))
    monitor.step()

    (energy,) = monitor.readings().of("energy")
    assert energy == Series(Sensor("b", "energy", "fake", 0.01), (100 * S,), (2.0,))
    assert [series.sensor.name for series in monitor.readings().of("energy", "power")] == ["a", "b"]


def test_without_sensors_there_is_nothing_to_wait_for():
    monitor = World().monitor()

    assert monitor.step() is None
    with monitor:
        pass
    assert monitor.readings().series == ()


def test_the_thread_reads_until_told_and_once_more():
    world = World()
    pauses = []

    def wait(pause_s):
        pauses.append(pause_s)
        world.now += round(pause_s * S)
        return len(pauses) == 3

    with world.monitor(world.probe("zone", "temperature", 40.0), wait=wait) as monitor:
        monitor._thread.join(5)

    assert pauses == [1.0, 1.0, 1.0]
    assert monitor.readings().series[0].times_ns == (100 * S, 101 * S, 102 * S, 103 * S)


def test_on_the_real_clock_the_ends_of_a_block_are_read():
    calls = []
    probe = Probe(Sensor("zone", "temperature", "fake"), lambda: float(len(calls)))
    before = time.perf_counter_ns()

    with Monitor(Found((probe,))) as monitor:
        inside = time.perf_counter_ns()
    after = time.perf_counter_ns()

    times = monitor.readings().series[0].times_ns
    assert before <= times[0] <= times[-1] <= after
    assert times == tuple(sorted(times))
    assert times[-1] >= inside


def test_an_error_inside_the_block_still_ends_the_thread():
    with pytest.raises(RuntimeError, match="the run failed"), Monitor(Found()) as monitor:
        raise RuntimeError("the run failed")

    assert not monitor._thread.is_alive()
