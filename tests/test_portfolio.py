"""Many cases in exact numbers: each job measured once, and what goes wrong with one leaves the others alone."""

from dataclasses import replace
from pathlib import Path

import builders
import pytest

from assess import portfolio
from assess.describe.library import Library
from assess.describe.workload import Job, Workload
from assess.errors import AssessError
from assess.judge.fit_report import Fit, FitReport
from assess.judge.portfolio import NotJudged
from assess.measure.frames import Frames
from assess.measure.measurement import Failure, Settings
from assess.portfolio import Asked, Target

HERE = builders.device()
LAPTOP = builders.device(id="acme-laptop", identity={"board": ["Another"]})
SETTINGS = Settings(min_count=60, min_duration_s=1.0)


def job(name, **scenario):
    authored = {**builders.WORKLOAD, "scenario": scenario or {"rate": "30 Hz"}}
    return Job(Workload.model_validate({**authored, "id": name}), authored, Path())


def asked(name, *, settings=SETTINGS, devices=(HERE, LAPTOP), **scenario):
    return Asked(job(name, **scenario), settings, tuple(map(Target, devices)))


class Runner:
    """Gives for each job the run that it is told, or raises; else a run of the rover itself."""

    def __init__(self, **ends):
        self.ends, self.measured = ends, []

    def __call__(self, job, settings, tell):
        name = job.workload.id
        self.measured.append(name)
        tell("running", 0.5, 1.0)
        end = self.ends.get(name.replace("-", "_"))
        if isinstance(end, BaseException):
            raise end
        run = builders.measurement(service_ns=builders.CERTIFYING, workload_id=name, workload=job.authored)
        return replace(run, **end or {})


def words(cases):
    """Each case as (job, device, verdict or reason)."""
    return [
        (case.workload.id, case.device.id, case.why)
        if isinstance(case, NotJudged)
        else (case.case.workload.id, case.case.device.id, case.verdict.value)
        for case in cases
    ]


def test_each_job_is_measured_once_and_judged_for_each_device():
    run = Runner()
    cases = portfolio.judge_all([asked("first"), asked("second")], run)
    assert run.measured == ["first", "second"]
    assert [case[:2] for case in words(cases)] == [
        ("first", "acme-rover"), ("first", "acme-laptop"), ("second", "acme-rover"), ("second", "acme-laptop"),
    ]  # fmt: skip
    assert len({case.run_sha256 for case in cases[:2]}) == 1
    # The rover measured itself; to the laptop it is a proxy.
    assert [case.case.estimates.on_device for case in cases] == [True, False, True, False]


def test_a_job_that_the_model_cannot_do_is_a_row_and_not_the_end():
    error = AssessError("the model has no output 'h'", where="states", hint="did you mean 'g'?")
    run = Runner(second=AssessError("provider 'X' is not there", hint="pip install x"))
    cases = portfolio.judge_all([asked("first", settings=error), asked("second"), asked("third")], run)
    assert run.measured == ["second", "third"]
    assert [case[2] for case in words(cases[:4])] == ["states: the model has no output 'h'"] * 2 + [
        "provider 'X' is not there"
    ] * 2
    assert [case.next_step for case in cases[:4]] == ["did you mean 'g'?"] * 2 + ["pip install x"] * 2
    assert not any(case.stopped for case in cases[:4])
    assert all(isinstance(case, FitReport) for case in cases[4:])


def test_a_run_that_crashed_is_judged_as_such_and_the_others_go_on():
    crash = {"failure": Failure("timed", "crashed", "stopped by SIGSEGV", ""), "frames": Frames()}
    cases = portfolio.judge_all([asked("first"), asked("second")], Runner(first=crash))
    assert [case.verdict for case in cases[:2]] == [
        Fit.NOT_READY,
        Fit.UNPROVEN,
    ]  # A crash on a proxy is none of the device
    assert cases[2].case.measurement.failure is None


@pytest.mark.parametrize("count", [1, 3])
def test_where_every_job_is_refused_for_one_reason_it_is_what_was_typed(count):
    run = Runner(**{f"job_{n}": AssessError("provider 'X' is not there") for n in range(count)})
    with pytest.raises(AssessError, match="provider 'X' is not there"):
        portfolio.judge_all([asked(f"job-{n}") for n in range(count)], run)


def test_where_every_job_is_refused_for_its_own_reason_each_is_told():
    run = Runner(first=AssessError("no cache"), second=AssessError("no batch"))
    cases = portfolio.judge_all([asked("first"), asked("second")], run)
    assert [case[2] for case in words(cases)] == ["no cache", "no cache", "no batch", "no batch"]


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ({"incomplete": "stopped by SIGINT after 3 s"}, "stopped while it was measured"),
        (KeyboardInterrupt("SIGINT"), "stopped before it was measured"),
    ],
    ids=["in the middle", "before the first frame"],
)
def test_what_was_done_before_it_was_stopped_is_reported(end, why):
    run = Runner(second=end)
    refused = asked("fourth", settings=AssessError("no cache"), devices=[HERE])
    wanted = [asked("first"), asked("second"), asked("third", devices=[HERE]), refused]
    cases = portfolio.judge_all(wanted, run)
    assert run.measured == ["first", "second"]
    assert [isinstance(case, FitReport) for case in cases] == [True, True, False, False, False, False]
    assert [case[2] for case in words(cases[2:])] == [why, why, "stopped before it was measured", "no cache"]
    assert [case.stopped for case in cases[2:]] == [True, True, True, False]


