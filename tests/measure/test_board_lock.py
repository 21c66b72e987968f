"""One measurement at a time on a board, and whoever waits is told for whom."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.measure import board_lock as module
from assess.measure.board_lock import board_lock, holder


class Time:
    """A clock that only sleeping moves."""

    def __init__(self, *, at=1_800_000_000.0):
        self.now, self.at, self.wakes = 0.0, at, []

    def clock(self):
        return self.now

    def since_1970(self):
        return self.at + self.now

    def sleep(self, seconds):
        self.now += seconds
        for wake in self.wakes:
            wake(self.now)


def locked(path, who="mio at desk", wait_s=0.0, told=None, time=None):
    time = time or Time()
    told = [] if told is None else told
    return board_lock(who, wait_s, told.append, path=path, clock=time.clock, sleep=time.sleep, now=time.since_1970)


def test_who_holds_it_and_since_when_is_told(tmp_path):
    path, time = tmp_path / "lock", Time()
    assert holder(path) == ""
    with locked(path, time=time):
        assert path.read_text() == "1800000000 mio at desk"
        assert holder(path, now=lambda: 1_800_000_042.9) == "mio at desk, since 43 s"
        assert holder(path, now=lambda: 1_700_000_000.0) == "mio at desk, since 0 s"  # Clocks are set.
    assert holder(path) == ""


def test_the_second_waits_and_gets_it_when_the_first_is_done(tmp_path):
    path, time, told = tmp_path / "lock", Time(), []
    first = locked(path, time=time)
    first.__enter__()
    time.wakes.append(lambda now: now == 3.0 and first.__exit__(None, None, None))
    with locked(path, "ken at rack", 600.0, told, time):
        assert told == [f"mio at desk, since {age} s" for age in range(3)]
        assert path.read_text() == "1800000003 ken at rack"


def test_who_does_not_want_to_wait_is_refused_at_once_with_the_holders_name(tmp_path):
    told = []
    with locked(tmp_path / "lock"), pytest.raises(AssessError) as refused:
        locked(tmp_path / "lock", "ken at rack", 0.0, told).__enter__()
    assert refused.value.problem == "another measurement runs on this board: mio at desk, since 0 s"
    assert refused.value.hint == 'wait for it, or wait longer: `wait = "1 h"` in the inventory'
    assert told == []


def test_waiting_has_an_end(tmp_path):
    time, told = Time(), []
    with locked(tmp_path / "lock", time=time), pytest.raises(AssessError, match="mio at desk, since 5 s"):
        locked(tmp_path / "lock", "ken", 5.0, told, time).__enter__()
    assert len(told) == 5


def test_a_shorter_name_leaves_nothing_of_a_longer_one(tmp_path):
    with locked(tmp_path / "lock", "x" * 250):
        pass
    with locked(tmp_path / "lock", "ken"):
        assert (tmp_path / "lock").read_text() == "1800000000 ken"


def test_a_name_of_any_length_is_cut(tmp_path):
    with locked(tmp_path / "lock", "ü" * 5000):
        assert (tmp_path / "lock").stat().st_size == 300
        assert holder(tmp_path / "lock", now=lambda: 1_800_000_000.0).endswith(", since 0 s")


@pytest.mark.parametrize("text", ["", "garbage", "12x mio", "\xff\xfe 3"])
def test_a_lock_without_a_name_is_held_all_the_same(tmp_path, text):
    path = tmp_path / "lock"
    path.write_text(text)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert holder(path) == "somebody who left no name"
        with pytest.raises(AssessError, match="somebody who left no name"):
            locked(path).__enter__()


def test_a_process_that_is_killed_gives_it_back(tmp_path):
    path = tmp_path / "lock"
    code = f"""
from pathlib import Path
from assess.measure.board_lock import board_lock
with board_lock("mio", 0.0, print, path=Path({str(path)!r})):
    print("held", flush=True)
    input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        assert holder(path).startswith("mio, since ")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert holder(path) == ""
    with locked(path, "ken"):
        pass


def test_it_is_given_back_when_the_measurement_fails(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path / "lock"):
        raise RuntimeError
    assert holder(tmp_path / "lock") == ""


def test_any_user_may_lock_and_sign_it_whatever_the_umask_of_the_first(tmp_path):
    before = os.umask(0o077)
    try:
        with locked(tmp_path / "lock"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o666


def test_another_users_lock_is_opened_without_being_made(tmp_path, monkeypatch):
    """With fs.protected_regular, opening for making what is another user's is forbidden in such folders."""
    path, real = tmp_path / "lock", os.open
    path.touch()

    def protected(name, flags, mode=0o777):
        if flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied")
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", protected)
    with locked(path, "ken"):
        assert path.read_text() == "1800000000 ken"


def test_another_users_lock_that_can_only_be_read_is_held_without_a_name(tmp_path, monkeypatch):
    path, real = tmp_path / "lock", os.open
    path.write_text("")

    def only_reading(name, flags, mode=0o777):
        if flags & (os.O_RDWR | os.O_CREAT):
            raise PermissionError(13, "Permission denied")
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", only_reading)
    with locked(path, "ken"):
        assert holder(path) == "somebody who left no name"


def test_a_link_in_its_place_is_not_followed(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("precious")
    with pytest.raises(AssessError, match="cannot be locked: "):
        locked(tmp_path / "lock").__enter__()
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(AssessError, match="cannot be locked: No such file or directory"):
        locked(tmp_path / "none/lock").__enter__()


def test_all_users_of_a_board_have_the_same_lock(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert module._shared() == Path("/tmp")
