"""The worker's side: locking memory, and reading back how all threads are scheduled."""

import ctypes
import os
import sys
import threading

import pytest

from assess.measure.own_scheduling import _lock, read_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_every_thread_is_looked_at():
    ended = threading.Event()
    before = read_back()["threads"]
    thread = threading.Thread(target=ended.wait, daemon=True)
    thread.start()
    try:
        found = read_back()
    finally:
        ended.set()
        thread.join()
    assert found["threads"] == before + 1
    assert found["cpus"] == sorted(os.sched_getaffinity(0))
    assert (found["policy"], found["priority"], found["locked"], found["why_not_locked"]) == ("other", 0, False, "")


def test_a_thread_of_another_class_is_not_passed_over(monkeypatch):
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait, daemon=True)
    thread.start()
    monkeypatch.setattr(os, "sched_getscheduler", lambda number: 1 if number == thread.native_id else 0)
    try:
        assert read_back("")["policy"] == "several"
    finally:
        ended.set()
        thread.join()


def test_memory_is_locked_as_it_is_touched():
    asked = []
    assert _lock(lambda flags: asked.append(flags) or 0) == ""
    assert asked == [1 | 2 | 4]  # MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT


def test_why_it_could_not_be_locked_is_told():
    def refuse(_):
        ctypes.set_errno(12)
        return -1

    assert _lock(refuse) == "mlockall: Cannot allocate memory; allow it: ulimit -l unlimited, or CAP_IPC_LOCK"
    assert read_back("mlockall: no")["why_not_locked"] == "mlockall: no"
