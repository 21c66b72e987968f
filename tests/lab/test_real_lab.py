"""Real schedulers and workers of Dask: each case judged once whatever dies, and no board with two cases at a time."""

import signal
import threading
import time
from collections import Counter, defaultdict

import lab_cases
import pytest

from assess.describe.library import Library
from assess.errors import AssessError
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged
from assess.lab import suite_run
from assess.lab.scheduler import connected
from assess.lab.states import STATES
from assess.lab.status import read_status
from assess.portfolio import keep_in
from assess.report.lab_status import status_lines
from assess.suite import run_files

pytestmark = pytest.mark.slow


@pytest.fixture
def judge(tmp_path):
    """Judges a plan in a lab; what was saved is beside the outcomes."""

    def judged(plan, address, **more):
        files = run_files(plan.suite, tmp_path, by_device=True)
        saved = []
        found = suite_run.judge_in_lab(plan, Library(), address, save=keep_in(files, saved.append), **more)
        return found, saved

    return judged


def intervals(log):
    """Begin and end of each case by worker; the end of one that was killed is open."""
    found = defaultdict(list)
    for what, name, when in lab_cases.logged(log):
        found[name].append((what, when))
    return found


def never_two_at_once(log):
    for steps in intervals(log).values():
        whats = [what for what, _ in steps]
        if whats != ["begin", "end"] * (len(whats) // 2) + ["begin"] * (len(whats) % 2):
            return False
    return True


def test_sixty_cases_are_judged_once_each_though_a_worker_is_killed(tmp_path):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a", "board-b"], 60)
    keep = keep_in(run_files(plan.suite, tmp_path, by_device=True))

    with (
        lab_cases.scheduler() as (_, address),
        lab_cases.sleeper(address, "board-a", log) as first,
        lab_cases.sleeper(address, "board-a", log),
        lab_cases.sleeper(address, "board-b", log),
    ):

        def save(planned, measurement):
            keep(planned, measurement)
            if len(list(tmp_path.glob("run-*"))) == 10:
                first.kill()

        found = suite_run.judge_in_lab(plan, Library(), address, save=save)
    assert first.returncode == -signal.SIGKILL
    assert len(found.outcomes) == 60
    assert all(isinstance(each, FitReport) for each in found.outcomes)
    assert len(list(tmp_path.glob("run-*.json"))) == 60
    assert never_two_at_once(log)
    counted = Counter(what for what, _, _ in lab_cases.logged(log))
    # What the killed one was measuring, or had just done, was measured again by the other one, and nothing else was.
    assert 60 <= counted["end"] <= counted["begin"] <= 61


def test_each_case_is_measured_on_its_own_device(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a", "board-b", "board-c"], 9)
    with (
        lab_cases.scheduler() as (_, address),
        lab_cases.sleeper(address, "board-a", log),
        lab_cases.sleeper(address, "board-b", log),
        lab_cases.sleeper(address, "board-c", log),
    ):
        found, saved = judge(plan, address)
    assert [each.case.device.id for each in found.outcomes] == ["board-a", "board-b", "board-c"] * 3
    assert len(saved) == 9
    assert {name.partition("-1")[0][:7]: len(steps) for name, steps in intervals(log).items()} == {
        "board-a": 6, "board-b": 6, "board-c": 6
    }  # fmt: skip
    # The model went to each worker once.
    assert all(len(list(store.glob("files/*"))) == 1 for store in tmp_path.glob("store-*"))


def test_a_worker_that_is_started_again_goes_on_where_the_killed_one_was(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 6)
    with lab_cases.scheduler() as (_, address), lab_cases.sleeper(address, "board-a", log) as first:
        second = []

        def restart(planned, measurement):
            if not second:
                first.kill()
                second.append(lab_cases.sleeper(address, "board-a", log))
                second[0].__enter__()

        found = suite_run.judge_in_lab(plan, Library(), address, save=restart)
        second[0].__exit__(None, None, None)
    assert [isinstance(each, FitReport) for each in found.outcomes] == [True] * 6


def test_what_no_worker_offers_is_told_and_the_others_go_on(tmp_path, judge):
    log, plan, notes = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a", "board-x"], 4), []
    with lab_cases.scheduler() as (_, address), lab_cases.sleeper(address, "board-a", log):
        found, _ = judge(plan, address, note=notes.append)
    assert [isinstance(each, NotJudged) for each in found.outcomes] == [False, True, False, True]
    assert found.outcomes[1].why == "no worker of the lab offers board-x"
    assert not found.outcomes[1].stopped
    assert notes[0].startswith("2 runs cannot be measured: no worker of the lab offers board-x (hint: ")


def test_a_worker_of_another_version_is_refused_by_name(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 2)
    with lab_cases.scheduler() as (_, address), lab_cases.sleeper(address, "board-a", log, version="0.0.9"):
        found, _ = judge(plan, address)
    (why,) = {each.why for each in found.outcomes}
    assert why.startswith("no worker of the lab that offers board-a can measure: board-a-")
    assert why.endswith(": it has assess 0.0.9, what is asked comes from 0.1.0")
    assert not log.exists()


def test_a_worker_whose_disk_is_full_leaves_its_cases_to_another(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 4, content=b"x" * 5000)
    with (
        lab_cases.scheduler() as (_, address),
        lab_cases.sleeper(address, "board-a", log, most_file_bytes=4000) as full,
        lab_cases.sleeper(address, "board-a", log),
    ):
        found, _ = judge(plan, address)
    assert all(isinstance(each, FitReport) for each in found.outcomes)
    assert not any(str(full.pid) in name for _, name, _ in lab_cases.logged(log))


def test_where_the_only_disk_is_full_that_is_the_reason(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 2, content=b"x" * 5000)
    with (
        lab_cases.scheduler() as (_, address),
        lab_cases.sleeper(address, "board-a", log, most_file_bytes=4000),
    ):
        found, _ = judge(plan, address)
    assert {each.why.rpartition(": ")[2] for each in found.outcomes} == {"File too large"}


def test_a_scheduler_that_dies_in_the_middle_leaves_what_came(tmp_path, judge):
    log, plan, notes = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 6), []
    files = run_files(plan.suite, tmp_path, by_device=True)
    with lab_cases.scheduler() as (process, address), lab_cases.sleeper(address, "board-a", log) as worker:

        def save(planned, measurement):
            keep_in(files)(planned, measurement)
            if len(list(tmp_path.glob("run-*.json"))) == 2:
                process.kill()

        begun_s = time.monotonic()
        found = suite_run.judge_in_lab(plan, Library(), address, save=save, note=notes.append)
        assert time.monotonic() - begun_s < 30
        lab_cases.until(lambda: worker.poll() is not None)
        assert worker.returncode == 1  # The script's own: the worker said that its scheduler is gone.
    judged = [each for each in found.outcomes if isinstance(each, FitReport)]
    assert 2 <= len(judged) < 6
    assert len(list(tmp_path.glob("run-*.json"))) == len(judged)
    left = [each for each in found.outcomes if isinstance(each, NotJudged)]
    assert {each.why for each in left} == {f"{address}: the scheduler is gone"}
    assert {each.next_step for each in left} == {"start it again, and go on with --resume"}
    assert notes == [f"{address}: the scheduler is gone (hint: start it again, and go on with --resume)"]


def test_an_address_where_nothing_listens_is_told_within_seconds(tmp_path, judge):
    begun_s = time.monotonic()
    with pytest.raises(AssessError, match="no scheduler answers") as error:
        judge(lab_cases.plan(tmp_path, ["board-a"], 1), "tcp://127.0.0.1:9")
    assert time.monotonic() - begun_s < 15
    assert error.value.where == "--lab tcp://127.0.0.1:9"


def test_a_worker_that_dies_of_a_case_each_time_is_not_given_it_for_ever(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 1)
    with lab_cases.scheduler() as (_, address):
        stack = [lab_cases.sleeper(address, "board-a", log, sleep_s=60) for _ in range(5)]
        started = [each.__enter__() for each in stack]

        def kill(what, done, left_s):
            busy = [name for step, name, _ in lab_cases.logged(log) if step == "begin"]
            for process in started:
                if any(str(process.pid) in name for name in busy):
                    process.kill()

        try:
            found, _ = judge(plan, address, on_progress=kill)
        finally:
            for each in stack:
                each.__exit__(None, None, None)
    (outcome,) = found.outcomes
    assert outcome.why.startswith("its worker died each of the 4 times that it was tried, the last one was board-a-")


def test_the_status_tells_who_offers_what_and_what_runs(tmp_path, judge):
    log, plan, seen = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 3), []
    with (
        lab_cases.scheduler() as (_, address),
        lab_cases.sleeper(address, "board-a", log, sleep_s=2),
        lab_cases.sleeper(address, "board-b,board-c", log),
    ):

        def look(what, done, left_s):
            if not seen and "sleeping" in what:
                seen.extend(status_lines(read_status(address)))

        judge(plan, address, on_progress=look)
    assert seen[0] == f"{address}: 2 workers, 3 devices, 1 session"
    assert "  board-a  runs student-0.onnx, camera-30hz, board-a" in seen[1]
    assert seen[2].endswith("  board-b, board-c  free")
    assert seen[3] == "  session sleepers: 1 running, 2 waiting, 0 done"


