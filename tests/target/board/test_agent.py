"""The agent on a board, as a process: whatever becomes of the link, of the work and of the commands around it."""

import hashlib
import os
import signal
import time
from datetime import UTC, datetime

import psutil
import pytest
from board_agent import Agent

from assess.target.protocol import SentFile, announced

pytestmark = pytest.mark.slow


def agent(folder, call=None, /, **asked):
    made = Agent(folder)
    return made.ask(call, **asked) if call else made


def gone(processes, within_s=5.0):
    psutil.wait_procs(processes, timeout=within_s)
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def jobs(folder):
    return sorted(path.name for path in (folder / "home/jobs").iterdir())


def test_what_is_asked_is_answered_and_nothing_of_it_stays(tmp_path):
    with agent(tmp_path, "echo", say="größe") as there:
        assert there.hear()["missing"] == []
        found = there.outcome()
        assert found["answer"] == {"say": "größe", "here": []}
        assert found["commands"] == []
        assert there.ended()[0] == 0
    assert {"progress": ["echoing", 0.5, None]} in there.told
    assert {"progress": ["echoing", 1.0, 0.0]} in there.told
    assert jobs(tmp_path) == []


def test_files_are_sent_once_and_lie_where_the_job_looks_for_them(tmp_path):
    file = SentFile("model/it's a.onnx", hashlib.sha256(b"weights").hexdigest(), 7)
    with agent(tmp_path, "echo", say=1, files=announced([file])) as there:
        state = there.hear()
        assert (state["missing"], state["finished"]) == ([file.sha256], "")
        assert state["free_bytes"] > 0
        there.process.stdin.write(b"weights")
        there.process.stdin.flush()
        assert there.outcome()["answer"]["here"] == ["model", "model/it's a.onnx"]
    assert there.told[0] == {"received": 1}
    with agent(tmp_path, "echo", say=2, files=announced([file])) as there:
        assert there.hear()["missing"] == []
        assert there.outcome()["answer"]["here"] == ["model", "model/it's a.onnx"]


def test_what_is_written_comes_back(tmp_path):
    with agent(tmp_path, "write", write={"run.json": "measured", "other": "x"}, outputs=["run.json"]) as there:
        assert there.outcome()["bytes"] == {"run.json": b"measured"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"key": "k"}\n', "the board was asked what it does not understand"),
        (b'{"key": "k", "files": [{"path": "../x", "sha256": "0", "size": 1}]}\n', "leads out of the folder"),
    ],
)
def test_what_it_does_not_understand_is_told(tmp_path, line, said):
    with agent(tmp_path) as there:
        there.process.stdin.write(line)
        there.process.stdin.flush()
        assert said in there.until("error")["problem"]
        assert there.ended()[0] == 0


@pytest.mark.parametrize("line", [b"", b"GET / HTTP/1.1\n", b"{"])
def test_who_says_nothing_to_it_is_left_in_silence(tmp_path, line):
    with agent(tmp_path) as there:
        there.process.stdin.write(line)
        there.close()
        assert there.process.stdout.read() == b""
        assert there.ended()[0] == 0


def test_bytes_that_are_others_end_it_with_a_word(tmp_path):
    file = SentFile("model.onnx", "0" * 64, 7)
    with agent(tmp_path, "echo", say=1, files=announced([file])) as there:
        there.process.stdin.write(b"weights")
        there.process.stdin.flush()
        assert (
            there.until("error")["problem"] == "model.onnx cannot be kept: its bytes are not those that were announced"
        )
    assert list((tmp_path / "home/files").iterdir()) == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("refuse", {"problem": "no such input", "where": "--input", "hint": "name one", "failed": False}),
        ("fail", {"problem": "the model crashed", "where": "", "hint": "", "failed": True}),
        ("die", {"problem": "what measures there ended with signal SIGSEGV: last words"}),
        ("bug", {"problem": "what measures there ended with code 1: ZeroDivisionError: a bug"}),
        ("no such call", {"problem": "what measures there ended with code 1: KeyError: 'no such call'"}),
    ],
)
def test_an_error_there_is_an_error_here_and_is_not_kept(tmp_path, call, error):
    with agent(tmp_path, call) as there:
        found = there.outcome(thanks=False)
        assert {key: found["error"][key] for key in error} == error
        assert found.get("files", []) == []
        there.close()
        assert there.ended()[0] == 0
    assert not (tmp_path / "home/jobs" / call / "outcome.json").exists()


