"""All sensors of a host together."""

from pathlib import Path

import assess.measure.sensors as sensors
from assess.measure.sensors import find_sensors


def no_library():
    raise OSError("no library")


def test_a_host_without_any_says_so_for_each_kind(tmp_path):
    found = find_sensors(tmp_path, no_library)

    assert found.probes == ()
    assert list(found.absent) == [
        "RAPL", "hwmon power", "NVML", "battery", "temperature", "CPU clock", "throttling",
    ]  # fmt: skip
    assert list(found.absent) == list(sensors.SENSORS)
    assert all(why for why in found.absent.values())


def test_what_is_there_comes_in_reading_order(tmp_path):
    for file, text in (
        ("thermal/thermal_zone0/temp", "40000"),
        ("thermal/thermal_zone0/type", "cpu"),
        ("powercap/intel-rapl:0/energy_uj", "1000000"),
        ("powercap/intel-rapl:0/name", "package-0"),
    ):
        path = tmp_path / "sys/class" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    found = find_sensors(tmp_path, no_library)

    assert [sensor.name for sensor, _ in found.probes] == ["RAPL package-0", "cpu"]
    assert "RAPL" not in found.absent


def test_every_file_of_the_folder_is_asked():
    files = {file.stem for file in Path(sensors.__file__).parent.glob("*.py")} - {"__init__", "sensor"}

    assert len(sensors.SENSORS) == len(files)
    assert all(hasattr(sensors, name) for name in files)


def test_this_host_can_be_asked():
    found = find_sensors()

    assert found.probes or found.absent
    assert len({sensor.name for sensor, _ in found.probes}) == len(found.probes)
