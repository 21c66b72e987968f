"""Every way a child can end, with real processes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from children import own_children

from assess.errors import AssessError
from assess.sandbox import Limits, _out_of_memory_kills, control_groups, ending_cleanly, run

TESTS = Path(__file__).parent


@pytest.fixture(autouse=True)
def _find_the_faulty_child(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


def ask(do, *, timeout_s=20.0, memory_bytes=None, on_progress=lambda message: None, **request):
    return run("faulty", {"do": do, **request}, Limits(timeout_s, memory_bytes), on_progress=on_progress)


def test_an_answer_comes_back():
    ending = ask("echo", more=[1, "zwei", None])
    assert (ending.cause, ending.detail) == ("answered", "")
    assert ending.answer == {"do": "echo", "more": [1, "zwei", None]}


def test_a_large_request_and_a_large_answer_pass():
    text = "ü" * 3_000_000
    assert ask("echo", text=text).answer["text"] == text


def test_progress_is_told_in_order():
    told = []
    assert ask("tell", on_progress=told.append).answer == "told"
    assert told == [{"step": 0}, {"step": 1}, {"step": 2}]


def test_bad_input_found_by_the_child_is_an_error_of_ours():
    with pytest.raises(AssessError) as caught:
        ask("find bad input")
    assert str(caught.value) == "here: is bad (hint: make it good)"


@pytest.mark.parametrize(
    ("do", "detail"),
    [
        ("segfault", "stopped by SIGSEGV"),
        ("abort", "stopped by SIGABRT"),
        ("exit", "ended with exit code 7 and no answer"),
        ("kill", "killed from outside by SIGKILL"),
        ("be told to stop", "told to stop from outside"),
        ("raise", "ended with exit code 1 and no answer"),
    ],
)
def test_a_crash_is_told_by_its_cause(do, detail):
    ending = ask(do)
    assert (ending.cause, ending.answer, ending.detail) == ("crashed", None, detail)


def test_the_traceback_of_a_crash_is_kept():
    assert ask("raise").printed.endswith("ZeroDivisionError: integer division or modulo by zero")


def test_a_hang_ends_with_the_time_limit():
    start = time.monotonic()
    ending = ask("hang", timeout_s=0.7)
    assert (ending.cause, ending.detail) == ("hung", "still running after 0.7 s")
    assert time.monotonic() - start < 30.0  # It would sleep for a minute or more.


def test_taking_memory_without_end_stops_at_the_limit():
    ending = ask("take memory", memory_bytes=400 * 2**20)
    assert (ending.cause, ending.detail) == ("out of memory", "needed more memory than it may use (limit 400 MiB)")


def test_an_abort_for_want_of_memory_is_no_plain_crash():
    assert ask("abort for memory").cause == "out of memory"


def test_printing_without_end_harms_nobody():
    ending = ask("print a lot")
    assert ending.answer == "done"
    assert ending.printed.endswith("the last words")
    assert len(ending.printed) <= 8192


@pytest.mark.slow
def test_what_is_no_message_is_a_crash_and_not_a_traceback():
    ending = ask("write nonsense")
    assert (ending.cause, ending.detail) == ("crashed", "wrote to its parent what is not a message")


def test_a_child_that_dies_before_it_is_asked(monkeypatch):
    monkeypatch.setenv("FAULTY", "before reading")
    assert ask("echo", text="x" * 1_000_000).detail == "ended with exit code 3 and no answer"


@pytest.mark.slow
def test_a_child_that_answers_and_then_hangs_has_answered(monkeypatch):
    monkeypatch.setenv("FAULTY", "after answering")
    start = time.monotonic()
    ending = ask("pid", timeout_s=60.0)
    assert ending.cause == "answered"
    assert time.monotonic() - start < 50.0  # And not the 60 s that it was given.
    assert not psutil.pid_exists(ending.answer)


def test_what_must_hold_before_imports_is_in_the_environment(monkeypatch):
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    names = ["ORT_DISABLE_TELEMETRY", "OPENBLAS_NUM_THREADS", "ORT_LOAD_CONFIG_FROM_MODEL"]
    assert ask("environment", names=names).answer == dict(zip(names, ["1", "1", None], strict=True))


def test_the_working_folder_is_not_imported_from(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit(99)")
    monkeypatch.chdir(tmp_path)
    assert ask("echo").cause == "answered"


def test_no_child_is_left_when_the_caller_is_interrupted():
    def interrupt(message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask("tell", on_progress=interrupt)
    assert own_children() == []


# Signals to the parent

PARENT = """
    import sys, tempfile
    from assess import sandbox
    with sandbox.ending_cleanly(), tempfile.TemporaryDirectory(prefix="assess-") as folder:
        print("ready", flush=True)
        sandbox.run("faulty", {"do": "hang"}, sandbox.Limits(60.0, None))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_parent_that_is_ended_leaves_nothing_behind(tmp_path, number):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(TESTS)}
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    children = wait_for(lambda: psutil.Process(parent.pid).children(recursive=True))
    time.sleep(0.3)  # It reads its order and asks to be told of its parent's end.
    parent.send_signal(number)
    assert parent.wait(timeout=10) == -number
    parent.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    if number != signal.SIGKILL:  # Nobody can clean up after that one.
        assert list(tmp_path.iterdir()) == []