@pytest.mark.parametrize("call", ["lost", "stubborn", "parent"])
def test_a_link_that_is_lost_leaves_no_process_behind(tmp_path, call):
    with agent(tmp_path, call) as there:
        assert there.until("progress") == ["waiting", None, None]
        children = there.children()
        assert len(children) == 1 + (call == "parent")
        there.close()
        assert there.ended()[0] == 0
        assert gone(children)


def test_an_agent_that_is_killed_takes_the_work_along(tmp_path):
    with agent(tmp_path, "lost") as there:
        there.until("progress")
        children = there.children()
        there.process.kill()
        assert gone(children)


def test_what_the_work_leaves_running_is_ended(tmp_path):
    with agent(tmp_path, "parent", ends=True) as there:
        there.until("progress")
        children = there.children()
        there.outcome()
        assert gone(children)


def test_who_is_told_to_stop_gives_what_there_is(tmp_path):
    with agent(tmp_path, "wait") as there:
        there.until("progress")
        there.say(stop="SIGINT")
        found = there.outcome(thanks=False)
        assert found["answer"] == {"partial": True}
        there.close()
        there.ended()
    assert not (tmp_path / "home/jobs/wait/outcome.json").exists()


def test_where_there_is_nothing_yet_that_is_given(tmp_path):
    with agent(tmp_path, "lost") as there:
        there.until("progress")
        there.say(stop="SIGINT")
        assert there.outcome()["interrupted"] is True


def test_stopping_before_the_work_has_begun_is_no_error(tmp_path):
    with agent(tmp_path, "lost", before=["sleep 0.3"]) as there:
        there.until("progress")
        there.say(stop="SIGINT")
        assert there.outcome()["interrupted"] is True


def test_its_time_is_up_once_the_limit_is(tmp_path):
    with agent(tmp_path, "lost", limit_s=0.5) as there:
        begun = time.monotonic()
        assert there.outcome()["interrupted"] is True
        assert time.monotonic() - begun < 10


def test_commands_around_it_are_told_with_what_they_said(tmp_path):
    before, after = ["echo clocks; echo held >&2", "true"], ["echo back", "exit 3"]
    with agent(tmp_path, "echo", say=1, before=before, after=after) as there:
        found = there.outcome()
    assert [(each["when"], each["command"], each["code"], each["output"]) for each in found["commands"]] == [
        ("before", before[0], 0, "clocks\nheld"), ("before", "true", 0, ""), ("after", "echo back", 0, "back"),
        ("after", "exit 3", 3, ""),
    ]  # fmt: skip
    assert found["answer"]["say"] == 1
    assert {"progress": ["before: true", None, None]} in there.told


def test_where_a_command_before_fails_nothing_is_measured_and_those_after_are_run(tmp_path):
    ran = tmp_path / "ran"
    ran.mkdir()
    commands = {"before": ["true", "echo 'no such mode' >&2; exit 2", "true"], "after": [f"touch {tmp_path}/restored"]}
    with agent(tmp_path, "count", folder=str(ran), **commands) as there:
        found = there.outcome()
    assert found["error"]["problem"] == "\"echo 'no such mode' >&2; exit 2\" ended with 2: no such mode"
    assert found["error"]["where"] == "before"
    assert [each["code"] for each in found["commands"]] == [0, 2, 0]
    assert (tmp_path / "restored").exists()
    assert list(ran.iterdir()) == []


@pytest.mark.parametrize("how", ["stop", "close", "die"])
def test_commands_after_are_run_however_it_ends(tmp_path, how):
    after = [f"touch {tmp_path}/restored"]
    with agent(tmp_path, "die" if how == "die" else "lost", after=after) as there:
        if how != "die":
            there.until("progress")
            there.close() if how == "close" else there.say(stop="SIGINT")
        if how != "close":
            there.outcome()
        there.ended()
    assert (tmp_path / "restored").exists()


def test_a_command_may_leave_something_in_the_background(tmp_path):
    begun = time.monotonic()
    with agent(tmp_path, "echo", say=1, before=["sleep 20 & echo $!"], after=[]) as there:
        found = there.outcome()
    (ran,) = found["commands"]
    assert (ran["code"], time.monotonic() - begun < 10) == (0, True)
    left = psutil.Process(int(ran["output"]))
    assert left.name() == "sleep"
    left.kill()


