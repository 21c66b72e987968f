"""Real processes: bounded in time and output, and gone afterwards with all that they began."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from assess.errors import AssessError
from assess.measure.runners.local import LocalMachine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def run(folder, *command, timeout_s=30.0, **changes):
    return LocalMachine(str(folder), **changes).run(command, timeout_s)


def shell(folder, script, **changes):
    return run(folder, "sh", "-c", script, **changes)


def is_there(word):
    """Whether a process has this word in its command line."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in line.split(b"\0"):
                return True
    return False


def gone(word, within_s=3.0):
    deadline = time.monotonic() + within_s
    while is_there(word) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_there(word)


def test_what_it_prints_and_how_it_ends_is_told(tmp_path):
    found = shell(tmp_path, "echo out; echo err >&2; exit 3")
    assert (found.ended, found.code, found.out, found.err) == ("by itself", 3, "out\n", "err\n")


def test_words_are_no_shells(tmp_path):
    assert run(tmp_path, "echo", "$(id)", "a b", "; exit 1").out == "$(id) a b ; exit 1\n"


def test_a_signal_that_ends_it_is_told(tmp_path):
    assert shell(tmp_path, "kill -SEGV $$").code == -signal.SIGSEGV
    assert shell(tmp_path, "kill -KILL $$").code == -signal.SIGKILL


def test_it_has_the_users_environment_but_no_history(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSESS_HISTORY", "postgresql://user:secret@host/db")
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    monkeypatch.setenv("ASSESS_PROGRESS_FD", "9")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    found = shell(tmp_path, "echo $PYTHONPATH; env")
    assert found.out.startswith("/somewhere\n")
    assert "secret" not in found.out
    assert "ORT_LOAD_CONFIG_FROM_MODEL" not in found.out
    assert "ASSESS_PROGRESS_FD" not in found.out
    assert "ORT_DISABLE_TELEMETRY=1\n" in found.out


def test_what_is_no_program_is_told(tmp_path):
    found = run(tmp_path, "/etc/passwd")
    assert (found.code, found.err) == (126, "/etc/passwd: Permission denied\n")
    assert LocalMachine(str(tmp_path)).find("no-such-tool") == ""


def test_what_hangs_is_ended_with_all_that_it_began(tmp_path):
    begun = time.monotonic()
    found = shell(tmp_path, "sleep 7101 & echo 1 ms; sleep 7102", timeout_s=0.5)
    assert (found.ended, found.code, found.out) == ("hung", None, "1 ms\n")
    assert time.monotonic() - begun < 5.0
    assert gone("7101")
    assert gone("7102")


def test_what_does_not_heed_is_killed(tmp_path):
    assert shell(tmp_path, "trap '' TERM; sleep 7103; sleep 7104", timeout_s=0.3).ended == "hung"
    assert gone("7103")
    assert gone("7104")


def test_what_it_leaves_running_does_not_outlive_it(tmp_path):
    assert shell(tmp_path, "sleep 7105 & exit 0").code == 0
    assert gone("7105")


def test_what_prints_without_end_is_ended(tmp_path):
    found = run(tmp_path, "yes", "1 ms", most_printed_bytes=100_000)
    assert found.ended == "flooded"
    assert len(found.out) <= 100_000


def test_of_what_it_complains_without_end_the_end_is_kept(tmp_path):
    found = shell(tmp_path, "yes complaint | head -c 1000000 >&2; echo last >&2")
    assert found.err.endswith("last\n")
    assert len(found.err) <= 4000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_us_ends_it_and_what_it_printed_is_kept(tmp_path, number):
    from assess.sandbox import ending_cleanly

    threading.Timer(0.7, os.kill, (os.getpid(), number)).start()
    with ending_cleanly() as caught:
        found = shell(tmp_path, "echo 1 ms; sleep 7106 & sleep 7107")
        caught.clear()
    assert (found.ended, found.code, found.out, found.signal) == ("stopped", None, "1 ms\n", number.name)
    assert gone("7106")
    assert gone("7107")


def test_it_ends_when_we_are_killed(tmp_path):
    script = (
        "import sys; from assess.measure.runners.local import LocalMachine\n"
        "LocalMachine(sys.argv[1]).run(('sh', '-c', 'sleep 7108 & sleep 7109'), 60.0)"
    )
    ours = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    deadline = time.monotonic() + 10.0
    while not is_there("7109") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert is_there("7109")
    ours.kill()
    ours.wait()
    assert gone("7108")
    assert gone("7109")


def test_what_it_wrote_is_read_in_bounds(tmp_path):
    machine = LocalMachine(str(tmp_path))
    assert machine.read(str(tmp_path / "none"), 10) is None
    (tmp_path / "some").write_bytes(b"0123456789")
    assert machine.read(str(tmp_path / "some"), 10) == b"0123456789"
    with pytest.raises(AssessError, match="has more than 0 MiB"):
        machine.read(str(tmp_path / "some"), 9)
    with pytest.raises(AssessError, match="cannot be read"):
        machine.read(str(tmp_path), 9)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to who asks for them")
@pytest.mark.parametrize(("lasting_s", "ended"), [(0.2, "by itself"), (60.0, "hung")])
def test_what_has_left_the_session_is_ended_too(tmp_path, lasting_s, ended):
    script = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(['setsid', 'sleep', '300'])\n"
        "print(child.pid, flush=True)\n"
        f"time.sleep({lasting_s})\n"
    )
    found = LocalMachine(str(tmp_path)).run([sys.executable, "-c", script], 1.5)
    assert found.ended == ended
    assert not psutil.pid_exists(int(found.out.split()[0]))
