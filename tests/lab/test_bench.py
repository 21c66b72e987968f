"""What a worker answers when it is told to stop, and when the board that it measures on is not there."""

import json
from dataclasses import replace

import builders
import lab_cases
import pytest

from assess.describe.inventory import Target
from assess.describe.library import Library
from assess.errors import AssessError, UnreachableError
from assess.lab.bench import Bench, UnfitError, on_this_host
from assess.lab.parcel import packed
from assess.lab.store import PART_BYTES, Store
from assess.lab.worker import measure_on
from assess.measure.interruption import stopped_by
from assess.pipeline import find_job, find_model
from assess.portfolio import PlannedRun
from assess.target.connected import Board
from assess.target.conversation import LostError

TARGET = Target(name="rack-1", address="ssh://rack-1")


def nobody(what, done, left_s):
    """Progress that nobody watches."""


def answer(tmp_path, measure, tell=nobody, settings=lab_cases.SETTINGS, subject=None, job=None):
    parcel = packed("a case", subject or lab_cases.subject(tmp_path), job or builders.job(), settings, {})
    bench = Bench(measure, Store(tmp_path / "kept"))

    def fetch(sha256, offset):
        return parcel.files[sha256].read_bytes()[offset : offset + PART_BYTES]

    def heard(what, done, left_s):
        tell(what, done, left_s)
        if what == "stop":
            bench.given_up.add("s")

    return bench.answer(parcel.request, "s", fetch, heard).partition("\n")[::2]


def unplugged(target, listen):
    raise UnreachableError("it cannot be reached", where="ssh://rack-1", hint="check that it is on")


def test_what_there_is_of_a_run_that_was_stopped_is_none_and_another_worker_makes_it(tmp_path):
    def partial(subject, job, settings, library, tell):
        made = lab_cases.made(PlannedRun(job, settings, None, ()), subject)
        tell("stop", 0.5, 1.0)
        with pytest.raises(KeyboardInterrupt):  # As the sandbox does: it ends the child, and tells what there is.
            tell("timing", 0.6, 0.8)
        return replace(made, incomplete=stopped_by("SIGINT", "after 60 inferences"))

    assert answer(tmp_path, partial) == ("stopped", "{}")


@pytest.mark.slow
def test_a_real_run_that_is_stopped_in_its_timed_part_is_passed_on(tmp_path):
    library, found = Library(), []
    subject = find_model("on-sensor-detector/full-int8", library, dims={})
    settings = replace(lab_cases.SETTINGS, tier="quick", min_duration_s=60.0)
    here = on_this_host("a test")

    def measure(subject, job, settings, library, tell):
        def stopping(what, done, left_s):
            if what == "running the timed inferences" and done:
                tell("stop", done, left_s)
            tell(what, done, left_s)

        found.append(here(subject, job, settings, library, stopping))
        return found[0]

    job = find_job("camera-30hz", library)
    assert answer(tmp_path, measure, settings=settings, subject=subject, job=job) == ("stopped", "{}")
    assert found[0].incomplete.startswith("stopped by SIGINT after ")
    assert len(found[0].frames) > 0


@pytest.mark.parametrize("error", [UnreachableError, LostError])
def test_a_board_that_is_not_there_is_the_workers_fault_and_not_the_cases(tmp_path, error):
    def gone(*_):
        raise error("the link was lost", where="rack-1")

    kind, why = answer(tmp_path, gone)
    assert (kind, json.loads(why)["problem"]) == ("unfit", "the link was lost")


def test_a_board_that_cannot_be_reached_is_told_with_its_address(tmp_path):
    kind, why = answer(tmp_path, measure_on(TARGET, unplugged))
    assert (kind, json.loads(why)["problem"]) == ("unfit", "ssh://rack-1: it cannot be reached")


def test_a_board_is_reached_anew_for_each_case(monkeypatch):
    boards, reached, measured, told = iter(["first", "second"]), [], [], []

    def reach(target, listen):
        listen.wait("waiting for the board")
        reached.append(target)
        if len(reached) == 2:
            raise AssessError("has no room", where="rack-1")
        return Board(target, None, None, next(boards))

    monkeypatch.setattr("assess.lab.worker.run_on", lambda board, *_, **__: measured.append(board.kit))
    measure = measure_on(TARGET, reach)
    for wanted in (["first"], ["first"], ["first", "second"]):
        try:
            measure(None, None, None, None, lambda *said: told.append(said))
        except UnfitError as error:
            assert str(error) == "rack-1: has no room"
        assert measured == wanted
    assert reached == [TARGET] * 3
    assert told == [("waiting for the board", None, None)] * 3
