"""High-water marks of memory."""

import mmap
import sys

import pytest

from assess.measure.memory import KernelMark, MaximumSoFar, peak_memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
LARGE = 64 * 2**20


def touch():
    """64 MB that are surely given back to the kernel."""
    with mmap.mmap(-1, LARGE) as memory:
        for page in range(0, LARGE, 4096):
            memory[page] = 1


def test_the_value_is_read_in_bytes(tmp_path):
    (tmp_path / "status").write_text("Name:\tx\nVmPeak:\t 999 kB\nVmHWM:\t    123 kB\nVmRSS:\t 7 kB\n")
    mark = KernelMark(tmp_path)
    mark.restart()
    assert (tmp_path / "clear_refs").read_text() == "5"
    assert mark.peak_bytes() == 123 * 1024


@linux
def test_a_peak_that_is_over_is_seen_until_a_restart():
    mark = peak_memory()
    assert isinstance(mark, KernelMark)
    mark.restart()
    before = mark.peak_bytes()
    touch()
    assert mark.peak_bytes() - before > 0.9 * LARGE
    mark.restart()
    assert mark.peak_bytes() - before < 0.5 * LARGE


@linux
def test_without_a_reset_the_peak_so_far_stands_in_and_says_so(tmp_path):
    mark = peak_memory(tmp_path / "not there")
    assert isinstance(mark, MaximumSoFar)
    assert mark.method == "ru_maxrss, which cannot be reset between phases"
    touch()
    high = mark.peak_bytes()
    mark.restart()
    assert mark.peak_bytes() >= high > LARGE


def test_a_status_without_the_mark_is_not_taken_for_zero(tmp_path):
    (tmp_path / "status").write_text("Name:\tx\n")
    (tmp_path / "clear_refs").touch()
    assert not isinstance(peak_memory(tmp_path), KernelMark)


def test_a_system_that_tells_nothing_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert "tells neither" in peak_memory(tmp_path / "not there")
