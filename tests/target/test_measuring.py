"""What a board gives back is the run that was asked for, or none."""

import json
from dataclasses import dataclass, field, replace

import builders
import pytest

from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.measure.measurement import Settings
from assess.measure.record import to_json
from assess.pipeline import Subject
from assess.target.measuring import facts_of, run_on

TARGET = Target(name="desk", address="ssh://board")


@dataclass
class Fake:
    """A board that gives a run, or an answer, whatever it is asked."""

    gives: object = None
    outcome: dict = field(default_factory=dict)
    target = TARGET
    kit = "0.1.0-ab"

    def ask(self, asked, into, listen):
        self.asked = asked
        if self.gives is not None:
            text = self.gives if isinstance(self.gives, str) else to_json(self.gives)
            (into / "run.json").write_text(text)
        return {"answer": {}, "commands": [], **self.outcome}


def measured(board, **settings):
    subject = Subject(builders.Path("student.onnx"), None, builders.Path(), builders.model())
    return run_on(board, subject, builders.job(), Settings(**settings), feeds={})


def test_a_run_says_where_and_by_what_it_was_made():
    ran = {"when": "after", "command": "true", "code": 0, "output": ""}
    asked = Settings(timeout_s=60.0)
    board = Fake(builders.measurement(requested=asked), {"commands": [ran]})
    found = measured(board, timeout_s=60.0)
    assert (found.reached.target, found.reached.kit) == ("desk", "0.1.0-ab")
    assert [each.command for each in found.reached.commands] == ["true"]
    assert found.requested == Settings(timeout_s=60.0)
    assert board.asked.limit_s == 60.0 * 2 + 300.0 and board.asked.is_kept
    assert json.dumps(board.asked.request, allow_nan=False)


@pytest.mark.parametrize(
    "other",
    [
        {"model": builders.model(sha256="cd" * 32, files=())},
        {"workload_id": "other"},
        {"workload": {**builders.WORKLOAD, "version": 2}},
    ],
    ids=["model", "job", "version"],
)
def test_a_run_of_something_else_is_refused(other):
    run = builders.measurement()
    with pytest.raises(AssessError):
        measured(Fake(replace(run, **other)))


def test_what_is_no_run_is_refused():
    for text in ("", "{}", '{"schema": "assess.run/99"}'):
        with pytest.raises(AssessError):
            measured(Fake(text))


@pytest.mark.parametrize("commands", [[{"when": "during"}], [1], [{"when": "after", "command": "x", "code": "0"}]])
def test_commands_that_are_none_are_refused(commands):
    with pytest.raises(AssessError, match="desk: told what assess does not understand"):
        measured(Fake(builders.measurement(), {"commands": commands}))


def test_what_a_board_tells_of_itself_is_read_or_refused():
    told = {"host": {"architecture": "aarch64", "cores": 4, "os": "Linux"}, "machine": "ab", "metered": False,
            "advice": ["x"], "held": ""}  # fmt: skip
    board = Fake(None, {"answer": told})
    found = facts_of(board, None)
    assert (board.asked.is_kept, board.asked.measures) == (False, False), "what it is now is what is asked"
    assert (found.host.architecture, found.advice, found.held) == ("aarch64", ("x",), "")
    for bad in (None, {}, {**told, "host": None}, {**told, "metered": 1}):
        with pytest.raises(AssessError, match="told what assess does not understand"):
            facts_of(Fake(None, {"answer": bad}), None)


def test_a_run_with_other_settings_than_those_asked_for_is_refused():
    board = Fake(builders.measurement(requested=Settings(timeout_s=60.0)))
    with pytest.raises(AssessError, match="desk: gave back a run of something else than it was asked for"):
        measured(board, timeout_s=60.0, threads=4)
