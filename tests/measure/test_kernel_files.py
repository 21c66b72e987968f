"""Files of a kernel that are damaged, huge, or no files at all."""

import os
from pathlib import Path

import pytest

from assess.measure.host import available_bytes, read_host
from assess.measure.kernel_files import MOST_BYTES, cpus_in, meminfo, text_of, whole_number


def test_blanks_and_nul_around_a_text_are_left_out(tmp_path):
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0\n")
    assert text_of(tmp_path / "model") == "Raspberry Pi 5 Model B Rev 1.0"


def test_what_is_no_text_is_marked(tmp_path):
    (tmp_path / "model").write_bytes(b"Pi \xff\xfe 5")
    assert text_of(tmp_path / "model") == "Pi \ufffd\ufffd 5"


def test_no_more_than_4_mib_are_read(tmp_path):
    (tmp_path / "cpuinfo").write_bytes(b"x" * (MOST_BYTES + 1))
    assert len(text_of(tmp_path / "cpuinfo")) == 4194304


def test_a_folder_a_pipe_a_link_to_itself_and_nothing_are_empty(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert [text_of(tmp_path / name) for name in (".", "pipe", "loop", "none", "nul\0")] == ["", "", "", "", ""]


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("18446744073709551615", 2**64 - 1), ("9" * 5000, None), ("-1", None), ("", None), ("٣", None)],
)
def test_a_number_is_decimal_digits_of_64_bits(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0-3,8", {0, 1, 2, 3, 8}), ("5", {5}), ("", set()), ("0-x", set()), ("0-99999", set()), ("4,0-3", set())],
)
def test_a_list_of_cpus(text, cpus):
    assert cpus_in(text) == cpus


def test_a_line_of_meminfo_is_in_kib(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:        8255888 kB\nSwapTotal:       2097136 kB\n")
    assert (meminfo(tmp_path, "MemTotal"), meminfo(tmp_path, "SwapTotal")) == (8454029312, 2147467264)
    assert meminfo(tmp_path, "HugePages_Total") is None


def test_numbers_of_thousands_of_digits_do_not_stop_the_reading_of_a_host(tmp_path):
    files = {
        "proc/meminfo": f"MemTotal: {'9' * 5000} kB\nMemAvailable: {'9' * 5000} kB\n",
        "proc/self/cgroup": "0::/job\n",
        "sys/fs/cgroup/job/memory.max": "9" * 5000,
        "sys/fs/cgroup/job/memory.current": "1",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert available_bytes(tmp_path) is None
    assert read_host(tmp_path, spin=lambda: 1.0).absent["memory"] == "the kernel does not tell"


@pytest.mark.skipif(not Path("/proc/sys/kernel/osrelease").exists(), reason="no /proc/sys")
def test_a_file_of_proc_sys_is_read():
    """The kernel answers a read of megabytes there with ENOMEM."""
    assert text_of(Path("/proc/sys/kernel/osrelease")) == os.uname().release
