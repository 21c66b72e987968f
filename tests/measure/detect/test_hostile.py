"""Folders that no kernel would show: nothing of them stops detection, and nothing of them becomes a name."""

import os
import time
from pathlib import Path

import pytest

from assess.measure.detect import Recognised

FILES = (
    "proc/cpuinfo", "proc/meminfo", "proc/self/status", "proc/device-tree/model", "proc/device-tree/compatible",
    "proc/device-tree/gpu/compatible", "proc/sys/kernel/osrelease", "etc/os-release",
    "etc/nvpmodel.conf", "etc/nv_tegra_release", "var/lib/nvpmodel/status", "sys/class/dmi/id/product_name",
    "sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/board_name", "sys/hypervisor/type",
    "sys/firmware/dmi/tables/DMI", "sys/devices/system/memory/block_size_bytes",
    "sys/devices/system/memory/memory0/state", "sys/devices/system/cpu/present", "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "sys/devices/system/cpu/cpu0/cache/index0/size",
    "sys/devices/cpu_core/cpus", "sys/devices/cpu_atom/cpus",
)  # fmt: skip
NOTHING = Recognised("", "", "")


def everywhere(root, make):
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        make(root / name)
    return root


def named(machine):
    return machine.recognised_by, machine.board, machine.cpu, machine.power_mode, machine.core_kinds


def test_an_empty_folder(tmp_path, found):
    machine = found(tmp_path)
    assert named(machine) == (NOTHING, None, None, None, ())
    assert machine.absent["cores"] == machine.absent["CPU features"] == "/proc/cpuinfo lists no CPU"
    assert machine.absent["memory"] == machine.absent["installed memory"] == "no MemTotal in /proc/meminfo"
    assert machine.memory_kind.derived


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0", b"\0" * 5000, b"\n" * 5000, b"\xff\xfe\x80garbage\xc3", b"9" * 6000, b"-1\n", b"NaN\n",
        b": : :\n" * 999, b"0-9999," * 100_000 + b"0-9999\n",
        b"\x1b]0;owned\x07\n", b"<" * 100_000, b"< POWER_MODEL ID=" * 9000, b"MemTotal: 1e9 kB\n",
        b"processor : 0\nCPU implementer : \x1b\nCPU part : \x1b\nmodel name : \x1b[2J\n",
    ],
    ids=range(15),
)  # fmt: skip
def test_garbage_in_every_file(tmp_path, found, content):
    began = time.monotonic()
    machine = found(everywhere(tmp_path, lambda file: file.write_bytes(content)))
    assert time.monotonic() - began < 5.0
    texts = [machine.board, machine.vendor, machine.cpu, machine.os, machine.kernel, machine.board_support]
    for text in [fact.value for fact in texts if fact] + [kind.name for kind in machine.core_kinds]:
        assert text.isprintable() and "\ufffd" not in text and len(text) <= 200
    assert all(why and why.isprintable() for why in machine.absent.values())


def test_links_to_themselves_in_the_place_of_every_file(tmp_path, found):
    machine = found(everywhere(tmp_path, lambda file: file.symlink_to(file)))
    assert named(machine) == (NOTHING, None, None, None, ())


def test_a_folder_that_links_to_its_parent(tmp_path, found, put):
    put("proc/device-tree/model", "Loop\0")
    (tmp_path / "proc/device-tree/again").symlink_to(tmp_path / "proc/device-tree")
    (tmp_path / "sys").symlink_to(tmp_path / "sys")
    assert found(tmp_path).board.value == "Loop"


def test_pipes_and_folders_in_the_place_of_every_file(tmp_path, found):
    pipes, folders = tmp_path / "pipes", tmp_path / "folders"
    assert named(found(everywhere(pipes, os.mkfifo)))[0] == NOTHING
    assert named(found(everywhere(folders, lambda file: file.mkdir())))[0] == NOTHING


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_files_that_may_not_be_read(tmp_path, found):
    everywhere(tmp_path, lambda file: (file.write_text("secret\n"), file.chmod(0)))
    assert named(found(tmp_path)) == (NOTHING, None, None, None, ())


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc")
def test_files_that_fail_when_they_are_read(tmp_path, found):
    """The first page of a process is never there: the kernel answers with EIO, to root too."""
    everywhere(tmp_path, lambda file: file.symlink_to("/proc/self/mem"))
    assert named(found(tmp_path)) == (NOTHING, None, None, None, ())


def test_a_nul_inside_a_model_makes_it_no_name(tmp_path, found, put):
    put("proc/device-tree/model", "NVIDIA\0Jetson\0")
    machine = found(tmp_path)
    assert (machine.board, machine.recognised_by.board) == (None, "")
    assert machine.absent["board"] == "/proc/device-tree/model holds no name: NVIDIA\\x00Jetson"


def test_10_mb_of_cpus_are_read_up_to_4_mib(tmp_path, found, put):
    block = "processor\t: {}\nmodel name\t: Xeon\nflags\t\t: sse2 avx2 {}\n\n"
    put("proc/cpuinfo", "".join(block.format(n, "pad " * 250) for n in range(10_000)))
    began = time.monotonic()
    machine = found(tmp_path)
    assert time.monotonic() - began < 5.0
    assert (tmp_path / "proc/cpuinfo").stat().st_size > 10_000_000
    assert 3000 < machine.cores.value.online < 5000
    assert machine.recognised_by.cpu == "Xeon"


def test_one_line_of_10_mb(tmp_path, found, put):
    put("proc/cpuinfo", "model name : " + "x" * 10_000_000)
    assert found(tmp_path).absent["CPU"] == "/proc/cpuinfo holds no name"
