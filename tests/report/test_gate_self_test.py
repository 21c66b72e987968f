"""A self-test in each form: what people read first, and that data stay data."""

import json
import math
from dataclasses import replace
from pathlib import Path

import builders

from assess.describe.graph.injected import Injected, Work
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.report import PairChange
from assess.judge.gate.self_test import GateRun, Level, SelfTest
from assess.report.gate_self_test import SELF_TEST_FORMS, markdown, terminal

P, R, N = GateVerdict.PASS, GateVerdict.REGRESSION, GateVerdict.NOISY


def level(aim, *verdicts, effect, work=None, step=0.001, tensor="scores"):
    """Gates of eight pairs that scatter evenly by so much, and of four placebos."""
    tests = [math.log1p(effect) + step * (index - 3.5) for index in range(8)]
    pairs = [PairChange(False, True, {"latency floor": change}) for change in tests]
    pairs += [PairChange(True, True, {"latency floor": step * (index - 1.5)}) for index in range(4)]
    injected = Injected(Path("x"), tensor, "output", 10, work) if work else None
    return Level(aim, injected, tuple(GateRun({"latency floor": verdict}, tuple(pairs), 12.0) for verdict in verdicts))


def report_of(*levels, **changes):
    found = SelfTest(
        "0.1.0", "2026-11-29T10:00:00+00:00", builders.model(), "camera-30hz", ("latency floor",), 0.03, 20, 60.0,
        levels, 20e-6, None, builders.host(), {"onnxruntime": "1.32.0"}, 75.0,
    )  # fmt: skip
    return replace(found, **changes)


def able():
    return report_of(
        level(0.0, P, P, effect=0.0),
        level(0.05, R, effect=0.048, work=Work(3)),
        level(0.10, R, effect=0.102, work=Work(64, 2400)),
    )


ABLE = """\
ABLE  student.onnx for camera-30hz: gates here tell a slowdown beyond 3.0%, as far as so few gates
  show

  unchanged  2 gates: 2 PASS; measured +0.0% [-0.1%, +0.2%]; 12.0 s a gate
  +5%        1 gate: 1 REGRESSION; measured +4.8% [+4.5%, +5.1%]; by 3 nodes behind output 'scores'
             of 10 elements; 12.0 s a gate
  +10%       1 gate: 1 REGRESSION; measured +10.2% [+9.9%, +10.5%]; by 64 nodes behind output
             'scores' of 10 elements on 2,400 copies of it; 12.0 s a gate

  false alarms: 0 of 2; fewer than 78% of all, with 95 % confidence
  seen at +5%: 1 of 1; more than 5% of all, with 95 % confidence
  seen at +10%: 1 of 1; more than 5% of all, with 95 % confidence
  pairs scatter by: 0.2% (latency floor); 1.5 s a pair
  not shown yet: fewer than 2.5% raise a false alarm: shown by 119 gates, not by 2
  not shown yet: 95% see +5%: shown by 59 gates, not by 1
  not shown yet: 95% see +10%: shown by 59 gates, not by 1
  to show it: --budget 72min
  computed for 20 pairs, 30 s: 95 % of gates see a slowdown of 3.1%; 95 % of gates prove an
    unchanged model for a margin of 0.5% or more
  computed for 40 pairs, 60 s: 95 % of gates see a slowdown of 3.1%; 95 % of gates prove an
    unchanged model for a margin of 0.5% or more

  4 gates, of a model that takes 20 us at best, on Cortex-A78, onnxruntime 1.32.0, 75 s
"""


def test_people_see_the_answer_the_levels_and_what_follows():
    assert terminal(able()) == ABLE
    assert terminal(able(), colour=True).startswith("\x1b[1;32mABLE\x1b[0m  student.onnx")
    assert all(len(line) <= 60 for line in terminal(able(), width=60).splitlines())


