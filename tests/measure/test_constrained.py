"""Workers under limits: what is refused before anything is measured, what holds a worker, and who ends it."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from assess import sandbox
from assess.errors import AssessError
from assess.measure.constrained import Constrained, on_cpus, real_time_share, require_real_time
from assess.measure.constraint import Constraints, Scheduling
from assess.measure.cpu_request import usable_cpus
from assess.measure.measurement import Settings
from assess.sandbox import Ending, Limits

linux = pytest.mark.skipif(sys.platform != "linux", reason="chooses CPUs")


def answering(module, request, limits=None, **options):
    return Ending("answered", options, "", "")


def limited(root, *, usable=(0, 1), allowed=lambda: None, **settings):
    return Constrained(Settings(**settings), answering, root=root, usable=lambda: usable, allowed=allowed)


def bound(root, runtime="950000", period="1000000"):
    folder = root / "proc/sys/kernel"
    folder.mkdir(parents=True)
    (folder / "sched_rt_runtime_us").write_text(f"{runtime}\n")
    (folder / "sched_rt_period_us").write_text(f"{period}\n")
    return root


def refusal(root, **asked):
    with pytest.raises(AssessError) as caught:
        limited(root, **asked)
    return f"{caught.value.where}: {caught.value.problem}", caught.value.hint


def test_without_limits_whoever_launches_is_told_of_none(tmp_path):
    held = limited(tmp_path)
    assert held("module", {"pass": "timed"}, None, stop_within_s=1.0).answer == {"stop_within_s": 1.0}
    assert (held.cpus, held.memory, held.constraints(None)) == ((), None, None)


def test_cpus_are_recorded_with_what_was_read_back(tmp_path):
    held = limited(tmp_path, usable=(0, 1, 2), cpus="2")
    seen = Scheduling((0, 1), 2, "other")
    assert held.constraints(seen) == Constraints((0, 1), None, seen)
    assert "confine" in held("module", {"pass": "timed"}, None).answer


def test_onnx_runtime_gets_as_many_threads_as_cpus_where_it_was_to_choose(tmp_path):
    """Its own choice pins each thread to a CPU of the machine: with two CPUs, and one allowed, one thread escaped."""
    held = limited(tmp_path, usable=(0, 1, 2), cpus="0-1")
    assert held.changes(Settings(threads=0)) == {"threads": 2}
    assert held.changes(Settings(threads=4)) == {}
    assert limited(tmp_path).changes(Settings(threads=0)) == {}


def test_a_real_time_worker_leaves_the_first_cpu_free(tmp_path):
    held = limited(bound(tmp_path), usable=(0, 1, 2), realtime=True)
    assert held.cpus == (1, 2)
    assert held.constraints(None) == Constraints((1, 2), real_time_share=0.95)


def test_a_real_time_worker_on_every_cpu_is_refused(tmp_path):
    assert refusal(bound(tmp_path), realtime=True, cpus="2") == (
        "--nice-realtime: a real-time process on CPUs 0-1 leaves none to whoever has to end it",
        "leave one free, e.g. --cpus 1-1",
    )


def test_the_only_cpu_needs_the_kernels_bound(tmp_path):
    assert limited(bound(tmp_path), usable=(0,), realtime=True).cpus == (0,)
    bound(tmp_path / "none", runtime="-1")
    assert refusal(tmp_path / "none", usable=(0,), realtime=True) == (
        "--nice-realtime: there is one CPU only, and nothing bounds the time of real-time processes",
        "sudo sysctl kernel.sched_rt_runtime_us=950000",
    )


def test_where_no_process_may_be_real_time_nothing_is_begun(tmp_path):
    def forbidden():
        raise AssessError("no process may become real-time here", where="--nice-realtime")

    assert refusal(tmp_path, allowed=forbidden, realtime=True)[0] == (
        "--nice-realtime: no process may become real-time here"
    )


def test_a_quota_does_not_hold_a_real_time_process(tmp_path):
    assert refusal(tmp_path, cpus="50%", realtime=True) == (
        "--cpus 50%: a share of CPU time does not hold a real-time process: the kernel counts ordinary ones only",
        "give it whole CPUs, or leave out --nice-realtime",
    )


@pytest.mark.parametrize(
    ("runtime", "share"), [("950000", 0.95), ("-1", None), ("1000000", None), ("nonsense", None), ("0", 0.0)]
)
def test_the_bound_on_real_time_processes(tmp_path, runtime, share):
    assert real_time_share(bound(tmp_path, runtime=runtime)) == share
    assert real_time_share(tmp_path / "nothing") is None


@linux
def test_the_right_to_be_real_time_is_tried_and_given_back():
    before = os.sched_getscheduler(0)
    try:
        require_real_time()
    except AssessError as error:
        assert error.where == "--nice-realtime"
        assert "ulimit -r" in error.hint
    assert os.sched_getscheduler(0) == before


@linux
def test_who_may_not_is_told_by_which_limit(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    resource = SimpleNamespace(RLIMIT_RTPRIO=14, RLIM_INFINITY=-1, getrlimit=lambda _: (0, 0))
    monkeypatch.setitem(sys.modules, "resource", resource)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(AssessError, match="the limit on real-time priorities is 0, 10 is needed"):
        require_real_time()


@linux
def test_a_process_is_put_on_cpus_and_whoever_ends_it_keeps_off_them():
    here = sorted(usable_cpus())
    if len(here) < 2:
        pytest.skip("one CPU")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        with on_cpus(process.pid, {here[-1]}, apart=True) as why:
            assert os.sched_getaffinity(process.pid) == {here[-1]}
            assert os.sched_getaffinity(0) == set(here[:-1])
        process.communicate(b"\n")
    assert why() == ""
    assert os.sched_getaffinity(0) == set(here)


@linux
def test_a_process_that_has_ended_is_no_error():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with on_cpus(process.pid, usable_cpus(), apart=False):
        pass


#: Becomes real-time as a worker does, then never waits for anything, deaf to a friendly signal.
RUNAWAY = """
import signal, sys
from assess.child import serve
from assess.measure.own_scheduling import become_real_time, read_back
def handle(request, tell):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    why = become_real_time(request["timeout_s"])
    tell({"known": read_back(why)})
    while True:
        pass