def test_a_command_that_a_signal_ends_has_its_code_as_shells_tell_it(tmp_path):
    with agent(tmp_path, "echo", say=1, after=["kill -9 $$"]) as there:
        assert there.outcome()["commands"][0]["code"] == 137


def test_a_board_cools_down_before_it_measures(tmp_path):
    with agent(tmp_path, "echo", say=1, cool_down_s=1.2) as there:
        begun = time.monotonic()
        there.outcome()
        assert time.monotonic() - begun > 1.2
    told = [each["progress"] for each in there.told if "progress" in each and each["progress"][0] == "cooling down"]
    assert [round(left_s, 1) for _, _, left_s in told] == [1.2, 0.2]


def test_cooling_down_ends_when_nobody_waits_for_it(tmp_path):
    with agent(tmp_path, "echo", say=1, cool_down_s=60.0) as there:
        there.until("progress")
        there.say(stop="SIGINT")
        assert there.outcome()["interrupted"] is True
    with agent(tmp_path, "echo", say=1, cool_down_s=60.0) as there:
        there.until("progress")
        there.close()
        code, took_s = there.ended()
        assert (code, took_s < 5) == (0, True)


def test_a_finished_run_outlives_a_link_that_hangs_and_is_given_to_who_asks_again(tmp_path):
    ran = tmp_path / "ran"
    ran.mkdir()
    with agent(tmp_path, "count", folder=str(ran)) as there:
        assert there.outcome(thanks=False)["answer"] == {"run": 0}
        there.close()  # It was not told that anything arrived.
        there.ended()
    with agent(tmp_path, "count", folder=str(ran)) as there:
        done = datetime.fromisoformat(there.hear()["finished"])
        assert 0 <= (datetime.now(UTC) - done).total_seconds() < 60
        assert there.outcome()["answer"] == {"run": 0}
        assert there.ended()[0] == 0
    with agent(tmp_path, "count", folder=str(ran)) as there:
        assert there.outcome()["answer"] == {"run": 1}


@pytest.mark.parametrize("why", ["not worth it", "8 hours old"])
def test_what_is_not_to_be_given_again_is_done_again(tmp_path, why):
    ran = tmp_path / "ran"
    ran.mkdir()
    is_kept = why != "not worth it"
    with agent(tmp_path, "count", folder=str(ran), is_kept=is_kept) as there:
        assert there.outcome(thanks=False)["answer"] == {"run": 0}
        there.close()
        there.ended()
    kept = tmp_path / "home/jobs/count/outcome.json"
    assert kept.exists() == is_kept
    if is_kept:
        os.utime(kept, (time.time() - 8 * 3600 - 60,) * 2)
    with agent(tmp_path, "count", folder=str(ran)) as there:
        assert there.hear()["finished"] == ""
        assert there.outcome()["answer"] == {"run": 1}


def test_what_runs_for_the_holder_of_the_board_does_not_wait_for_it(tmp_path):
    with agent(tmp_path, "locked", lock={"who": "mio at desk", "wait_s": 0.0}) as there:
        assert there.outcome()["answer"] == {}


def test_the_same_question_twice_at_a_time_is_done_once_if_the_first_is_not_fetched(tmp_path):
    ran = tmp_path / "ran"
    ran.mkdir()
    with agent(tmp_path, "count", folder=str(ran), span_s=1.0) as first:
        first.hear()
        with agent(tmp_path, "count", folder=str(ran), span_s=1.0) as second:
            assert second.until("waiting") == "for the same run, which was begun before"
            first.outcome(thanks=False)
            first.close()
            assert second.outcome()["answer"] == {"run": 0}
    assert len(list(ran.iterdir())) == 1


def test_the_same_question_twice_at_a_time_is_done_twice_if_the_first_is_fetched(tmp_path):
    ran = tmp_path / "ran"
    ran.mkdir()
    with agent(tmp_path, "count", folder=str(ran), span_s=0.5) as first:
        first.hear()
        with agent(tmp_path, "count", folder=str(ran), span_s=0.5) as second:
            second.until("waiting")
            assert first.outcome()["answer"] == {"run": 0}
            assert second.outcome()["answer"] == {"run": 1}
            assert second.ended()[0] == 0
    assert jobs(tmp_path) == []


