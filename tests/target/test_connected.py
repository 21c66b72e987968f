"""A board that is ready for jobs: what it is sent, what it may answer, and what becomes of it when it answers badly."""

import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import board_agent
import pytest

from assess.describe.address import Address
from assess.describe.inventory import Target
from assess.errors import AssessError, ProcessFailedError
from assess.target import connected
from assess.target.connected import Asked, Board, Listener, connect, no_kit, require_usable, wheels_for
from assess.target.link import Link, Ran
from assess.target.probe import Probed, Python
from assess.target.protocol import SentFile
from assess.target.wheels import Wheels

TARGET = Target(name="desk", address="ssh://board")
HERE = Python(sys.executable, sys.version_info[:3], 64)


class Local:
    """In place of a link: commands are run here."""

    address = Address("board")

    def __init__(self, command=None, *, lost=False):
        self.command, self.lost, self.asked = command, lost, []

    def start(self, command, stderr):
        self.asked.append(command)
        return subprocess.Popen(
            ["/bin/sh", "-c", self.command or command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )

    def is_lost(self):
        return self.lost

    def failure(self, said):
        return Link(self.address, {}).failure(said)


def board(folder, monkeypatch, link=None, **target):
    """With a real agent, whose calls are made up."""
    tag = board_agent.lay_out(folder)
    monkeypatch.setenv("LOCKS", str(folder))
    probed = Probed("x86_64", "Linux", pythons=(HERE,), folder=str(folder))
    return Board(TARGET.model_copy(update=target), link or Local(), probed, tag)


def answering(*lines, then="cat > /dev/null"):
    """In place of an agent: says so, whatever it is asked."""
    said = "\n".join(json.dumps(each) if not isinstance(each, str) else each for each in lines)
    return Local(f"printf '%s\\n' {shlex.quote(said)}; {then}")


def scripted(*lines, **how):
    return Board(TARGET, answering(*lines, **how), Probed("x86_64", "Linux", pythons=(HERE,), folder="/x"), "tag")


READY = {"missing": [], "finished": "", "free_bytes": 2 * 10**9}


def file(data, path):
    return SentFile(path, hashlib.sha256(data).hexdigest(), len(data))


def test_a_job_is_done_there_and_its_files_come_back(tmp_path, monkeypatch):
    (tmp_path / "model").write_bytes(b"weights")
    there, told = board(tmp_path / "board", monkeypatch), []
    sent = {file(b"weights", "model/it's a.onnx"): tmp_path / "model"}
    asked = Asked("write", {"write": {"out/run.json": "measured"}}, sent, ["out"])
    listen = Listener(progress=lambda *step: told.append(step))
    outcome = there.ask(asked, tmp_path / "into", listen)
    assert outcome["answer"] == {}
    assert (tmp_path / "into/out/run.json").read_text() == "measured"
    assert there.sent_bytes == 7
    assert ("sending 0.0 MB", 1.0, None) in told
    there.ask(replace(asked, request={"write": {}}), tmp_path / "into", listen)
    assert there.sent_bytes == 7, "it is there"


def test_the_agent_is_started_from_the_kit_with_nothing_else_on_its_path(tmp_path, monkeypatch):
    there = board(tmp_path / "it's a folder", monkeypatch)
    there.ask(Asked("echo", {"say": 1}, measures=False), tmp_path)
    (command,) = there.link.asked
    words = shlex.split(command.partition("exec ")[2])
    assert words[:4] == [
        "env", f"PYTHONPATH={tmp_path}/it's a folder/kit/tag/site", "PYTHONNOUSERSITE=1", "ORT_DISABLE_TELEMETRY=1",
    ]  # fmt: skip
    assert words[4:] == [sys.executable, "-m", "assess.target.board.agent", f"{tmp_path}/it's a folder"]


def test_commands_of_the_target_are_run_around_what_measures_alone(tmp_path, monkeypatch):
    there = board(tmp_path, monkeypatch, before=("echo on",), after=("echo off",))
    looked = there.ask(Asked("echo", {"say": 1}, measures=False), tmp_path)
    measured = there.ask(Asked("echo", {"say": 1}), tmp_path)
    assert [each["command"] for each in looked["commands"]] == []
    assert [each["output"] for each in measured["commands"]] == ["on", "off"]


def message(there, asked):
    return there._message(asked)


def test_the_same_question_has_the_same_key_and_any_other_has_another(tmp_path, monkeypatch):
    there = board(tmp_path, monkeypatch)
    asked = Asked("measure", {"seed": 0}, {file(b"a", "model"): tmp_path}, ["run.json"])
    keys = {message(there, each)["key"] for each in (asked, replace(asked, request={"seed": 0}))}
    assert len(keys) == 1
    others = [
        replace(asked, request={"seed": 1}),
        replace(asked, call="gate"),
        replace(asked, files={file(b"b", "model"): tmp_path}),
        replace(asked, outputs=["other.json"]),
        replace(asked, is_kept=False),
    ]
    keys |= {message(there, each)["key"] for each in others}
    keys |= {message(replace(there, kit="other"), asked)["key"]}
    keys |= {message(replace(there, target=there.target.model_copy(update={"before": ("x",)})), asked)["key"]}
    assert len(keys) == 8


def test_who_asks_is_named_to_who_waits_and_has_no_part_in_the_key(tmp_path, monkeypatch):
    there = board(tmp_path, monkeypatch, wait="5 s")
    first = message(there, Asked("measure", {}))
    monkeypatch.setattr(connected, "who", lambda: "ken at rack")
    second = message(there, Asked("measure", {}))
    assert first["key"] == second["key"]
    assert second["lock"]["who"] == "ken at rack"
    assert message(there, Asked("host", {}, measures=False))["lock"] is None


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        ("refuse", AssessError, "--input: no such input (hint: name one)"),
        ("fail", ProcessFailedError, "the model crashed"),
        ("bug", AssessError, "what measures there ended with code 1: ZeroDivisionError: a bug"),
    ],
)
def test_an_error_there_is_the_same_error_here(tmp_path, monkeypatch, call, kind, said):
    with pytest.raises(AssessError) as told:
        board(tmp_path, monkeypatch).ask(Asked(call, {}), tmp_path)
    assert type(told.value) is kind
    assert str(told.value).startswith(said)


