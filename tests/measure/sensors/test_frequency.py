"""Clocks of the CPUs."""

from assess.measure.sensors.frequency import frequency


def cpu(root, index, now_khz, highest_khz):
    folder = root / f"sys/devices/system/cpu/cpu{index}/cpufreq"
    folder.mkdir(parents=True)
    (folder / "scaling_cur_freq").write_text(f"{now_khz}\n")
    (folder / "cpuinfo_max_freq").write_text(f"{highest_khz}\n")
    return folder


def test_of_each_kind_of_core_the_fastest(tmp_path):
    for index, now in enumerate((408000, 1800000, 600000, 600000)):
        cpu(tmp_path, index, now, 1800000)
    cpu(tmp_path, 4, 2256000, 2400000)

    found = frequency(tmp_path)

    assert [(sensor.name, read()) for sensor, read in found.probes] == [
        ("CPU clock up to 1.80 GHz", 1.8e9),
        ("CPU clock up to 2.40 GHz", 2.256e9),
    ]
    assert found.probes[0].sensor.covers == "the fastest of the cores up to 1.80 GHz, over 4 cpufreq policies"


def test_cores_that_share_a_policy_are_read_once(tmp_path):
    shared = cpu(tmp_path, 0, 1500000, 1500000)
    other = tmp_path / "sys/devices/system/cpu/cpu1"
    other.mkdir()
    (other / "cpufreq").symlink_to(shared)

    ((sensor, read),) = frequency(tmp_path).probes

    assert (sensor.covers, read()) == ("the fastest of the cores up to 1.50 GHz, over 1 cpufreq policy", 1.5e9)


def test_no_cpufreq(tmp_path):
    assert frequency(tmp_path).absent == {
        "CPU clock": "no cpufreq in /sys/devices/system/cpu: the firmware or a hypervisor decides the clock and does "
        "not tell"
    }