@pytest.mark.parametrize("end", [{"incomplete": "stopped by SIGTERM after 3 s"}, KeyboardInterrupt()])
def test_what_was_stopped_before_anything_was_judged_has_no_report(end):
    with pytest.raises(KeyboardInterrupt):
        portfolio.judge_all([asked("first"), asked("second")], Runner(first=end))


def test_a_run_that_ended_early_by_itself_is_judged():
    early = {"incomplete": "the worker was told to stop from outside after 3 s"}
    assert isinstance(portfolio.judge_all([asked("first")], Runner(first=early))[0], FitReport)


def test_progress_is_of_all_runs_and_of_one_run_as_it_is():
    told = []
    # 60 frames at 30 Hz, at 10 Hz and at 60 Hz, of which a second is asked for: 2 s, 6 s, 1 s.
    wanted = [asked("a", rate="30 Hz"), asked("b", rate="10 Hz"), asked("c", rate="60 Hz")]
    assert [each.expected_s for each in wanted] == pytest.approx([2.0, 6.0, 1.0])
    portfolio.judge_all(wanted, Runner(), on_progress=lambda *what: told.append(what))
    assert [name for name, _, _ in told] == ["1 of 3, a: running", "2 of 3, b: running", "3 of 3, c: running"]
    # Each says that 1 s of its own is left.
    assert [left for _, _, left in told] == pytest.approx([8.0, 2.0, 1.0])
    assert [done for _, done, _ in told] == pytest.approx([1 / 9, 7 / 9, 8 / 9])
    told.clear()
    portfolio.judge_all(wanted[:1], Runner(), on_progress=lambda *what: told.append(what))
    assert told == [("running", 0.5, 1.0)]


def test_while_nobody_knows_what_a_pass_has_left_the_rest_is_what_was_last_known():
    told = []

    def run(job, settings, tell):
        tell("loading", None, None)
        tell("running", 0.75, 0.5)
        tell("profiling", None, None)
        return Runner()(job, settings, lambda *what: None)

    portfolio.judge_all([asked("a"), asked("b")], run, on_progress=lambda *what: told.append(what))
    assert [left for _, _, left in told] == pytest.approx([4.0, 2.5, 2.5, 2.0, 0.5, 0.5])


def test_what_a_run_takes_is_known_for_batches_for_heat_and_for_nothing():
    offline = asked("a", kind="offline", batches=[1, 2, 4])
    assert offline.expected_s == pytest.approx(3 * 60 * 0.033)
    assert asked("a", settings=replace(SETTINGS, tier="sustained")).expected_s == 1800.0
    assert asked("a", settings=AssessError("no")).expected_s == 0.0


def test_a_job_without_a_schedule_for_the_model_is_known_before_it_is_read():
    stages = [{"name": "detect", "model": "other.onnx", "rate": "20 Hz"}]
    found = portfolio.ask(job("a", kind="pipeline", stage=stages), [Target(HERE)], lambda *_: SETTINGS)
    assert "no stage runs the model that was given" in str(found.settings)
    missing = portfolio.ask(job("a", kind="trace", trace="none.csv"), [Target(HERE)], lambda *_: SETTINGS)
    assert "none.csv" in str(missing.settings)


def test_settings_that_are_none_are_nobodys_row():
    def settings(job, devices):
        assert devices == [HERE]
        raise AssessError("'fast' is no tier", where="--tier")

    with pytest.raises(AssessError, match="no tier"):
        portfolio.ask(job("a"), [Target(HERE)], settings)


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        ({"kind": "generate", "prompt_tokens": 8, "new_tokens": 8}, "the model has no input 'input_ids'"),
        ({"kind": "stateful", "states": {"h_out": "h_in"}}, "the model has no output 'h_out'"),
    ],
)
def test_a_model_that_cannot_do_a_job_is_known_before_anything_is_measured(scenario, why):
    found = portfolio.fitting(asked("a", **scenario), builders.model())
    assert why in str(found.settings)
    assert portfolio.fitting(asked("a"), builders.model()) == asked("a")


def test_standards_reach_the_report():
    standard = builders.standard()
    target = Target(HERE, builders.partner(), (standard,))
    (case,) = portfolio.judge_all([Asked(job("a"), SETTINGS, (target,))], Runner())
    assert case.case.standards == (standard,)


@pytest.mark.slow
def test_a_suite_measures_each_model_once_for_each_job():
    cases = portfolio.run_suite(Library().suite("demo"), Library())
    assert [case.case.device.id for case in cases] == [case.device for case in Library().suite("demo").case]
    assert len({report.run_sha256 for report in cases}) == 1