def test_a_model_that_there_is_no_room_for_is_not_sent(tmp_path):
    with (tmp_path / "model.onnx").open("wb") as sparse:
        sparse.truncate(5 * 10**9)
    sent = SentFile("model.onnx", "ab" * 32, 5 * 10**9)
    there = scripted({**READY, "missing": [sent.sha256]}, then="wc -c > " + shlex.quote(str(tmp_path / "got")))
    begun = time.monotonic()
    with pytest.raises(AssessError) as told:
        there.ask(Asked("measure", {}, {sent: tmp_path / "model.onnx"}), tmp_path)
    assert time.monotonic() - begun < 5
    assert told.value.problem == "has 2,000 MB free, 5,000 MB are to be sent"
    assert (told.value.where, told.value.hint) == ("desk: /x", "assess target clean desk, or another `folder`")
    assert int((tmp_path / "got").read_text()) < 1000
    assert there.sent_bytes == 0


def test_a_board_is_left_room_for_what_it_writes(tmp_path):
    sent = SentFile("model.onnx", "ab" * 32, 10**6)
    there = scripted({"missing": [sent.sha256], "free_bytes": 30 * 10**6})
    with pytest.raises(AssessError, match="has 30 MB free, 1 MB are to be sent"):
        there.ask(Asked("measure", {}, {sent: tmp_path / "model.onnx"}), tmp_path)


