"""Runs that come in any order, in exact numbers: what came is told, and of the others why they did not."""

from dataclasses import replace
from pathlib import Path

import builders

from assess.describe.workload import Job, Workload
from assess.errors import AssessError
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged
from assess.lab.judging import judge_as_they_come
from assess.measure.measurement import Settings
from assess.portfolio import PlannedRun, Target

HERE = builders.device()
LAPTOP = builders.device(id="acme-laptop", identity={"board": ["Another"]})


def planned(name):
    job = Job(Workload.model_validate({**builders.WORKLOAD, "id": name}), builders.WORKLOAD, Path())
    return PlannedRun(job, Settings(min_count=60, min_duration_s=1.0), None, tuple(map(Target, (HERE, LAPTOP))))


def refused(name, why):
    return replace(planned(name), settings=None, refused=AssessError(why))


def run_of(planned):
    name, authored = planned.job.workload.id, planned.job.authored
    return builders.measurement(service_ns=builders.CERTIFYING, workload_id=name, workload=authored)


def words(outcomes):
    """Each outcome as (job, device, verdict or reason)."""
    return [
        (each.workload.id, each.device.id, each.why if isinstance(each, NotJudged) else each.verdict.value)
        for each in outcomes
    ]


def runs_of(*names):
    return [planned(name) for name in names]


def come(*arrivals, then=None):
    """Gives runs in their order of arrival, by the numbers of what was wanted."""

    def arriving(numbers):
        arriving.wanted = list(numbers)
        try:
            yield from arrivals
            if then:
                raise then
        finally:
            arriving.closed = True

    return arriving


def test_runs_that_come_in_another_order_are_reported_in_that_of_the_plan():
    wanted, saved = runs_of("first", "second"), []
    arrivals = come((1, run_of(wanted[1])), (0, run_of(wanted[0])))
    found = judge_as_they_come(wanted, arrivals, save=lambda planned, _: saved.append(planned.name))
    assert [outcome[0] for outcome in words(found.outcomes)] == ["first", "first", "second", "second"]
    assert saved == ["second", "first"]
    assert not found.over


def test_only_what_is_neither_refused_nor_made_before_is_asked_for():
    made = replace(planned("made"), made=run_of(planned("made")))
    wanted = [refused("refused", "no cache"), made, planned("third")]
    arrivals = come((2, AssessError("no worker of the lab offers it", hint="offer it")))
    found = judge_as_they_come(wanted, arrivals)
    assert arrivals.wanted == [2]
    assert [outcome[2] for outcome in words(found.outcomes)] == [
        "no cache", "no cache", "READY", "MARGINAL", *["no worker of the lab offers it"] * 2
    ]  # fmt: skip
    assert [outcome.next_step for outcome in found.outcomes[4:]] == ["offer it"] * 2
    assert not any(outcome.stopped for outcome in (*found.outcomes[:2], *found.outcomes[4:]))


def test_ctrl_c_keeps_what_came_and_says_of_the_others_that_they_were_stopped():
    wanted = runs_of("first", "second", "third")
    arrivals = come((2, run_of(wanted[2])), then=KeyboardInterrupt())
    found = judge_as_they_come(wanted, arrivals)
    assert [outcome[2] for outcome in words(found.outcomes)[:4]] == ["stopped before it was measured"] * 4
    assert all(outcome.stopped for outcome in found.outcomes[:4])
    assert all(isinstance(outcome, FitReport) for outcome in found.outcomes[4:])


def test_where_a_run_cannot_be_saved_no_other_is_waited_for():
    wanted = runs_of("first", "second")
    arrivals = come((0, run_of(wanted[0])), (1, run_of(wanted[1])))

    def full(*_):
        raise AssessError("could not be written: No space left on device", where="run.json")

    found = judge_as_they_come(wanted, arrivals, save=full)
    assert arrivals.closed
    assert str(found.not_saved) == "run.json: could not be written: No space left on device"
    assert isinstance(found.outcomes[0], FitReport)
    assert found.outcomes[2].why == "not measured, since the run for first could not be saved"
