"""Limits on memory that is really taken, and what is said of them."""

import subprocess
import sys
import time

import pytest

from assess import sandbox
from assess.measure.memory_limit import MemoryGuard, MemoryLimit, oom_risk
from assess.sandbox import Limits

MIB = 2**20
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def group(root, *, controllers="memory", version=2):
    """A root folder whose processes are in /job of a control group hierarchy."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/job\n" if version == 2 else "4:memory:/job\n")
    folder = root / "sys/fs/cgroup" / ("" if version == 2 else "memory") / "job"
    folder.mkdir(parents=True)
    if version == 2:
        (folder / "cgroup.subtree_control").write_text(controllers)
    else:
        (folder / "memory.limit_in_bytes").write_text("9223372036854771712")
    return folder


class Process:
    """Something with a process id that can be killed."""

    pid = 4711
    killed = False

    def kill(self):
        self.killed = True


def status(root, text):
    file = root / "proc/4711/status"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_group_of_its_own_gets_the_limit_and_the_process(tmp_path):
    folder = group(tmp_path)
    guard = MemoryGuard(64 * MIB, tmp_path)
    with guard(Process()) as over:
        (own,) = (path for path in folder.iterdir() if path.is_dir())
        assert (own / "memory.max").read_text() == str(64 * MIB)
        assert (own / "cgroup.procs").read_text() == "4711"
        (own / "memory.events").write_text("oom 1\noom_kill 1\n")
    assert over() == "needed more memory than it may use (limit 64 MiB, cgroup memory.max)"
    # A folder of files has no swap account, as on a kernel without one.
    assert guard.found() == MemoryLimit(64 * MIB, "cgroup memory.max", None)


def test_version_1_has_other_names(tmp_path):
    folder = group(tmp_path, version=1)
    guard = MemoryGuard(64 * MIB, tmp_path)
    with guard(Process()) as over:
        (own,) = (path for path in folder.iterdir() if path.is_dir())
        assert (own / "memory.limit_in_bytes").read_text() == str(64 * MIB)
    assert over() == ""
    assert guard.found().mechanism == "cgroup memory.limit_in_bytes"


def test_a_group_that_hands_no_memory_on_is_of_no_use(tmp_path):
    folder = group(tmp_path, controllers="cpu pids")
    status(tmp_path, "VmRSS:\t 100 kB\nVmSwap:\t 8 kB\n")
    guard = MemoryGuard(64 * MIB, tmp_path)
    with guard(Process()) as over:
        time.sleep(0.3)
        assert [path for path in folder.iterdir() if path.is_dir()] == []
    assert over() == ""
    assert guard.found() == MemoryLimit(64 * MIB, "watchdog on resident memory", 8 * 1024)


def test_the_most_that_any_process_had_swapped_out_is_told(tmp_path):
    guard = NoGroups(64 * MIB, tmp_path)
    for text in ("VmRSS:\t 100 kB\nVmSwap:\t 8 kB\n", "VmRSS:\t 100 kB\nVmSwap:\t 0 kB\n", "VmRSS:\t 100 kB\n"):
        status(tmp_path, text)
        with guard(Process()):
            time.sleep(0.3)  # Looked at every 20 ms.
    assert guard.found().swap_bytes == 8 * 1024


def test_swapped_memory_counts_too(tmp_path):
    status(tmp_path, "VmRSS:\t 600 kB\nVmSwap:\t 600 kB\n")
    process = Process()
    with MemoryGuard(MIB, tmp_path)(process) as over:
        deadline = time.monotonic() + 10
        while not process.killed and time.monotonic() < deadline:
            time.sleep(0.01)
    assert over() == "needed more memory than it may use (limit 1 MiB, watchdog on resident memory)"


def test_a_process_that_is_gone_is_not_looked_at(tmp_path):
    status(tmp_path, "State:\tZ (zombie)\n")
    guard = MemoryGuard(1, tmp_path)
    with guard(Process()) as over:
        time.sleep(0.1)
    assert (over(), guard.found().swap_bytes) == ("", None)


class NoGroups(MemoryGuard):
    """As on a host that lets nobody make a control group."""

    def _group(self, pid):
        return None


GREEDY = """
from assess.child import serve
def handle(request, tell):
    taken = bytearray(request["bytes"])
    for page in range(0, len(taken), 4096):
        taken[page] = 1
    return len(taken)
if __name__ == "__main__":
    serve(handle)
"""


@pytest.fixture
def greedy(tmp_path, monkeypatch):
    (tmp_path / "greedy_child.py").write_text(GREEDY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "greedy_child"


@linux
@pytest.mark.slow
@pytest.mark.parametrize("kind", [MemoryGuard, NoGroups], ids=["best here", "watchdog"])
def test_a_child_that_takes_more_than_it_may_is_ended(greedy, kind):
    guard = kind(128 * MIB)
    ending = sandbox.run(greedy, {"bytes": 1024 * MIB}, Limits(60.0, None), confine=guard)
    assert (ending.cause, ending.answer) == ("out of memory", None)
    assert ending.detail == f"needed more memory than it may use (limit 128 MiB, {guard.mechanism})"
    assert sandbox.run(greedy, {"bytes": 32 * MIB}, Limits(60.0, None), confine=guard).answer == 32 * MIB


@linux
def test_address_space_that_is_not_touched_is_free():
    code = "import mmap, time; memory = mmap.mmap(-1, 2**30); time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-c", code]) as process, NoGroups(128 * MIB)(process) as over:
        assert process.wait() == 0
    assert over() == ""


@pytest.mark.parametrize(
    ("peak", "limit", "available", "words"),
    [
        (50, 100, 1000, "low: the peak is 50% of its limit"),
        (75, 100, None, "moderate: the peak is 75% of its limit"),
        (95, None, 100, "high: the peak is 95% of the memory that was available"),
        (120, 1000, 100, "certain: the peak is 120% of the memory that was available"),
        (1, None, None, "unknown: neither a limit nor the memory available is known"),
    ],
)
def test_the_risk_in_words(peak, limit, available, words):
    assert oom_risk(peak, limit, available) == words