def test_one_measures_at_a_time_and_the_other_is_told_who(tmp_path):
    mio, ken = ({"who": who, "wait_s": 60.0} for who in ("mio at desk", "ken at rack"))
    with agent(tmp_path, "wait", lock=mio) as first:
        first.until("progress")
        with agent(tmp_path, "echo", say=1, lock=ken) as second:
            assert second.until("waiting").startswith("for another measurement on this board, by mio at desk, since ")
            first.say(stop="SIGINT")
            first.outcome()
            assert second.outcome()["answer"]["say"] == 1


def test_who_does_not_wait_is_refused_with_the_holders_name(tmp_path):
    with agent(tmp_path, "wait", lock={"who": "mio at desk", "wait_s": 60.0}) as first:
        first.until("progress")
        with agent(tmp_path, "echo", say=1, lock={"who": "ken", "wait_s": 0.0}, after=["touch x"]) as second:
            assert second.until("error")["problem"].startswith(
                "another measurement runs on this board: mio at desk, since"
            )


def test_waiting_for_the_board_ends_when_nobody_waits_for_it(tmp_path):
    with agent(tmp_path, "wait", lock={"who": "mio", "wait_s": 60.0}) as first:
        first.until("progress")
        with agent(tmp_path, "echo", say=1, lock={"who": "ken", "wait_s": 60.0}) as second:
            second.until("waiting")
            second.close()
            code, took_s = second.ended()
            assert (code, took_s < 3) == (0, True)


def test_a_full_disk_is_told(tmp_path):
    (tmp_path / "home").write_text("a file where its folder is to be")
    with agent(tmp_path, "echo", say=1) as there:
        assert there.until("error")["problem"] == "cannot be made: Not a directory"
    (tmp_path / "home").unlink()
    (tmp_path / "home/jobs/echo/request.json").mkdir(parents=True)
    with agent(tmp_path, "echo", say=1) as there:
        error = there.until("error")
        assert error["problem"].startswith("Is a directory: ") and "assess target clean" in error["hint"]


def test_bytes_that_stop_coming_are_not_waited_for_for_ever(tmp_path):
    made = Agent(tmp_path)
    made.__exit__()
    file = SentFile("model.onnx", "0" * 64, 7)
    customised = tmp_path / "kit/tag/site/sitecustomize.py"
    customised.write_text(
        customised.read_text() + "\nimport signal; real = signal.setitimer\n"
        "signal.setitimer = lambda which, s: real(which, min(s, 0.5))\n"
    )
    with agent(tmp_path, "echo", say=1, files=announced([file])) as there:
        there.hear()
        there.process.stdin.write(b"wei")
        there.process.stdin.flush()
        code, took_s = there.ended()
        assert (code, took_s < 5) == (0, True)
    with agent(tmp_path) as there:  # Nor is the question.
        assert there.ended()[0] == 0


def test_what_prints_is_not_taken_for_a_message(tmp_path):
    made = Agent(tmp_path)
    made.__exit__()
    customised = tmp_path / "kit/tag/site/sitecustomize.py"
    customised.write_text(customised.read_text() + "\nimport atexit, os; os.write(2, b'noise')\n")
    with agent(tmp_path, "echo", say=1) as there:
        assert there.outcome()["answer"]["say"] == 1


def test_a_hung_up_terminal_is_no_reason_to_end(tmp_path):
    with agent(tmp_path, "count", folder=str(tmp_path / "home"), span_s=0.5) as there:
        there.hear()
        there.process.send_signal(signal.SIGHUP)
        assert "run" in there.outcome()["answer"]


@pytest.mark.parametrize("how", ["close", "stop", "refuse"])
def test_what_nobody_could_fetch_later_is_not_left_behind(tmp_path, how):
    with agent(tmp_path, "refuse" if how == "refuse" else "lost") as there:
        if how == "refuse":
            there.outcome(thanks=False)
        else:
            there.until("progress")
        there.say(stop="SIGINT") if how == "stop" else there.close()
        there.close()
        there.ended()
    assert jobs(tmp_path) == []


def test_a_kit_that_is_used_is_marked(tmp_path):
    Agent(tmp_path).__exit__()
    ready = tmp_path / "kit/tag/ready"
    ready.touch()
    os.utime(ready, (1, 1))
    with agent(tmp_path, "echo", say=1) as there:
        there.outcome()
    assert ready.stat().st_mtime > 1_700_000_000