def test_a_board_that_does_not_tell_its_room_is_sent_what_it_asks_for(tmp_path):
    (tmp_path / "model").write_bytes(b"weights")
    sent = file(b"weights", "model")
    there = scripted({"missing": [sent.sha256]}, {"outcome": {"answer": {}}})
    there.ask(Asked("measure", {}, {sent: tmp_path / "model"}), tmp_path)
    assert there.sent_bytes == 7


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([{"missing": ["ab" * 32]}], "desk: asks for files that it was not told of"),
        ([{"missing": [["ab"]]}], "desk: asks for files that it was not told of"),
        ([READY, {"outcome": {"answer": {}, "files": [{"path": "../x", "sha256": "a" * 64, "size": 0}]}}],
         "desk: gives what assess does not take: files: '../x' leads out of the folder"),
        ([READY, {"outcome": {"answer": {}, "files": "all"}}],
         "desk: gives what assess does not take: files: is no list"),
        ([READY, {"outcome": {"files": [{"path": "x", "sha256": "a" * 64, "size": 2}]}}, "yz"],
         "x: cannot be written: its bytes are not those that were announced"),
        ([READY, {"outcome": {"error": {"problem": "x" * 9000}}}], "x" * 2000),
        ([{"error": {}}], ""),
    ],
)  # fmt: skip
def test_what_no_agent_of_ours_would_say_is_an_error_and_no_more(tmp_path, lines, said):
    with pytest.raises(AssessError) as told:
        scripted(*lines).ask(Asked("measure", {}), tmp_path / "into")
    assert said in str(told.value)
    assert len(str(told.value)) < 2500
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("message", [{"progress": "x"}, {"progress": [1, 2, 3]}, {"progress": ["x", "y", None]},
                                     {"waiting": 3}, {"outcome": None}, {}])  # fmt: skip
def test_what_is_no_progress_is_passed_over(tmp_path, message):
    told = []
    listen = Listener(lambda *step: told.append(step), told.append)
    assert scripted(READY, message, {"outcome": {"answer": {}}}).ask(Asked("x", {}), tmp_path, listen)["answer"] == {}
    assert told in ([], [("x", None, None)])


def test_what_is_waited_for_is_told(tmp_path):
    told = []
    there = scripted(
        {**READY, "finished": "2026-11-29T14:00:00+00:00"},
        {"waiting": "for mio at desk, since 3 s"},
        {"outcome": {"answer": {}}},
    )
    there.ask(Asked("x", {}), tmp_path, Listener(wait=told.append))
    assert told == [
        "fetching what was done there at 2026-11-29T14:00:00+00:00, before the link was lost",
        "waiting for mio at desk, since 3 s",
    ]  # fmt: skip


def test_a_link_that_is_lost_while_it_runs_says_how_the_run_is_fetched(tmp_path):
    there = scripted(READY, then="echo 'Timeout, server board not responding.' >&2; exit 255")
    there.link.lost = True
    with pytest.raises(AssessError) as told:
        there.ask(Asked("x", {}), tmp_path)
    assert told.value.problem.startswith("the link was lost: ")
    assert told.value.where == "desk"
    assert told.value.hint == "a run that goes on there is fetched by the same command, once the link is back"


