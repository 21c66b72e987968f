"""A share of CPU time: held by a control group of either version, counted, and refused where none can be made."""

import os
import sys

import pytest

from assess import sandbox
from assess.errors import AssessError
from assess.measure.constraint import CpuQuota
from assess.measure.cpu_quota import QuotaGuard, cpu_groups
from assess.sandbox import Limits


class Process:
    pid = 4711


def v1(root, *, quota=True):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("4:cpu,cpuacct:/job\n3:memory:/job\n0::/\n")
    (root / "sys/fs/cgroup/unified").mkdir(parents=True)
    folder = root / "sys/fs/cgroup/cpu,cpuacct/job"
    folder.mkdir(parents=True)
    if quota:
        (folder / "cpu.cfs_quota_us").write_text("-1")
    return folder


def v2(root, *, controllers="cpu memory"):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/job\n")
    folder = root / "sys/fs/cgroup/job"
    folder.mkdir(parents=True)
    (folder / "cgroup.subtree_control").write_text(controllers)
    return folder


def own_group(folder):
    (own,) = (path for path in folder.iterdir() if path.is_dir())
    return own


def test_version_1_gets_a_quota_in_a_period_and_the_process(tmp_path):
    folder = v1(tmp_path)
    guard = QuotaGuard(0.5, tmp_path)
    with guard(Process()) as why:
        own = own_group(folder)
        assert (own / "cpu.cfs_period_us").read_text() == "100000"
        assert (own / "cpu.cfs_quota_us").read_text() == "50000"
        assert (own / "cgroup.procs").read_text() == "4711"
        (own / "cpu.stat").write_text("nr_periods 40\nnr_throttled 31\nthrottled_time 1500000000\n")
    assert why() == ""  # It was stopped, and never ended.
    assert guard.found() == CpuQuota(0.5, 0.1, "cgroup cpu.cfs_quota_us", 40, 31, 1.5)


def test_version_2_has_other_names_and_microseconds(tmp_path):
    folder = v2(tmp_path)
    guard = QuotaGuard(1.5, tmp_path)
    with guard(Process()):
        own = own_group(folder)
        assert (own / "cpu.max").read_text() == "150000 100000"
        (own / "cpu.stat").write_text("usage_usec 1\nnr_periods 40\nnr_throttled 2\nthrottled_usec 1500\n")
    assert guard.found() == CpuQuota(1.5, 0.1, "cgroup cpu.max", 40, 2, 0.0015)


def test_in_version_2_the_group_that_holds_the_memory_holds_the_quota_too(tmp_path):
    """A second group would take the process out of the first."""
    v2(tmp_path)
    memory = tmp_path / "sys/fs/cgroup/job/assess-1-00ff"
    memory.mkdir()
    (tmp_path / "proc/4711").mkdir()
    (tmp_path / "proc/4711/cgroup").write_text("0::/job/assess-1-00ff\n")
    with QuotaGuard(0.5, tmp_path)(Process()):
        assert (memory / "cpu.max").read_text() == "50000 100000"
    assert memory.is_dir()  # Who made it removes it.


def test_counts_of_several_processes_are_added(tmp_path):
    folder = v1(tmp_path)
    guard, found = QuotaGuard(0.5, tmp_path), None
    for number in (1, 2):
        with guard(Process()):
            own = max((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime_ns)
            text = f"nr_periods {10 * number}\nnr_throttled {number}\nthrottled_time {number}000000000\n"
            (own / "cpu.stat").write_text(text)
        found = guard.found(found)
        for path in own.iterdir():
            path.unlink()
        own.rmdir()
    assert (found.periods, found.stopped, found.stopped_s) == (30, 3, 3.0)


def test_what_the_kernel_does_not_count_is_not_known(tmp_path):
    v1(tmp_path)
    guard = QuotaGuard(0.5, tmp_path)
    with guard(Process()):
        pass
    assert (guard.found().periods, guard.found().stopped_s) == (None, None)


@pytest.mark.parametrize("make", [lambda root: v1(root, quota=False), lambda root: v2(root, controllers="memory pids")])
def test_where_no_group_can_hold_it_that_is_said_with_what_to_do(tmp_path, make):
    make(tmp_path)
    with pytest.raises(AssessError) as caught:
        QuotaGuard(0.5, tmp_path).check()
    assert caught.value.where == "--cpus"
    assert "cannot be held here: this process is in no control group that limits CPU time" in caught.value.problem
    assert "--cpus 1" in caught.value.hint


def test_a_group_that_may_not_be_written_to_is_named(tmp_path, monkeypatch):
    folder = v1(tmp_path)

    def refuse(self, *args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(AssessError, match=f"{folder}.*: Permission denied"):
        QuotaGuard(0.5, tmp_path).check()


def test_groups_are_found_from_the_inner_to_the_outer(tmp_path):
    folder = v1(tmp_path)
    assert cpu_groups(tmp_path) == [folder, folder.parent, tmp_path / "sys/fs/cgroup/unified"]


BUSY = """
import time
from assess.child import serve
def handle(request, tell):
    begun, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - begun < 1.5:
        pass
    return (time.process_time() - used) / 1.5
if __name__ == "__main__":
    serve(handle)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="makes a control group")
def test_a_busy_child_gets_its_share_and_no_more(tmp_path, monkeypatch):
    (tmp_path / "busy_child.py").write_text(BUSY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    guard = QuotaGuard(0.2)
    try:
        guard.check()
    except AssessError as error:
        pytest.skip(error.problem)
    share = sandbox.run("busy_child", {}, Limits(60.0, None), confine=guard).answer
    assert share < 0.3
    assert guard.found().stopped > 5
    assert guard.found().stopped_s > 0.5