def test_what_ended_sessions_said_is_gone_and_so_is_what_killed_ones_said(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 1)
    with lab_cases.scheduler() as (_, address), lab_cases.sleeper(address, "board-a", log):
        with connected(address, "--lab") as client:
            client.set_metadata([STATES, "killed"], {"title": "a", "waiting": 1, "running": 0, "done": 0, "at": 1.0})
            client.set_metadata([STATES, "alive"], alive := {"title": "b", "at": time.time()})
        for _ in range(2):
            judge(plan, address)
        with connected(address, "--lab") as client:
            assert client.get_metadata([STATES]) == {"alive": alive}
            topics = [topic for topic in client.get_events() if topic.startswith("assess")]
    assert topics == ["assess-lab"]


def test_ctrl_c_stops_what_runs_and_leaves_the_board_to_others(tmp_path, judge):
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 3)
    with lab_cases.scheduler() as (_, address), lab_cases.sleeper(address, "board-a", log, sleep_s=10):

        def stop(what, done, left_s):
            if "sleeping" in what:
                raise KeyboardInterrupt

        found, saved = judge(plan, address, on_progress=stop)
        assert {each.why for each in found.outcomes} == {"stopped before it was measured"}
        assert all(each.stopped for each in found.outcomes)
        lab_cases.until(lambda: "free" in list(status_lines(read_status(address)))[1], 8.0)
    assert saved == []
    assert [what for what, _, _ in lab_cases.logged(log)] == ["begin"]


