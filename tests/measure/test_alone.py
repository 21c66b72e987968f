"""One timed run at a time: who comes second waits, and is told for whom."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.measure.alone import alone
from assess.measure.board_lock import HELD, LOCK, board_lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
HOLDS = """
import pathlib, tempfile
import assess.measure.board_lock
from assess.measure.alone import alone
assess.measure.board_lock._shared = lambda: pathlib.Path(tempfile.gettempdir())  # Other tests hold that of all users.
with alone('suite one', print):
    print('held', flush=True)
    input()
"""


def test_who_comes_second_waits_until_the_first_is_done(tmp_path):
    order, waiting = [], threading.Event()

    def told(holder):
        order.append(holder)
        waiting.set()

    def second():
        with alone("suite two", told, folder=tmp_path):
            order.append("second")

    other = threading.Thread(target=second)
    with alone("suite one", order.append, folder=tmp_path):
        other.start()
        assert waiting.wait(10)
        order.append("first")
    other.join(10)
    assert order == [f"suite one, process {os.getpid()}", "first", "second"]


def test_a_lock_that_was_given_back_is_not_waited_for(tmp_path):
    told = []
    for name in ("suite one", "suite two"):
        with alone(name, told.append, folder=tmp_path):
            pass
    assert told == []


def test_it_waits_for_a_measurement_over_ssh_and_is_told_once_whose(tmp_path):
    told, waiting = [], threading.Event()
    held = board_lock("mio at desk", 0.0, print, path=tmp_path / LOCK)
    held.__enter__()

    def tell(holder):
        told.append(holder)
        waiting.set()

    def run():
        with alone("suite one", tell, folder=tmp_path):
            told.append("suite one runs")

    other = threading.Thread(target=run)
    other.start()
    assert waiting.wait(10)
    time.sleep(1.2)  # It looks each second.
    told.append("mio is done")
    held.__exit__(None, None, None)
    other.join(10)
    assert told[1:] == ["mio is done", "suite one runs"]
    assert re.fullmatch(r"mio at desk, since \d s", told[0])


def test_a_measurement_over_ssh_is_refused_while_it_runs(tmp_path):
    with (
        alone("suite one", print, folder=tmp_path),
        pytest.raises(AssessError, match=rf"this board: suite one, process {os.getpid()}, since"),
        board_lock("mio", 0.0, print, path=tmp_path / LOCK),
    ):
        raise AssertionError("it was locked twice")


def test_what_runs_for_the_holder_of_the_board_has_its_lock_already(tmp_path, monkeypatch):
    monkeypatch.setenv(HELD, "1")
    with board_lock("mio", 0.0, print, path=tmp_path / LOCK), alone("suite one", pytest.fail, folder=tmp_path):
        pass


@pytest.mark.slow
def test_other_processes_wait_too_and_a_killed_one_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("assess.measure.board_lock._shared", lambda: tmp_path)
    process = subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    told = []

    def kill(holder):
        told.append(holder)
        process.kill()

    with alone("suite two", kill):
        assert told[0] == f"suite one, process {process.pid}"
    process.communicate()
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("made", ["a link", "a file", "a folder for all"])
def test_a_place_that_others_could_write_to_is_refused(tmp_path, monkeypatch, made):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = tmp_path / f"assess-{os.getuid()}"
    if made == "a link":
        (tmp_path / "elsewhere").mkdir(0o700)
        place.symlink_to(tmp_path / "elsewhere")
    elif made == "a file":
        place.touch()
    else:
        place.mkdir()
        place.chmod(0o777)
    with pytest.raises(AssessError) as caught, alone("suite", print):
        raise AssertionError("it was locked")
    assert Path(caught.value.where) == place
