"""Energy of a span, in exact numbers."""

import dataclasses
import json

import pytest

from assess.measure.energy import Energy, energies
from assess.measure.monitor import Readings, Series
from assess.measure.plain import decode
from assess.measure.sensors.sensor import Sensor

S = 1_000_000_000


def counter(times_s, joules, *, resolution=0.001, updates_s=0.001, wraps_at=None):
    sensor = Sensor("RAPL package-0", "energy", "cores", updates_s, resolution, wraps_at)
    return Series(sensor, tuple(round(time * S) for time in times_s), tuple(joules))


def power(times_s, watts, *, resolution=0.0, updates_s=0.01):
    sensor = Sensor("INA3221 VDD_IN", "power", "module", updates_s, resolution)
    return Series(sensor, tuple(round(time * S) for time in times_s), tuple(watts))


def of(series, start_s, end_s, inferences=10, *, idle=None, absent=None):
    return energies(Readings((series,), absent or {}), round(start_s * S), round(end_s * S), inferences, idle=idle)


def why(series, start_s, end_s, inferences=10):
    found, absent = of(series, start_s, end_s, inferences)
    assert found == ()
    return absent[series.sensor.name]


def test_a_counter_is_a_difference():
    (energy,), absent = of(counter((10, 12, 14), (100.0, 120.0, 150.0)), 10, 14, 200)

    assert energy == Energy("RAPL package-0", "cores", 50.0, 4.0, 200, "counter", 3)
    assert (energy.watts, energy.joules_per_inference) == (12.5, 0.25)
    assert energy.how == "difference of a counter"
    assert absent == {}


def test_between_two_readings_a_counter_grows_evenly():
    """Worker and parent are a moment apart: the mark was read 0.1 s after the span began."""
    (energy,), _ = of(counter((9, 10.1, 19.9, 21), (0.0, 11.0, 109.0, 120.0)), 10, 20)

    assert energy.joules == pytest.approx(100.0)
    assert energy.readings == 2


def test_a_counter_that_wraps_goes_on():
    (energy,), _ = of(counter((0, 1, 2, 3), (99990.0, 99998.0, 6.0, 14.0), wraps_at=100000.0), 0, 3)

    assert energy.joules == 24.0


def test_a_counter_that_falls_without_a_known_end_is_not_believed():
    assert why(counter((0, 1, 2), (500.0, 0.0, 10.0)), 0, 2) == "its counter went backwards"


def test_a_span_of_few_steps_of_the_counter_is_too_short():
    battery = counter((0, 10), (-180000.0, -179928.0), resolution=36.0, updates_s=0.5)

    assert why(battery, 0, 10) == ("it tells steps of 36 J, and the span's 72 J are too few: run for 100 s or more")


def test_a_span_of_few_updates_is_too_short():
    gpu = counter((0, 1), (0.0, 250.0), updates_s=0.1)

    assert why(gpu, 0, 1) == "it has a new value every 0.1 s, and the span took 1 s: run for 2 s or more"
    assert of(counter((0, 2), (0.0, 500.0), updates_s=0.1), 0, 2).found[0].joules == 500.0


def test_a_counter_that_stood_still_is_no_zero():
    assert why(counter((0, 5), (7.0, 7.0), resolution=0.0), 0, 5) == "it told nothing above 0 in the span"


def test_readings_must_enclose_the_span_and_be_near_its_ends():
    outside = "it was not read both before the span began and after it ended"

    assert why(counter((1, 5), (0.0, 50.0)), 0, 5) == outside
    assert why(counter((0, 4), (0.0, 50.0)), 0, 5) == outside
    assert why(counter((), ()), 0, 5) == outside
    # 0.3 s from either end of 5 s: 12 %.
    assert why(counter((-0.3, 5.3), (0.0, 56.0)), 0, 5) == (
        "the readings nearest to the ends of the span are 0.6 s away from them"
    )


def test_a_power_is_integrated_by_trapezoids():
    """4 W, rising by 2 W a second from the first: 4 t + t^2."""
    times = [index / 10 for index in range(31)]

    (energy,), _ = of(power(times, [4 + 2 * time for time in times]), 0, 3)

    assert energy.joules == pytest.approx(21.0)
    assert energy.method == "integrated"
    assert energy.how == "integrated 31 samples at 10.3 Hz"


def test_at_the_ends_of_the_span_a_power_lies_between_samples():
    times = [index / 10 for index in range(31)]

    (energy,), _ = of(power(times, [4 + 2 * time for time in times]), 0.25, 2.75)

    # 4 * 2.5 + (2.75^2 - 0.25^2)
    assert energy.joules == pytest.approx(17.5)
    assert energy.readings == 25


def test_a_power_with_a_gap_or_few_samples_is_not_integrated():
    times = [index / 10 for index in range(31) if not 12 < index < 16]

    assert why(power(times, [5.0] * len(times)), 0, 3) == (
        "it was read 26 times in 3 s, and once not for 0.4 s; 20 times are needed, evenly"
    )
    assert why(power((0, 1, 2, 3), [5.0] * 4), 0, 3) == (
        "it was read 2 times in 3 s, and once not for 1 s; 20 times are needed, evenly"
    )


def test_a_power_of_a_few_steps_is_not_told():
    times = [index / 10 for index in range(31)]

    assert why(power(times, [0.5] * 31, resolution=0.04), 0, 3) == (
        "it tells steps of 0.04 W, and the span's 0.5 W are too few"
    )


def test_above_idle_is_told_apart_where_the_idle_machine_was_read():
    series = counter((0, 10, 20), (0.0, 30.0, 130.0))

    (energy,), absent = of(series, 10, 20, 100, idle=(0, 10 * S))

    assert energy.idle_watts == pytest.approx(3.0)
    assert energy.joules == 100.0
    assert energy.above_idle_joules == pytest.approx(70.0)
    assert energy.above_idle_joules_per_inference == pytest.approx(0.7)
    assert absent == {}


def test_without_a_baseline_there_is_no_above_idle():
    (energy,), _ = of(counter((10, 20), (0.0, 100.0)), 10, 20)
    assert (energy.idle_watts, energy.above_idle_joules, energy.above_idle_joules_per_inference) == (None, None, None)

    (energy,), absent = of(counter((10, 20), (0.0, 100.0)), 10, 20, idle=(0, 10 * S))
    assert energy.idle_watts is None
    assert absent == {"RAPL package-0 while idle": "it was not read both before the span began and after it ended"}


def test_a_sensor_that_fell_silent_tells_nothing():
    series = counter((0, 10), (0.0, 100.0))

    found, absent = of(series, 0, 10, absent={"RAPL package-0": "cannot be read: its status is 'Charging'"})

    assert found == ()
    assert absent == {"RAPL package-0": "it fell silent during the run: cannot be read: its status is 'Charging'"}


def test_no_inference_no_energy_of_it():
    assert why(counter((0, 10), (0.0, 100.0)), 0, 10, 0) == "no inference ended in the timed span"
    assert why(counter((0, 10), (0.0, 100.0)), 5, 5) == "no inference ended in the timed span"


def test_sensors_of_other_quantities_are_not_asked():
    zone = Series(Sensor("zone", "temperature", "board"), (0, 10 * S), (40.0, 41.0))

    assert of(zone, 0, 10) == ((), {})


def test_a_record_is_read_back_as_it_was_written():
    (energy,), _ = of(counter((0, 10, 20), (0.0, 30.0, 130.0)), 10, 20, idle=(0, 10 * S))

    assert decode(Energy, json.loads(json.dumps(dataclasses.asdict(energy))), "energy.0") == energy
