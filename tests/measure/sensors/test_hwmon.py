"""Power that chips on the board measure."""

import pytest

from assess.measure.sensors.hwmon import hwmon


def folder(path, **files):
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(f"{text}\n")
    return path


def ina3221(root, **files):
    return folder(root / "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon4", name="ina3221", **files)


def test_a_rail_of_an_ina3221_is_volts_times_amperes(tmp_path):
    ina3221(
        tmp_path,
        in1_label="VDD_IN", in1_input="5000", curr1_input="1600", shunt1_resistor="5000", update_interval="20",
        in2_label="VDD_CPU_GPU_CV", in2_input="5016", curr2_input="500",
        in3_label="NC", in3_input="0", curr3_input="0",
        in4_label="sum of shunt voltages", in4_input="80", curr4_input="2100",
    )  # fmt: skip

    found = hwmon(tmp_path)

    assert [(sensor.name, sensor.quantity) for sensor, _ in found.probes] == [
        ("INA3221 VDD_IN", "power"),
        ("INA3221 VDD_CPU_GPU_CV", "power"),
    ]
    assert [read() for _, read in found.probes] == pytest.approx([8.0, 2.508])
    module, compute = (probe.sensor for probe in found.probes)
    assert module.covers.startswith("the whole module, without the carrier board")
    assert compute.covers == "CPU, GPU and vision and deep-learning accelerators"
    assert module.updates_s == 0.02
    # 40 uV over 5 mOhm are 8 mA, at 5 V 40 mW.
    assert module.resolution == pytest.approx(0.04)


def test_an_ina3221_that_tells_no_interval_has_that_of_its_data_sheet(tmp_path):
    ina3221(tmp_path, in1_label="MAIN", in1_input="12000", curr1_input="100")

    ((sensor, read),) = hwmon(tmp_path).probes

    assert sensor.updates_s == pytest.approx(0.0066)
    assert sensor.covers == "the rail 'MAIN' of the INA3221; what it feeds is in the board's schematic"
    assert read() == pytest.approx(1.2)


def test_two_chips_with_equal_labels_are_told_apart(tmp_path):
    for address in ("1-0040", "1-0041"):
        folder(
            tmp_path / f"sys/bus/i2c/drivers/ina3221/{address}/hwmon/hwmon1",
            in1_label="VDD",
            in1_input="1",
            curr1_input="1",
        )

    assert [sensor.name for sensor, _ in hwmon(tmp_path).probes] == ["INA3221 VDD", "INA3221 VDD (2)"]


def test_generic_power_is_in_microwatts_and_energy_in_microjoules(tmp_path):
    chips = tmp_path / "sys/class/hwmon"
    folder(chips / "hwmon0", name="amdgpu", power1_average="35000000", power1_label="PPT")
    folder(chips / "hwmon1", name="ina226", power1_input="4500000", update_interval="140")
    folder(chips / "hwmon2", name="xe", energy1_input="7000000", energy1_label="card", power1_input="1")
    folder(chips / "hwmon3", name="acpi", power1_average="20000000", power1_average_interval="5000", power1_input="1")
    folder(chips / "hwmon10", name="nvme", temp1_input="40000")

    found = hwmon(tmp_path)

    assert [(sensor.name, sensor.quantity, read()) for sensor, read in found.probes] == [
        ("amdgpu PPT", "power", 35.0),
        ("ina226 power1", "power", 4.5),
        ("xe card", "energy", 7.0),
        ("acpi power1", "power", 1e-06),
    ]
    assert [probe.sensor.updates_s for probe in found.probes] == [1.0, 0.14, 1.0, 1.0]


def test_the_average_tells_its_own_interval(tmp_path):
    folder(tmp_path / "sys/class/hwmon/hwmon0", name="meter", power1_average="20000000", power1_average_interval="5000")

    ((sensor, read),) = hwmon(tmp_path).probes

    assert (sensor.updates_s, read()) == (5.0, 20.0)


def test_of_amd_energy_the_socket_is_read_and_not_its_hundred_cores(tmp_path):
    folder(
        tmp_path / "sys/class/hwmon/hwmon0",
        name="amd_energy",
        energy1_label="Ecore000", energy1_input="1",
        energy2_label="Esocket0", energy2_input="3000000",
    )  # fmt: skip

    ((sensor, read),) = hwmon(tmp_path).probes

    assert (sensor.name, read()) == ("amd_energy Esocket0", 3.0)
    assert sensor.covers == "one processor socket; not memory, not the board"


def test_a_file_that_cannot_be_read_is_absent_with_its_reason(tmp_path):
    chip = folder(tmp_path / "sys/class/hwmon/hwmon0", name="ina226")
    (chip / "power1_input").mkdir()

    found = hwmon(tmp_path)

    assert found.probes == ()
    assert found.absent["ina226 power1"] == f"cannot be read: is a directory ({chip / 'power1_input'})"


def test_nothing_there(tmp_path):
    assert hwmon(tmp_path).absent == {
        "hwmon power": "no INA3221 and no power*_input, power*_average or energy*_input in /sys/class/hwmon"
    }