def wait_for(condition, timeout_s=10.0):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def test_a_signal_unwinds_the_block_and_is_then_obeyed():
    events = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: events.append("obeyed"))
    try:
        with pytest.raises(SystemExit) as caught, ending_cleanly():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                events.append("cleaned up")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert events == ["cleaned up", "obeyed"]
    assert caught.value.code == 128 + signal.SIGTERM


def test_nested_blocks_are_all_unwound():
    events = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: events.append("obeyed"))
    try:
        with pytest.raises(SystemExit), ending_cleanly():
            try:
                with ending_cleanly():
                    signal.raise_signal(signal.SIGTERM)
            finally:
                events.append("outer")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert events == ["outer", "obeyed"]


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_cleanly():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


# Control groups


def test_control_groups_of_both_versions_are_found_innermost_first(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/box/job\n3:cpu:/box\n0::/slice\n")
    (tmp_path / "sys/fs/cgroup/memory/box").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/slice").mkdir()
    root = tmp_path / "sys/fs/cgroup"
    assert control_groups(tmp_path) == [root / "memory/box", root / "memory", root / "slice", root]


def test_kills_for_memory_are_counted_wherever_the_kernel_tells(tmp_path):
    assert _out_of_memory_kills(tmp_path) == 0
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/vmstat").write_text("nr_free_pages 5\noom_kill 2\n")
    (tmp_path / "proc/self/cgroup").write_text("0::/job\n")
    (tmp_path / "sys/fs/cgroup/job").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/job/memory.events").write_text("low 0\noom 4\noom_kill 3\n")
    assert _out_of_memory_kills(tmp_path) == 5


def test_a_system_without_control_groups_has_none(tmp_path):
    assert control_groups(tmp_path) == []


def test_a_damaged_list_of_control_groups_is_read_as_far_as_it_goes(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_bytes(b"\xff\xfe\nno colons\n0:\n0::/job\n")
    (tmp_path / "sys/fs/cgroup/job").mkdir(parents=True)
    assert control_groups(tmp_path) == [tmp_path / "sys/fs/cgroup/job", tmp_path / "sys/fs/cgroup"]


def test_who_runs_a_model_does_not_learn_where_the_history_is(monkeypatch):
    """Its URL may hold a password, and a model is not to be trusted."""
    monkeypatch.setenv("ASSESS_HISTORY", "postgresql://u:secret@host/db")
    assert ask("environment", names=["ASSESS_HISTORY"]).answer == {"ASSESS_HISTORY": None}
