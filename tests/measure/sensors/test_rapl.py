"""Energy that x86 processors count."""

import pytest

from assess.measure.sensors.rapl import rapl


def zone(root, folder, name, energy_uj, range_uj="262143328850"):
    path = root / "sys/class/powercap" / folder
    path.mkdir(parents=True)
    for file, text in (("name", name), ("energy_uj", energy_uj), ("max_energy_range_uj", range_uj)):
        (path / file).write_text(f"{text}\n")
    return path


def test_each_zone_is_a_counter_in_joules_that_says_what_it_covers(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", "2500000")
    zone(tmp_path, "intel-rapl:0:0", "core", "1000000")
    zone(tmp_path, "intel-rapl:0:1", "dram", "500000", "65712999613")
    zone(tmp_path, "intel-rapl:1", "psys", "9000000")

    found = rapl(tmp_path)

    assert {sensor.name: read() for sensor, read in found.probes} == {
        "RAPL package-0": 2.5,
        "RAPL core of package-0": 1.0,
        "RAPL dram of package-0": 0.5,
        "RAPL psys": 9.0,
    }
    package, core, dram, psys = (probe.sensor for probe in found.probes)
    assert package.quantity == "energy"
    assert package.covers.startswith("cores, caches, graphics inside the processor and memory controller; not")
    assert "part of the package" in core.covers
    assert dram.covers.startswith("memory modules")
    assert psys.covers.startswith("the whole platform")
    assert (package.wraps_at, dram.wraps_at) == (pytest.approx(262143.32885), pytest.approx(65712.999613))
    assert (package.updates_s, package.resolution) == (0.001, 6.103515625e-05)
    assert found.absent == {}


def test_the_same_counter_through_mmio_is_not_taken_twice(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", "2500000")
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", "2500000")

    assert [sensor.name for sensor, _ in rapl(tmp_path).probes] == ["RAPL package-0"]


def test_dies_of_one_package_and_zones_unheard_of_are_named_as_the_kernel_does(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-1-die-0", "1000000")
    zone(tmp_path, "intel-rapl:1", "odd", "1000000", "")

    first, second = (probe.sensor for probe in rapl(tmp_path).probes)

    assert first.name == "RAPL package-1-die-0"
    assert first.covers.startswith("cores")
    assert second.covers == "the powercap zone 'odd'; the kernel does not say what that is"
    assert second.wraps_at is None


def test_a_counter_for_root_only_is_absent_with_what_to_type(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", "2500000")

    def refuse(file):
        if file.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(file))
        return file.read_text().strip()

    found = rapl(tmp_path, read=refuse)

    assert found.probes == ()
    assert found.absent == {
        "RAPL package-0": "only root may read /sys/class/powercap/*/energy_uj since CVE-2020-8694; to let every user, "
        "until the next boot: sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj"
    }


def test_a_counter_that_holds_no_number_is_absent(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", "soon")

    assert rapl(tmp_path).absent == {"RAPL package-0": "cannot be read: invalid literal for int() with base 10: 'soon'"}


def test_no_zone_says_why_that_may_be(tmp_path):
    found = rapl(tmp_path)

    assert found.probes == ()
    assert found.absent["RAPL"].startswith("no powercap zone of RAPL in /sys/class/powercap: ")
    assert "sudo modprobe intel_rapl_msr" in found.absent["RAPL"]
