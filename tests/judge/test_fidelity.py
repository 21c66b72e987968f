"""Fidelity: the share of the teacher's skill against the job's floor, and what leaves the question open."""

import builders
import pytest

from assess.judge.criteria.fidelity import fidelity
from assess.judge.finding import Verdict
from assess.measure.fidelity import Fidelity

PROXY = builders.host(board="Laptop")


def scores(right, *, teacher=200, caution=""):
    """Of 200 maps so many right; chance has 20."""
    taught = (1.0,) * teacher + (0.0,) * (200 - teacher) if teacher else ()
    ours = (1.0,) * right + (0.0,) * (200 - right)
    return Fidelity(
        "wafer-map", "accuracy", "1", True, "map", "the same class", 0, ours, taught, (1.0,) * 20 + (0.0,) * 180,
        ours if taught else (), caution,
    )  # fmt: skip


def ask(floor="95 %", host=None, **changes):
    job = builders.workload(**({"fidelity": floor} if floor else {}))
    run = builders.measurement(**changes, **({"before": host, "after": host} if host else {}))
    return fidelity.ask(builders.case(run=run, job=job))


def test_a_student_that_keeps_enough_on_the_device_passes():
    finding = ask(fidelity=scores(199))
    assert finding.verdict is Verdict.PASS
    assert finding.because == "accuracy 99.5 % (97.2 % to 99.9 %) in 200 maps of wafer-map"
    assert (round(finding.found.low, 3), round(finding.found.high, 3)) == (0.983, 1.005)
    assert finding.limit.value == pytest.approx(0.95)
    assert (finding.limit.is_least, finding.limit.text) == (True, "floor of camera-30hz")


def test_the_end_of_the_interval_decides():
    assert ask(fidelity=scores(190)).verdict is Verdict.MARGINAL
    assert ask(fidelity=scores(190)).next_step == "evaluate on more items: the interval holds the floor"
    failed = ask(fidelity=scores(160))
    assert failed.verdict is Verdict.FAIL
    assert failed.next_step == "take a larger variant, or distil longer"


def test_another_host_cannot_pass_it():
    finding = ask(host=PROXY, fidelity=scores(199))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because.endswith("; on another host")
    assert finding.next_step.startswith("on acme-rover: assess measure")


def test_what_this_host_computes_wrongly_does_not_fail_a_model():
    finding = ask(fidelity=scores(120, caution="this CPU has AVX2 but no VNNI"))
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.because.endswith("; this CPU has AVX2 but no VNNI")


def test_where_nothing_is_demanded_the_figures_are_told():
    finding = ask(floor=None, fidelity=scores(190))
    assert finding.verdict is Verdict.NOT_ASKED
    assert finding.because.endswith("; keeps 94.4 % (91.1 % to 97.8 %); camera-30hz demands none")
    assert ask(floor=None).because == "camera-30hz demands none"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "it was not evaluated"),
        ({"absent": {"fidelity": "student.onnx: nothing says how good it is"}}, "nothing says how good it is"),
        ({"fidelity": scores(190, teacher=0)}, "nobody knows how its teacher does"),
        ({"fidelity": scores(190, teacher=22)}, "the teacher is not clearly better than chance"),
    ],
)
def test_what_is_not_known_is_unknown(changes, why):
    finding = ask(**changes)
    assert finding.verdict is Verdict.UNKNOWN
    assert why in finding.because
    assert finding.next_step


def test_a_teacher_that_is_worse_than_chance_is_a_mistake_in_the_data():
    worse = scores(10, teacher=10)
    finding = ask(fidelity=worse)
    assert finding.verdict is Verdict.UNKNOWN
    assert "the teacher is not clearly better than chance" in finding.because
    assert finding.next_step == "look whether 'expected' and 'teacher' mean the same"
    assert "keeps not known" in ask(floor="", fidelity=worse).because
