"""The host as files of a kernel and firmware, laid out below a folder."""

from itertools import count

import pytest

from assess.measure.host import available_bytes, cpu_share, read_host

MEMINFO = "MemTotal:        7990272 kB\nMemFree:          100 kB\nMemAvailable:    4000000 kB\n"


@pytest.fixture
def put(tmp_path):
    def write(name, text):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write


def arm(*cores):
    """What an Arm kernel tells of CPUs: implementer and part of each."""
    block = "processor\t: {}\nCPU implementer\t: {}\nCPU architecture: 8\nCPU part\t: {}\n\n"
    return "".join(block.format(number, *core) for number, core in enumerate(cores))


def host(root):
    return read_host(root, spin=lambda: 0.97)


def test_a_jetson_is_read_from_its_own_files(tmp_path, put):
    put("proc/device-tree/model", "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super\0")
    put("proc/cpuinfo", arm(("0x41", "0xd42"), ("0x41", "0xd42")) + "\nFeatures\t: fp asimd asimddp\n")
    put("proc/meminfo", MEMINFO)
    put("proc/loadavg", "0.52 0.58 0.59 1/389 12345\n")
    put("var/lib/nvpmodel/status", "pmode:0002 fmode:fmode0\n")
    put("etc/nvpmodel.conf", "# modes\n< POWER_MODEL ID=0 NAME=15W >\nx\n< POWER_MODEL ID=2 NAME=MAXN_SUPER >\n")
    put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n")
    put("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "schedutil\n")
    found = host(tmp_path)
    assert found.board == "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
    assert found.cpu == "Cortex-A78AE"
    assert found.memory_bytes == 7990272 * 1024
    assert found.available_bytes == 4000000 * 1024
    assert found.power_mode == "MAXN_SUPER"
    assert found.governor == "schedutil"
    assert found.load == 0.52
    assert found.cpu_share == 0.97
    assert (found.instructions, found.emulator) == (("asimd", "asimddp"), "")
    assert found.absent == {}


def test_a_pc_is_named_by_dmi_and_its_cpu(tmp_path, put):
    put("sys/class/dmi/id/product_name", "PowerEdge R750\n")
    put("proc/cpuinfo", "vendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7763 64-Core Processor\n")
    found = host(tmp_path)
    assert (found.board, found.cpu) == ("PowerEdge R750", "AMD EPYC 7763 64-Core Processor")


def test_what_cannot_be_read_is_absent_with_a_reason(tmp_path):
    found = host(tmp_path)
    assert (found.board, found.cpu, found.memory_bytes, found.load, found.governor) == ("", "", None, None, "")
    assert set(found.absent) == {
        "board", "CPU", "memory", "power mode", "governor", "load", "available memory", "instruction sets",
    }  # fmt: skip
    assert found.absent["power mode"] == "no nvpmodel status: only Jetson boards have one"


def test_cores_of_different_kinds_are_all_named(tmp_path, put):
    put("proc/cpuinfo", arm(("0x41", "0xd05"), ("0x41", "0xd41"), ("0x41", "0xd41"), ("0x41", "0xfff")))
    assert host(tmp_path).cpu == "Cortex-A55, Cortex-A78, Arm part 0xfff"


def test_a_core_is_named_by_its_own_maker(tmp_path, put):
    # Arm's own number stands elsewhere; Qualcomm's core has the part number of a Cortex-A53.
    put("proc/cpuinfo", "CPU revision\t: 0x41\n\n" + arm(("0x4e", "0x004"), ("0x51", "0xd03")))
    assert host(tmp_path).cpu == "NVIDIA Carmel, implementer 0x51 part 0xd03"


def test_a_power_mode_without_a_name_keeps_its_number(tmp_path, put):
    put("var/lib/nvpmodel/status", "pmode:0008\n")
    assert host(tmp_path).power_mode == "mode 8"


def test_damaged_files_are_as_good_as_none(tmp_path, put):
    for name in ("proc/meminfo", "proc/loadavg", "proc/cpuinfo", "var/lib/nvpmodel/status"):
        put(name, "\ufffdgarbage: :\n")
    assert {"CPU", "memory", "load", "power mode"} <= set(host(tmp_path).absent)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "max", "memory.current": "5"}, 4_096_000_000),
        ({"memory.max": "1000", "memory.current": "400"}, 600),
        ({"memory.max": "1000", "memory.current": "400", "memory.stat": "anon 1\ninactive_file 300\n"}, 900),
        ({"memory.max": "1000", "memory.current": "1400"}, 0),
        ({"memory.limit_in_bytes": "9223372036854771712", "memory.usage_in_bytes": "5"}, 4_096_000_000),
        ({"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "100"}, 900),
    ],
)
def test_a_control_group_limits_what_is_available(tmp_path, put, files, expected):
    put("proc/meminfo", MEMINFO)
    put("proc/self/cgroup", "0::/job\n")
    for name, text in files.items():
        put(f"sys/fs/cgroup/job/{name}", text + "\n")
    assert available_bytes(tmp_path) == expected


def test_the_outer_group_limits_the_inner_one(tmp_path, put):
    put("proc/self/cgroup", "0::/outer/job\n")
    put("sys/fs/cgroup/outer/job/memory.max", "900")
    put("sys/fs/cgroup/outer/job/memory.current", "100")
    put("sys/fs/cgroup/outer/memory.max", "500")
    put("sys/fs/cgroup/outer/memory.current", "100")
    assert available_bytes(tmp_path) == 400


def test_the_share_of_the_cpu_is_own_time_over_wall_time():
    wall, own = count(0, 1_000_000), iter([0, 45_000_000])
    assert cpu_share(lambda: next(wall), lambda: next(own)) == pytest.approx(0.75)


def test_this_host_can_be_read():
    found = read_host()
    assert found.cores >= 1
    assert found.memory_bytes is not None
    assert 0.0 < (found.cpu_share or 0.0) <= 1.0