def test_two_suites_at_a_time_share_the_boards(tmp_path):
    log, both = tmp_path / "log", []
    with (
        lab_cases.scheduler() as (_, address),
        lab_cases.sleeper(address, "board-a", log),
        lab_cases.sleeper(address, "board-a", log),
    ):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            plan = lab_cases.plan(tmp_path / name, ["board-a"], 8, content=name.encode())
            both.append(threading.Thread(target=lambda plan=plan: found.append(
                suite_run.judge_in_lab(plan, Library(), address, save=lambda *_: None))))  # fmt: skip
        found = []
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(60)
    assert [len([each for each in one.outcomes if isinstance(each, FitReport)]) for one in found] == [8, 8]
    assert never_two_at_once(log)
    assert len(lab_cases.logged(log)) == 32


def test_a_large_model_is_sent_to_a_worker_once_in_parts(tmp_path, judge):
    content = bytes(range(256)) * 40_000  # 10 MB: three parts.
    log, plan = tmp_path / "log", lab_cases.plan(tmp_path, ["board-a"], 5, content=content)
    with lab_cases.scheduler() as (_, address), lab_cases.sleeper(address, "board-a", log) as worker:
        found, _ = judge(plan, address)
    assert all(isinstance(each, FitReport) for each in found.outcomes)
    (kept,) = (tmp_path / f"store-board-a-{worker.pid}" / "files").iterdir()
    assert kept.read_bytes() == content
