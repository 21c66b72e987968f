"""Energy that leaves the battery."""

import pytest

from assess.measure.sensors.battery import battery


def bat(root, **files):
    folder = root / "sys/class/power_supply/BAT0"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    return folder


def test_energy_that_is_left_falls_so_the_counter_grows(tmp_path):
    folder = bat(tmp_path, status="Discharging", energy_now="50000000", power_now="9500000")

    energy, power = battery(tmp_path).probes
    before = energy.read()
    (folder / "energy_now").write_text("49990000\n")

    # 10 mWh are 36 J.
    assert energy.read() - before == pytest.approx(36.0)
    assert energy.sensor.resolution == 36.0
    assert power.read() == 9.5
    assert energy.sensor.covers.startswith("the whole machine, screen and radios included")


def test_without_power_it_is_current_times_voltage_whatever_the_sign(tmp_path):
    bat(tmp_path, status="Discharging", charge_now="4000000", current_now="-1500000", voltage_now="12000000")

    ((sensor, read),) = battery(tmp_path).probes

    assert (sensor.name, sensor.quantity, read()) == ("battery BAT0 power", "power", 18.0)


def test_on_the_plug_it_sees_nothing_and_says_so(tmp_path):
    bat(tmp_path, status="Full", energy_now="50000000")

    found = battery(tmp_path)

    assert found.probes == ()
    assert found.absent == {
        "battery BAT0 energy": "cannot be read: its status is 'Full': pull the plug to measure what the machine takes"
    }


def test_a_plug_put_in_during_the_run_ends_the_readings(tmp_path):
    folder = bat(tmp_path, status="Discharging", energy_now="50000000")
    ((_, read),) = battery(tmp_path).probes

    (folder / "status").write_text("Charging\n")

    with pytest.raises(ValueError, match="its status is 'Charging'"):
        read()


def test_a_battery_that_tells_too_little_and_none_at_all(tmp_path):
    assert battery(tmp_path).absent == {"battery": "no battery in /sys/class/power_supply"}
    bat(tmp_path, status="Discharging", capacity="80")
    assert battery(tmp_path).absent == {"battery": "the battery tells neither energy_now nor power_now nor current_now"}
