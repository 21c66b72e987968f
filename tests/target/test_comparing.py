"""Gates, baselines and profiles of a board are those that were asked for, or none."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import builders
import gate_reports
import pytest

from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.gate import Rerun, Stored
from assess.gate.accept import Accepting
from assess.gate.plan import SETTINGS, GatePlan
from assess.judge.gate.self_test import SelfTest
from assess.measure.baseline_json import to_json
from assess.pipeline import Subject
from assess.report.new import Named
from assess.target.asking import Listener
from assess.target.comparing import accept_on, device_on, doctor_on, gate_on, self_test_on, world_of
from assess.target.measuring import BoardFacts
from assess.target.plain import plain

FACTS = BoardFacts(builders.host(), "0123456789abcdef", True, ("share it with nobody",), "")


@dataclass
class Fake:
    """A board that answers so, whatever it is asked; what it was is kept."""

    answer: object = field(default_factory=dict)
    writes: dict = field(default_factory=dict)
    target = Target(name="desk", address="ssh://board")

    def ask(self, asked, into, listen):
        self.asked = asked
        for name, text in self.writes.items():
            (into / name).write_text(text)
        return {"answer": json.loads(json.dumps(self.answer, allow_nan=False)), "commands": []}


def subject(**changes):
    return Subject(Path("student.onnx"), None, Path(), builders.model(**changes))


def gated(board, opponent=None, candidate=None):
    return gate_on(board, FACTS, opponent or Rerun(subject()), candidate or subject(), None, SETTINGS, GatePlan())


REPORT = gate_reports.gate_report(gate_reports.SLOWER, gate_reports.OPEN)


def test_a_gate_comes_back_as_it_was_found_with_the_file_that_is_meant_here():
    board = Fake({"report": plain(REPORT)})
    assert gated(board) == replace(REPORT, file="student.onnx")
    assert board.asked.call == "gate"
    assert board.asked.request["model"]["path"] == "candidate/student.onnx"
    assert board.asked.request["opponent"]["path"] == "accepted/student.onnx"
    assert json.dumps(board.asked.request, allow_nan=False)


def test_a_stored_baseline_is_sent_as_a_file():
    board = Fake({"report": plain(REPORT)})
    gated(board, Stored(builders.baseline()))
    assert board.asked.request["opponent"] == "baseline/baseline.json"
    assert "baseline/baseline.json" in {file.path for file in board.asked.files}


@pytest.mark.parametrize(
    "answer",
    [
        {"report": plain(replace(REPORT, candidate=builders.model(name="other.onnx", files=())))},
        {"report": plain(replace(REPORT, baseline=builders.model(producer="nobody")))},
        {"report": {"verdict": "PASS"}},
        {"report": None},
        {},
    ],
)
def test_another_gate_is_refused(answer):
    with pytest.raises(AssessError):
        gated(Fake(answer))


def accepting():
    return Accepting(subject(), None, SETTINGS, builders.baseline().acceptance, None, {})


def test_a_baseline_comes_back_as_it_was_measured():
    board = Fake({}, {"baseline.json": to_json(builders.baseline())})
    assert accept_on(board, FACTS, accepting(), Listener()) == builders.baseline()
    assert board.asked.outputs == ["baseline.json"]


def test_a_board_that_is_too_noisy_for_a_baseline_says_so():
    assert accept_on(Fake({"refused": plain(gate_reports.OPEN)}), FACTS, accepting(), Listener()) == gate_reports.OPEN


def test_what_is_no_baseline_is_refused():
    with pytest.raises(AssessError):
        accept_on(Fake({}, {"baseline.json": "{}"}), FACTS, accepting(), Listener())


@pytest.mark.parametrize("other", [{"model": builders.model(producer="nobody")}, {"workload_id": "other"}])
def test_a_baseline_of_something_else_is_refused(other):
    board = Fake({}, {"baseline.json": to_json(builders.baseline(**other))})
    with pytest.raises(AssessError, match="desk: gave back what is of another model or job"):
        accept_on(board, FACTS, accepting(), Listener())


SELF_TEST = SelfTest(
    "0.1.0", "2026-11-29T10:00:00+00:00", builders.model(), "", ("latency floor",), 0.03, 20, 60.0, (), 20e-6,
    None, builders.host(), {}, 75.0,
)  # fmt: skip


def self_tested(board, budget_s=60.0):
    return self_test_on(board, subject(), None, SETTINGS, GatePlan(), budget_s, feeds={}, listen=Listener())


def test_a_self_test_comes_back_as_it_was_found():
    board = Fake({"report": plain(SELF_TEST)})
    assert self_tested(board) == SELF_TEST
    assert (board.asked.call, board.asked.is_kept, board.asked.limit_s) == ("self-test", True, 7200.0)


@pytest.mark.parametrize("other", [{"model": builders.model(producer="nobody")}, {"workload_id": "other"}])
def test_a_self_test_of_something_else_is_refused(other):
    with pytest.raises(AssessError, match="desk: gave back what is of another model or job"):
        self_tested(Fake({"report": plain(replace(SELF_TEST, **other))}))


@pytest.mark.parametrize("answer", [{}, [], None, {"report": 3}])
def test_what_is_no_self_test_is_refused(answer):
    with pytest.raises(AssessError, match="desk: told what assess does not understand"):
        self_tested(Fake(answer))


def test_a_time_that_was_asked_for_is_not_cut_short():
    board = Fake({"report": plain(SELF_TEST)})
    self_tested(board, 9000.0)
    assert board.asked.limit_s == 18_000.0


def test_of_what_takes_long_the_result_is_kept_there_and_of_a_look_it_is_not():
    board = Fake({"report": plain(REPORT)})
    gated(board)
    assert board.asked.is_kept
    with pytest.raises(AssessError):
        doctor_on(board, rate_hz=None, deadline_s=None, provider="x", listen=Listener())
    assert not board.asked.is_kept


def test_what_is_no_diagnosis_is_refused():
    for answer in ({}, {"diagnosis": 3}, []):
        with pytest.raises(AssessError, match="desk: told what assess does not understand"):
            doctor_on(Fake(answer), rate_hz=None, deadline_s=None, provider="x", listen=Listener())


def test_a_profile_is_text_with_the_name_that_its_author_gave():
    board = Fake({"text": "name = 'x'"})
    named = Named(name="ACME Rover", vendor="ACME", sectors=("robotics",))
    assert device_on(board, named, None, Listener(), vendor_as_detected=True) == "name = 'x'"
    assert board.asked.request == {
        "named": {"name": "ACME Rover", "vendor": "ACME", "sectors": ["robotics"]}, "budget_s": None,
        "vendor_as_detected": True,
    }  # fmt: skip


def test_the_world_of_a_gate_is_the_boards():
    world = world_of(Fake(), FACTS)
    assert (world.host(), world.machine(), world.metered(), world.advise()) == (
        FACTS.host, FACTS.machine, True, FACTS.advice,
    )  # fmt: skip
    with pytest.raises(AssertionError, match="desk launches by itself"):
        world.launch("assess.measure.worker", {}, None)
