"""Several limits at once: the smallest is named, and no answer is better than the least certain of them allows."""

from __future__ import annotations

import builders
import pytest

from assess.judge.criteria import CRITERIA
from assess.judge.finding import Limit, Verdict, smallest

BY_NAME = {criterion.name: criterion for criterion in CRITERIA}
ROOMY = builders.workload(memory="150 MB", memory_share=None, storage="8 MB")


def number(value, grade="A"):
    return {"value": value, "source": "DS", "grade": grade}


def ask(name, on, job=ROOMY):
    return BY_NAME[name].ask(builders.case(on=on, job=job, run=builders.measurement()))


def memory(**changes):
    kept = {key: value for key, value in {**builders.DEVICE["memory"], **changes}.items() if value is not None}
    return builders.device(memory=kept)


def test_a_jobs_own_smaller_limit_passes_where_the_devices_is_certain():
    finding = ask("memory", memory())
    assert (finding.verdict, finding.limit.text) == (Verdict.PASS, "memory of camera-30hz")


@pytest.mark.parametrize(
    ("changes", "uncertain"),
    [
        ({"reserved": None}, "all of capacity; what the system keeps is not known"),
        ({"reserved": number("200 MB", "R")}, "all of what the system leaves"),
        ({"capacity": number("1 GB", "R")}, "all of what the system leaves"),
    ],
)
def test_a_jobs_own_smaller_limit_does_not_hide_that_the_devices_is_uncertain(changes, uncertain):
    finding = ask("memory", memory(**changes))
    assert finding.verdict is Verdict.MARGINAL
    assert finding.limit.value == 150e6
    assert finding.limit.text == f"memory of camera-30hz; uncertain: {uncertain}"
    assert finding.next_step.startswith("read capacity and reserved of [memory] in a source")


def test_what_exceeds_the_jobs_own_limit_fails_all_the_same():
    tight = builders.workload(memory="8 MB", memory_share=None)
    assert ask("memory", memory(reserved=None), tight).verdict is Verdict.FAIL


def test_a_recalled_storage_is_never_a_pass():
    sure, unsure = (builders.device(storage=number("65 MB", grade)) for grade in "AR")
    assert ask("storage", sure).verdict is Verdict.PASS
    finding = ask("storage", unsure)
    assert (finding.verdict, finding.limit.value) == (Verdict.MARGINAL, 8e6)
    assert finding.limit.text == "storage of camera-30hz; uncertain: storage of acme-rover"
    assert finding.next_step == "read storage in a source, and put it into the profile of acme-rover"


def test_an_uncertain_smallest_limit_keeps_its_own_words():
    unsure, sure = Limit(1.0, "B", "a", is_uncertain=True), Limit(2.0, "B", "b")
    assert smallest([sure, unsure]) is unsure
    assert smallest([sure]) is sure


def test_a_run_on_a_device_that_is_only_announced_is_marginal():
    device = builders.device(availability="announced")
    finding = ask("execution", device)
    assert finding.verdict is Verdict.MARGINAL
    assert finding.because == (
        "700 inferences with CPUExecutionProvider; acme-rover cannot be bought yet: it is announced"
    )
    assert finding.next_step
    assert ask("execution", builders.device(availability="closed-sdk")).verdict is Verdict.PASS


@pytest.mark.parametrize("blank", ["\u200b", "\u2800", ""])
def test_a_blank_statement_states_nothing(blank):
    whom = builders.partner(statements=["origin"])
    case = builders.case(of=builders.model(statements={"origin": blank}), whom=whom)
    assert BY_NAME["statements"].ask(case).verdict is Verdict.UNKNOWN
