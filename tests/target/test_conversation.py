"""Talks with processes that answer, end, die and hang."""

import shlex
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from assess.describe.address import Address
from assess.errors import AssessError
from assess.target import conversation
from assess.target.conversation import LostError, talk
from assess.target.link import Link
from assess.target.protocol import SentFile


@dataclass
class Local:
    """In place of a link: the command is run here."""

    lost: bool = False
    address = Address("board")

    def start(self, command, stderr):
        return subprocess.Popen(
            ["/bin/sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )

    def is_lost(self):
        return self.lost

    def failure(self, said):
        return Link(self.address, {}).failure(said)


def test_both_ends_talk(tmp_path):
    said = 'import sys; print(sys.stdin.readline().strip().replace("ask", "answer"), flush=True); sys.stdin.read()'
    with talk(Local(), shlex.join([sys.executable, "-c", said])) as there:
        there.say({"ask": 1})
        assert there.hear() == {"answer": 1}
        assert there.code is None
    assert there.code == 0


def test_an_end_without_a_word_is_told_with_its_last_words():
    command = "echo first >&2; echo 'ModuleNotFoundError: no onnx' >&2; exit 3"
    with talk(Local(), command) as there, pytest.raises(AssessError) as told:
        there.hear()
    assert str(told.value) == "ssh://board: what ran there ended with 3: ModuleNotFoundError: no onnx"
    assert not isinstance(told.value, LostError)


def test_an_end_in_silence_is_told_too():
    with talk(Local(), "exit 0") as there, pytest.raises(AssessError, match="ended with 0: it said nothing"):
        there.hear()


def test_a_lost_link_is_told_as_such():
    command = "echo 'Timeout, server board not responding.' >&2; exit 255"
    with (
        talk(Local(lost=True), command) as there,
        pytest.raises(LostError, match="Timeout, server board not responding"),
    ):
        there.hear()


def test_a_process_that_a_signal_ended_there_is_no_lost_link():
    with (
        talk(Local(), "exit 255") as there,
        pytest.raises(AssessError, match="what ran there was killed: it said nothing") as told,
    ):
        there.hear()
    assert not isinstance(told.value, LostError)


def test_what_cannot_be_said_is_an_end(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 10)
    with talk(Local(), "exit 4") as there:
        there._process.wait()
        for act in (
            lambda: there.say({"x": "y" * 100_000}),
            lambda: there.write(b"y" * 100_000),
            lambda: there.send(tmp_path / "file", 10),
        ):
            with pytest.raises(AssessError, match="ended with 4"):
                act()


def test_a_file_that_is_gone_here_is_no_end_there(tmp_path):
    with (
        talk(Local(), "cat") as there,
        pytest.raises(AssessError, match=f"{tmp_path}/none: cannot be sent: No such file"),
    ):
        there.send(tmp_path / "none", 10)


def test_a_full_disk_here_is_told_with_its_place(tmp_path):
    with (
        talk(Local(), "printf weights") as there,
        pytest.raises(AssessError, match="model: cannot be written: its bytes"),
    ):
        there.receive(SentFile("model", "0" * 64, 7), tmp_path / "model")


def test_what_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(conversation, "_END_WITHIN_S", 0.2)
    begun = time.monotonic()
    with talk(Local(), "exec sleep 30") as there:
        pass
    assert there.code == -9
    assert time.monotonic() - begun < 10
