"""Temperatures of processors and boards."""

from assess.measure.sensors.temperature import temperature


def put(path, **files):
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(f"{text}\n")


def test_thermal_zones_in_degrees_below_zero_too(tmp_path):
    put(tmp_path / "sys/class/thermal/thermal_zone0", type="CPU-therm", temp="51500")
    put(tmp_path / "sys/class/thermal/thermal_zone1", type="GPU-therm", temp="-12250")
    put(tmp_path / "sys/class/thermal/thermal_zone10", type="CPU-therm", temp="50000")

    found = temperature(tmp_path)

    assert [(sensor.name, read()) for sensor, read in found.probes] == [
        ("CPU-therm", 51.5),
        ("GPU-therm", -12.25),
        ("CPU-therm (thermal_zone10)", 50.0),
    ]
    assert {probe.sensor.quantity for probe in found.probes} == {"temperature"}


def test_radios_and_drives_are_left_asleep(tmp_path):
    put(tmp_path / "sys/class/thermal/thermal_zone0", type="iwlwifi_1", temp="40000")
    put(tmp_path / "sys/class/thermal/thermal_zone1", type="INT3400 Thermal", temp="20000")
    put(tmp_path / "sys/class/hwmon/hwmon0", name="nvme", temp1_input="40000")

    found = temperature(tmp_path)

    assert found.probes == ()
    assert found.absent["temperature"].startswith("no thermal zone in /sys/class/thermal and no processor's")


def test_of_a_processor_the_package_stands_for_its_cores(tmp_path):
    put(
        tmp_path / "sys/class/hwmon/hwmon3",
        name="coretemp",
        temp1_label="Package id 0", temp1_input="62000",
        temp2_label="Core 0", temp2_input="62000",
        temp3_label="Core 1", temp3_input="58000",
    )  # fmt: skip
    put(tmp_path / "sys/class/hwmon/hwmon4", name="k10temp", temp1_label="Tctl", temp1_input="70125")
    put(tmp_path / "sys/class/hwmon/hwmon5", name="k10temp", temp1_label="Tctl", temp1_input="71125")

    assert [(sensor.name, read()) for sensor, read in temperature(tmp_path).probes] == [
        ("coretemp Package id 0", 62.0),
        ("k10temp Tctl", 70.125),
        ("k10temp Tctl (hwmon5)", 71.125),
    ]


def test_a_zone_that_is_off_is_absent(tmp_path):
    put(tmp_path / "sys/class/thermal/thermal_zone0", type="cpu", temp="40000")
    put(tmp_path / "sys/class/thermal/thermal_zone1", type="camera", temp="")

    found = temperature(tmp_path)

    assert [sensor.name for sensor, _ in found.probes] == ["cpu"]
    assert found.absent == {"camera": "cannot be read: invalid literal for int() with base 10: ''"}
