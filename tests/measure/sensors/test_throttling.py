"""Whether heat, power or a weak supply holds the clock down."""

import pytest

from assess.measure.sensors.throttling import throttling


def put(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def test_x86_counts_cores_together_and_each_package_once(tmp_path):
    for cpu, package, core_count, package_count in ((0, 0, 3, 7), (1, 0, 4, 7), (2, 1, 0, 5), (10, 1, 0, 5)):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}"
        put(folder / "topology/physical_package_id", package)
        put(folder / "thermal_throttle/core_throttle_count", core_count)
        put(folder / "thermal_throttle/package_throttle_count", package_count)

    found = throttling(tmp_path)

    assert [(sensor.name, sensor.quantity, read()) for sensor, read in found.probes] == [
        ("core throttle count", "throttle events", 7.0),
        ("package throttle count", "throttle events", 12.0),
    ]


@pytest.mark.parametrize(
    ("bits", "now", "ever"),
    [
        ("0", 0, 0),
        ("1", 0, 0),  # Under-voltage alone slows nothing.
        ("50005", 4, 1),
        ("80008", 8, 1),
        ("e0002", 2, 3),
        ("0x20000", 0, 1),
    ],
)
def test_a_raspberry_pi_tells_in_bits_what_is_and_what_was(tmp_path, bits, now, ever):
    put(tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled", bits)

    found = throttling(tmp_path)

    assert [(sensor.quantity, read()) for sensor, read in found.probes] == [
        ("throttling", now),
        ("throttle events", ever),
    ]


def test_cooling_devices_that_slow_a_clock_are_counted_and_fans_are_not(tmp_path):
    for index, (kind, state) in enumerate(
        (("pwm-fan", 3), ("cpufreq-cpu0", 2), ("devfreq-17000000.gpu", 0), ("cpu-throttle-alert", 1),
         ("intel_powerclamp", -1))
    ):  # fmt: skip
        put(tmp_path / f"sys/class/thermal/cooling_device{index}/type", kind)
        put(tmp_path / f"sys/class/thermal/cooling_device{index}/cur_state", state)

    ((sensor, read),) = throttling(tmp_path).probes

    assert (sensor.quantity, read()) == ("throttling", 2.0)
    assert sensor.covers == (
        "how many of the kernel's cooling devices slow a clock: cpufreq-cpu0, devfreq-17000000.gpu, "
        "cpu-throttle-alert, intel_powerclamp"
    )


def test_a_host_with_a_fan_only_tells_nothing(tmp_path):
    put(tmp_path / "sys/class/thermal/cooling_device0/type", "pwm-fan")
    put(tmp_path / "sys/class/thermal/cooling_device0/cur_state", 3)

    found = throttling(tmp_path)

    assert found.probes == ()
    assert found.absent["throttling"].startswith("nothing here tells: ")