def test_a_run_that_was_stopped_before_there_was_anything_is_an_interruption(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        scripted(READY, {"outcome": {"interrupted": True}}).ask(Asked("x", {}), tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_asks_for_what_there_is(tmp_path, monkeypatch, number):
    there, before = board(tmp_path, monkeypatch), signal.getsignal(number)

    def tell(what, done, left_s):
        if what == "waiting":
            threading.Timer(0.2, os.kill, (os.getpid(), number)).start()

    outcome = there.ask(Asked("wait", {}), tmp_path, Listener(progress=tell))
    assert outcome["answer"] == {"partial": True}
    assert signal.getsignal(number) == before


def probed(**changes):
    known = {"machine": "aarch64", "system": "Linux", "libc": "glibc 2.36", "pythons": (HERE,), "folder": "/x"}
    return Probed(**{**known, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pythons": ()}, "has no Python 3.11 or newer of 64 bits: none was found"),
        ({"pythons": (Python("/usr/bin/python3", (3, 9, 2), 64),)},
         "has no Python 3.11 or newer of 64 bits, only Python 3.9.2 (/usr/bin/python3)"),
        ({"pythons": (Python("/usr/bin/python3", (3, 11, 2), 32),)},
         "has no Python 3.11 or newer of 64 bits, only Python 3.11.2, 32 bits (/usr/bin/python3)"),
        ({"folder": ""}, "~/.cache/assess-target cannot be made or written to there"),
        ({"machine": "armv7l"}, "armv7l"),
        ({"machine": "riscv64"}, "riscv64"),
        ({"libc": "musl"}, "musl"),
        ({"system": "Darwin"}, "runs Darwin: what is brought there is for Linux"),
        ({"system": "FreeBSD", "pythons": ()}, "runs FreeBSD: what is brought there is for Linux"),
    ],
)  # fmt: skip
def test_a_board_that_nothing_runs_on_is_refused_with_what_to_do(changes, said):
    with pytest.raises(AssessError) as told:
        require_usable(TARGET, probed(**changes))
    assert said in told.value.problem and told.value.where == "desk"
    require_usable(TARGET, probed())


def test_a_board_is_asked_before_anything_is_fetched_or_sent(monkeypatch, tmp_path):
    class Old:
        address = Address("board")

        def __init__(self, address):
            pass

        def run(self, command, *, stdin=b"", timeout_s=60.0):
            return Ran(0, b"machine=armv7l\nsystem=Linux\nfolder=/x\n", "")

    monkeypatch.setattr(connected, "Link", Old)
    monkeypatch.setattr(connected, "fetch_wheels", None)
    with pytest.raises(AssessError, match="armv7l"):
        connect(TARGET, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"folder": ""}, ""),  # Another one can be named.
        ({"system": "Darwin"}, "it runs Darwin"),
        ({"pythons": ()}, "it has no Python that assess runs in"),
        ({"machine": "armv7l"}, "armv7l"),
    ],
)
def test_why_nothing_of_ours_can_run_there_is_known_before_it_is_brought(changes, why):
    assert why in no_kit(probed(**changes)) and bool(no_kit(probed(**changes))) == bool(why)


def test_a_board_that_was_asked_already_is_not_asked_again(monkeypatch, tmp_path):
    monkeypatch.setattr(connected, "Link", lambda address: Local())
    with pytest.raises(AssessError, match="runs Darwin"):
        connect(TARGET, probed=probed(system="Darwin"), cache=tmp_path)


def test_what_takes_seconds_is_not_kept_there(tmp_path, monkeypatch):
    there = board(tmp_path, monkeypatch)
    assert [message(there, Asked("host", {}, is_kept=kept))["is_kept"] for kept in (True, False)] == [True, False]


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "fetched"])
def test_wheels_of_other_versions_than_those_here_are_told_however_they_were_had(monkeypatch, tmp_path, kept):
    found, told = Wheels(tmp_path, (), "there are no wheels for them"), []
    monkeypatch.setattr(connected, "kept_wheels", lambda *_: found if kept else None)
    monkeypatch.setattr(connected, "fetch_wheels", lambda *_, cache: found)
    assert wheels_for(probed(), Listener(wait=told.append)) is found
    python = ".".join(map(str, sys.version_info[:2]))
    again = f"assess target prepare --arch aarch64 --python {python} fetches anew"
    assert told == [f"note: there are no wheels for them: {again}"]


def test_wheels_of_the_versions_here_need_no_word(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr(connected, "kept_wheels", lambda *_: Wheels(tmp_path, (), ""))
    wheels_for(probed(), Listener(wait=told.append))
    assert told == []