def test_what_a_machine_cannot_do_is_said_plainly():
    loud = report_of(
        level(0.0, N, P, effect=0.0, step=0.02),
        level(0.05, R, effect=0.05, step=0.02, work=Work(3)),
        level(0.10, R, effect=0.10, step=0.02, work=Work(6)),
    )
    text = " ".join(terminal(loud).split())
    assert text.startswith("UNABLE student.onnx for camera-30hz: gates here cannot tell a slowdown beyond 3.0%")
    assert "not told: 1 of 2 gates of the unchanged model proved that it is" in text
    assert "seen at +5%: 1 of 1; it is not proved to be beyond the margin of 3.0%" in text
    assert (
        "this machine cannot tell 3.0% in 20 pairs, which scatter by 4.1%: stop what else runs here, or use "
        "--margin 6% or --max-pairs 47"
    ) in text


def test_one_node_that_is_too_much_is_told():
    test = replace(able(), levels=(able().levels[0], level(0.02, P, effect=0.034, work=Work(1)), *able().levels[1:]))
    text = " ".join(terminal(test).split())
    assert text.startswith("ERRS student.onnx for camera-30hz: gates here err: do not believe them")
    assert "by 1 node behind output 'scores' of 10 elements; one node already adds more than was asked for" in text
    assert "wrong: 1 of 1 gates at +2% passed what is beyond the margin; 2.5% may" in text
    assert "not shown yet" not in text


def test_enough_gates_leave_nothing_open():
    one = {"step": 0.001, "effect": 0.0}
    many = report_of(level(0.0, *(P,) * 119, **one), level(0.10, *(R,) * 59, **{**one, "effect": 0.1}, work=Work(3)))
    text = terminal(many)
    assert text.splitlines()[0] == "ABLE  student.onnx for camera-30hz: gates here tell a slowdown beyond 3.0%"
    assert "not shown yet" not in text and "to show it" not in text


def test_a_budget_that_one_gate_of_each_level_exceeds_is_told():
    short = report_of(level(0.0, P, effect=0.0), level(0.10, R, effect=0.102, work=Work(3)), budget_s=1.0, span_s=51.0)
    said = "longer than asked: 51 s instead of 1 s: each level has one gate, however long that takes"
    assert said in " ".join(terminal(short).split())
    assert "longer than asked" not in terminal(able())


def test_a_failure_is_told_and_nothing_else():
    failure = Comparison("run", GateVerdict.FAILED, "the candidate stopped by SIGSEGV", details=("last words",),
                         next_step="run it alone")  # fmt: skip
    failed = report_of(level(0.0, effect=0.0), level(0.10, effect=0.10), failure=failure, baseline_s=0.0)
    assert terminal(failed) == (
        "FAILED  student.onnx for camera-30hz: could not be tested\n\n"
        "  failed: the candidate stopped by SIGSEGV\n  failed: last words\n  failed: run it alone\n\n"
        "  0 gates, on Cortex-A78, onnxruntime 1.32.0, 75 s\n"
    )
    document = json.loads(SELF_TEST_FORMS["json"](failed))
    assert (document["answer"], document["failure"], document["baseline_s"]) == (
        "FAILED", "the candidate stopped by SIGSEGV", None,
    )  # fmt: skip


def test_programs_can_compute_it_anew():
    document = json.loads(SELF_TEST_FORMS["json"](able()))
    assert (document["schema"], document["answer"]) == ("assess.gate-self-test/1", "ABLE")
    assert [each["aim"] for each in document["levels"]] == [0.0, 0.05, 0.10]
    largest = document["levels"][2]
    assert largest["injected"] == {
        "nodes": 64, "copies": 2400, "tensor": "scores", "place": "output", "elements": 10,
        "expected_s": Work(64, 2400).expected_s(10),
    }  # fmt: skip
    assert len(largest["gates"][0]["pairs"]) == 12
    assert [each["pairs"] for each in document["computed"]] == [20, 40]
    assert document["doubts"][0] == {"what": "fewer than 2.5% raise a false alarm", "gates": 2, "needed": 119}
    assert document["levels"][0]["injected"] is None


def test_names_from_a_model_are_data():
    wild = "a|b*\x1b[31m<script>"
    test = replace(able(), levels=(able().levels[0], level(0.10, R, effect=0.10, work=Work(3), tensor=wild)))
    row = next(line for line in markdown(test).splitlines() if "+10%" in line)
    assert "a\\|b\\*" in row and "\\<script\\>" in row
    assert "\x1b" not in markdown(test) + terminal(test)
    assert row.count("|") - row.count("\\|") == 7