if __name__ == "__main__":
    serve(handle)
"""


def may_be_real_time():
    try:
        require_real_time()
    except AssessError as error:
        pytest.skip(error.problem)


@linux
@pytest.mark.slow
def test_a_real_time_worker_that_never_waits_is_ended_in_time(tmp_path, monkeypatch):
    may_be_real_time()
    if len(usable_cpus()) < 2:
        pytest.skip("one CPU")
    (tmp_path / "runaway_child.py").write_text(RUNAWAY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    held, told = Constrained(Settings(realtime=True), sandbox.run), []
    begun = time.monotonic()
    ending = held("runaway_child", {"timeout_s": 3.0}, Limits(3.0, None), on_progress=told.append)
    assert (ending.cause, ending.detail) == ("hung", "still running after 3 s")
    assert time.monotonic() - begun < 6.0
    known = told[0]["known"]
    assert (known["policy"], known["priority"], known["cpus"]) == ("FIFO", 10, list(held.cpus))
    assert known["locked"] or known["why_not_locked"]


@linux
@pytest.mark.slow
def test_ctrl_c_ends_it_too(tmp_path, monkeypatch):
    may_be_real_time()
    if len(usable_cpus()) < 2:
        pytest.skip("one CPU")
    (tmp_path / "runaway_child.py").write_text(RUNAWAY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    held = Constrained(Settings(realtime=True), sandbox.run)

    def interrupt(_):
        os.kill(os.getpid(), signal.SIGINT)

    begun = time.monotonic()
    ending = held(
        "runaway_child", {"timeout_s": 60.0}, Limits(60.0, None), on_progress=interrupt, stop_within_s=0.5
    )  # fmt: skip
    assert (ending.cause, ending.signal) == ("stopped", "SIGINT")
    assert time.monotonic() - begun < 20.0
