"""Frames kept in a mapped file: in order, whole, and there even if their writer is killed."""

import os
import signal
import subprocess
import sys

import pytest

from assess.errors import AssessError
from assess.measure.frames import Frames, read_frames
from assess.measure.rows import Rows
from assess.sandbox import environment


@pytest.mark.parametrize("count", [1, 8191, 8192, 8193, 20_000])
def test_frames_come_back_in_order(tmp_path, count):
    rows = Rows(str(tmp_path / "rows"))
    for index in range(count):
        rows.append(1000 + 10 * index, 1001 + 10 * index, 1003 + 10 * index)
    assert (len(rows), rows.released) == (count, count)
    origin, frames = read_frames(tmp_path / "rows")
    assert origin == 1000
    assert frames.scheduled_ns == tuple(range(0, 10 * count, 10))
    assert frames.waited_ns == (1,) * count
    assert frames.service_ns == (2,) * count


def test_what_was_dropped_is_kept_apart(tmp_path):
    rows = Rows(str(tmp_path / "rows"))
    rows.drop(5)
    rows.append(7, 8, 9)
    rows.drop(8)
    assert (len(rows), rows.released) == (1, 3)
    assert read_frames(tmp_path / "rows") == (5, Frames((2,), (3,), (4,), (0, 3)))


def test_no_file_is_no_frames(tmp_path):
    assert read_frames(tmp_path / "rows") == (0, Frames())
    Rows(str(tmp_path / "rows"))
    assert read_frames(tmp_path / "rows") == (0, Frames())


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "rows").write_text("mine")
    with pytest.raises(FileExistsError):
        Rows(str(tmp_path / "rows"))


def test_a_file_that_cannot_be_made_is_an_error_with_its_path(tmp_path):
    path = str(tmp_path / "gone" / "rows")
    with pytest.raises(AssessError, match="the samples could not be written: No such file or directory") as caught:
        Rows(path)
    assert caught.value.where == path


WRITER = """
import os, sys
from assess.measure.rows import Rows
rows = Rows(sys.argv[1])
for index in range(10_000):
    rows.append(index, index, index + 1)
os.kill(os.getpid(), 9)
"""


def test_a_writer_that_is_killed_loses_nothing(tmp_path):
    path = tmp_path / "rows"
    ended = subprocess.run([sys.executable, "-c", WRITER, str(path)], env=environment(), check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(read_frames(path)[1]) == 10_000


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="only there is a full disk found beforehand")
def test_a_full_disk_is_one_clear_error_and_what_was_written_stays(tmp_path, monkeypatch):
    def full(file, offset, length):
        if offset:
            raise OSError(28, "No space left on device")

    rows = Rows(str(tmp_path / "rows"))
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(AssessError, match="samples could not be written: No space left"):
        for index in range(1, 9000):
            rows.append(index, index, index + 1)
    assert len(read_frames(tmp_path / "rows")[1]) == 8192
