"""A job whose deciding number nobody read: what it demands is MARGINAL at best, by every criterion."""

from __future__ import annotations

import builders
import pytest

from assess.describe.workload import Workload
from assess.judge.criteria import CRITERIA
from assess.judge.finding import Verdict
from assess.judge.fit_report import Fit, judge
from assess.measure.cold_start import Start
from assess.measure.energy import Energy
from assess.measure.fidelity import Fidelity
from assess.measure.frames import Frames
from assess.measure.scenarios.generate import Generation

MS = 1_000_000
BY_NAME = {criterion.name: criterion for criterion in CRITERIA}
RELEASES = tuple(index * 33 * MS for index in range(3500))
RUN = builders.measurement(
    frames=Frames(RELEASES, RELEASES, tuple(release + 20 * MS for release in RELEASES)),
    starts=(Start("cold", False, 0.1, 0.2, 0.3, 0.4, (1.0, 1.2, 1.1)),),
    energy=(Energy("VDD_IN", "the whole module", 14.0, 7.0, 3500, "counter", 8, is_whole=True),),
    generation=Generation(500, 32, 8, (40 * MS,) * 500, (5 * MS,) * 3500),
    fidelity=Fidelity("t", "hits", "1", True, "item", "equal", 0, (1.0,) * 40, (1.0, 0.9) * 20, (0.1, 0.0) * 20, ()),
)
STEP = "read what the job demands in a source, and write it with its grade into camera-30hz"
#: What the job requires for each criterion, and what its limit is then called.
LIMITS = {
    "latency": ({}, "deadline of camera-30hz at p99, recalled"),
    "deadline misses": ({}, ""),
    "output age": ({"age": "40 ms"}, "age of camera-30hz, recalled"),
    "throughput": ({"throughput": "30 Hz"}, "at least this, by camera-30hz, recalled"),
    "first token": ({"first_token": "50 ms"}, "first token of camera-30hz, recalled"),
    "token": ({"token": "6 ms"}, "token of camera-30hz, recalled"),
    "cold start": ({"cold_start": "2 s"}, "cold start of camera-30hz, recalled"),
    "memory": ({}, "25% (recalled) of what the system leaves"),
    "storage": ({"storage": "8 MB"}, "storage of camera-30hz, recalled"),
    "energy": ({"energy": "25 mJ"}, "energy of camera-30hz, recalled"),
    "fidelity": ({"fidelity": "50 %"}, "floor of camera-30hz, recalled"),
}


def job(grade, **requires):
    authored = {**builders.WORKLOAD, "scenario": {"rate": "30 Hz"}, "grade": grade}
    return Workload.model_validate(
        {**authored, "id": "camera-30hz", "requires": {**builders.WORKLOAD["requires"], **requires}}
    )


@pytest.mark.parametrize("name", LIMITS)
def test_what_passes_by_a_number_that_was_read_is_marginal_by_a_recalled_one(name):
    requires, text = LIMITS[name]
    read, recalled = (
        BY_NAME[name].ask(builders.case(run=RUN, job=job(grade, **requires))) for grade in ("D", "R")
    )  # fmt: skip
    assert (read.verdict, read.next_step) == (Verdict.PASS, "")
    assert (recalled.verdict, recalled.next_step) == (Verdict.MARGINAL, STEP)
    if text:
        assert recalled.limit.is_uncertain
        assert recalled.limit.text == text
    else:
        assert recalled.because.endswith("; what camera-30hz demands is recalled")


def test_every_limit_of_a_job_is_tried_here():
    nobodys = {"deadline", "percentile", "misses", "memory_share"}  # Of the latency, the misses and the memory.
    asked = {key for requires, _ in LIMITS.values() for key in requires}
    assert asked | nobodys | {"memory"} == set(type(job("R").requires).model_fields)


def test_what_fails_by_a_recalled_number_fails_all_the_same():
    finding = BY_NAME["latency"].ask(builders.case(run=RUN, job=job("R", deadline="15 ms")))
    assert finding.verdict is Verdict.FAIL
    assert finding.next_step != STEP


def test_a_range_that_holds_a_recalled_limit_needs_more_than_reading():
    finding = BY_NAME["cold start"].ask(builders.case(run=RUN, job=job("R", cold_start="1.1 s")))
    assert finding.next_step == "start it more often, on a host that does nothing else"


def test_a_jobs_own_recalled_memory_is_uncertain_beside_the_devices():
    finding = BY_NAME["memory"].ask(builders.case(run=RUN, job=job("R", memory="150 MB")))
    assert (finding.verdict, finding.limit.text) == (Verdict.MARGINAL, "memory of camera-30hz, recalled")


def test_no_case_of_a_recalled_job_is_ready():
    run = builders.measurement(service_ns=builders.CERTIFYING)
    read, recalled = (
        judge(
            builders.case(run=run, job=builders.workload().model_copy(update={"grade": grade})),
            run_sha256="",
            tool="0.1.0",
        )
        for grade in ("D", "R")
    )
    assert (read.verdict, recalled.verdict) == (Fit.READY, Fit.MARGINAL)
