"""Many cases in exact numbers: each job measured once, and what goes wrong with one leaves the others alone."""

from dataclasses import replace
from pathlib import Path

import builders
import pytest

from assess import portfolio
from assess.describe.workload import Job, Workload
from assess.errors import AssessError
from assess.judge.case import Invocation
from assess.judge.fit_report import Fit, FitReport
from assess.judge.portfolio import NotJudged
from assess.measure.frames import Frames
from assess.measure.interruption import stopped_by
from assess.measure.measurement import Failure, Settings
from assess.pipeline import judge
from assess.portfolio import PlannedRun, Target

HERE = builders.device()
LAPTOP = builders.device(id="acme-laptop", identity={"board": ["Another"]})
SETTINGS = Settings(min_count=60, min_duration_s=1.0)


def job(name, **scenario):
    authored = {**builders.WORKLOAD, "scenario": scenario or {"rate": "30 Hz"}}
    return Job(Workload.model_validate({**authored, "id": name}), authored, Path())


def planned(name, *, settings=SETTINGS, devices=(HERE, LAPTOP), **scenario):
    return PlannedRun(job(name, **scenario), settings, None, tuple(map(Target, devices)))


def refused(name, why, hint="", devices=(HERE, LAPTOP)):
    return replace(planned(name, devices=devices), settings=None, refused=AssessError(why, hint=hint))


class Runner:
    """Gives for each job the run that it is told, or raises; else a run of the rover itself."""

    def __init__(self, **ends):
        self.ends, self.measured = ends, []

    def __call__(self, planned, tell):
        job, name = planned.job, planned.name
        self.measured.append(name)
        tell("running", 0.5, 1.0)
        end = self.ends.get(name.replace("-", "_"))
        if isinstance(end, BaseException):
            raise end
        run = builders.measurement(service_ns=builders.CERTIFYING, workload_id=name, workload=job.authored)
        return replace(run, **end or {})


def words(outcomes):
    """Each outcome as (job, device, verdict or reason)."""
    return [
        (
            outcome.workload.id,
            outcome.device.id,
            outcome.why if isinstance(outcome, NotJudged) else outcome.verdict.value,
        )
        for outcome in outcomes
    ]


def test_each_job_is_measured_once_and_judged_for_each_device():
    run = Runner()
    outcomes = portfolio.judge_all([planned("first"), planned("second")], run).outcomes
    assert run.measured == ["first", "second"]
    assert [outcome[:2] for outcome in words(outcomes)] == [
        ("first", "acme-rover"), ("first", "acme-laptop"), ("second", "acme-rover"), ("second", "acme-laptop"),
    ]  # fmt: skip
    assert len({outcome.run_sha256 for outcome in outcomes[:2]}) == 1
    # The rover measured itself; to the laptop it is a proxy.
    assert [report.case.estimates.on_device for report in outcomes] == [True, False, True, False]


def test_a_job_that_the_model_cannot_do_is_a_row_and_not_the_end():
    first = refused("first", "states: the model has no output 'h'", "did you mean 'g'?")
    run = Runner(second=AssessError("provider 'X' is not there", hint="pip install x"))
    outcomes = portfolio.judge_all([first, planned("second"), planned("third")], run).outcomes
    assert run.measured == ["second", "third"]
    assert [outcome[2] for outcome in words(outcomes[:4])] == ["states: the model has no output 'h'"] * 2 + [
        "provider 'X' is not there"
    ] * 2
    assert [outcome.next_step for outcome in outcomes[:4]] == ["did you mean 'g'?"] * 2 + ["pip install x"] * 2
    assert not any(outcome.stopped for outcome in outcomes[:4])
    assert all(isinstance(outcome, FitReport) for outcome in outcomes[4:])


def test_a_run_that_crashed_is_judged_as_such_and_the_others_go_on():
    crash = {"failure": Failure("timed", "crashed", "stopped by SIGSEGV", ""), "frames": Frames()}
    outcomes = portfolio.judge_all([planned("first"), planned("second")], Runner(first=crash)).outcomes
    assert [outcome.verdict for outcome in outcomes[:2]] == [
        Fit.NOT_READY,
        Fit.UNPROVEN,
    ]  # A crash on a proxy is none of the device
    assert outcomes[2].case.measurement.failure is None


@pytest.mark.parametrize("count", [1, 3])
def test_where_the_model_is_refused_for_every_job_it_is_what_was_typed(count):
    with pytest.raises(AssessError, match=r"^states: the model has no output 'h' \(hint: did you mean 'g'\?\)$"):
        portfolio.judge_all(
            [refused(f"job-{n}", "states: the model has no output 'h'", "did you mean 'g'?") for n in range(count)],
            Runner(),
        )


@pytest.mark.parametrize("count", [1, 3])
def test_where_every_job_is_refused_for_one_reason_it_is_what_was_typed(count):
    run = Runner(**{f"job_{n}": AssessError("provider 'X' is not there") for n in range(count)})
    with pytest.raises(AssessError, match="provider 'X' is not there"):
        portfolio.judge_all([planned(f"job-{n}") for n in range(count)], run)


def test_where_every_job_is_refused_for_its_own_reason_each_is_told():
    run = Runner(first=AssessError("no cache"), second=AssessError("no batch"))
    outcomes = portfolio.judge_all([planned("first"), planned("second")], run).outcomes
    assert [outcome[2] for outcome in words(outcomes)] == ["no cache", "no cache", "no batch", "no batch"]


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ({"incomplete": "stopped by SIGINT after 3 s"}, "stopped while it was measured, after 3,500 frames"),
        (KeyboardInterrupt("SIGINT"), "stopped before it was measured"),
    ],
    ids=["in the middle", "before the first frame"],
)
def test_what_was_done_before_it_was_stopped_is_reported(end, why):
    run = Runner(second=end)
    fourth = refused("fourth", "no cache", devices=[HERE])
    wanted = [planned("first"), planned("second"), planned("third", devices=[HERE]), fourth]
    outcomes = portfolio.judge_all(wanted, run).outcomes
    assert run.measured == ["first", "second"]
    assert [isinstance(outcome, FitReport) for outcome in outcomes] == [True, True, False, False, False, False]
    assert [outcome[2] for outcome in words(outcomes[2:])] == [why, why, "stopped before it was measured", "no cache"]
    assert [outcome.stopped for outcome in outcomes[2:]] == [True, True, True, False]


def test_what_was_stopped_before_anything_was_measured_has_no_report():
    with pytest.raises(KeyboardInterrupt):
        portfolio.judge_all([planned("first"), planned("second")], Runner(first=KeyboardInterrupt()))


def test_a_stopped_run_is_reported_where_it_is_the_only_one():
    saved = []
    early = {"incomplete": "stopped by SIGTERM after 3 s"}
    outcomes = portfolio.judge_all(
        [planned("first", devices=[HERE])], Runner(first=early), save=lambda planned, run: saved.append(run.incomplete)
    ).outcomes
    assert words(outcomes) == [("first", "acme-rover", "stopped while it was measured, after 3,500 frames")]
    assert outcomes[0].stopped
    assert saved == ["stopped by SIGTERM after 3 s"]


def test_what_was_stopped_is_told_by_what_was_measured_and_not_by_words(monkeypatch):
    monkeypatch.setattr(portfolio, "STOPPED_BEFORE", "never begun")
    with pytest.raises(KeyboardInterrupt):
        portfolio.judge_all([planned("first"), planned("second")], Runner(first=KeyboardInterrupt()))
    early = {"incomplete": stopped_by("SIGINT", "whenever")}
    outcomes = portfolio.judge_all([planned("first"), planned("second")], Runner(first=early)).outcomes
    assert [outcome.stopped for outcome in outcomes] == [True] * 4


def test_a_run_that_ended_early_by_itself_is_judged():
    early = {"incomplete": "the worker was told to stop from outside after 3 s"}
    assert isinstance(portfolio.judge_all([planned("first")], Runner(first=early)).outcomes[0], FitReport)


def test_progress_is_of_all_runs_and_of_one_run_as_it_is():
    told = []
    # 60 frames at 30 Hz, at 10 Hz and at 60 Hz, of which a second is asked for: 2 s, 6 s, 1 s.
    wanted = [planned("a", rate="30 Hz"), planned("b", rate="10 Hz"), planned("c", rate="60 Hz")]
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

    def run(planned, tell):
        tell("loading", None, None)
        tell("running", 0.75, 0.5)
        tell("profiling", None, None)
        return Runner()(planned, lambda *what: None)

    portfolio.judge_all([planned("a"), planned("b")], run, on_progress=lambda *what: told.append(what))
    assert [left for _, _, left in told] == pytest.approx([4.0, 2.5, 2.5, 2.0, 0.5, 0.5])


def test_what_a_run_takes_is_known_for_batches_for_heat_and_for_nothing():
    offline = planned("a", kind="offline", batches=[1, 2, 4])
    assert offline.expected_s == pytest.approx(3 * 60 * 0.033)
    assert planned("a", settings=replace(SETTINGS, tier="sustained")).expected_s == 1800.0
    assert refused("a", "no").expected_s == 0.0


def test_a_job_without_a_schedule_for_the_model_is_known_before_it_is_read():
    stages = [{"name": "detect", "model": "other.onnx", "rate": "20 Hz"}]
    found = portfolio.planned_run(job("a", kind="pipeline", stage=stages), [Target(HERE)], lambda *_: SETTINGS)
    assert "no stage runs the model that was given" in str(found.refused)
    assert found.settings is None
    missing = portfolio.planned_run(job("a", kind="trace", trace="none.csv"), [Target(HERE)], lambda *_: SETTINGS)
    assert "none.csv" in str(missing.refused)
    can_be = portfolio.planned_run(job("a"), [Target(HERE)], lambda *_: SETTINGS)
    assert can_be == planned("a", devices=[HERE])


def test_settings_that_are_none_are_nobodys_row():
    def settings(job, devices):
        assert devices == [HERE]
        raise AssessError("'fast' is no tier", where="--tier")

    with pytest.raises(AssessError, match="no tier"):
        portfolio.planned_run(job("a"), [Target(HERE)], settings)


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        ({"kind": "generate", "prompt_tokens": 8, "new_tokens": 8}, "the model has no input 'input_ids'"),
        ({"kind": "stateful", "states": {"h_out": "h_in"}}, "states: the model has no output 'h_out'"),
        ({"kind": "offline", "batches": [8, 32]}, "student.onnx: the model's batch is fixed at 1"),
    ],
)
def test_a_model_that_cannot_do_a_job_is_known_before_anything_is_measured(scenario, why):
    found = portfolio.refused_by_model(planned("a", **scenario), builders.model())
    assert str(found.refused).startswith(why)
    assert found.settings is None


def test_a_model_that_can_do_a_job_is_not_refused():
    model = builders.model()
    fits = planned("a"), planned("a", kind="offline", batches=[1, 8])
    assert [portfolio.refused_by_model(each, model) for each in fits] == list(fits)
    # Which of the dynamic dimensions is the batch is found out when it is measured.
    batches = planned("a", kind="offline", batches=[8, 32])
    assert portfolio.refused_by_model(batches, builders.model(dims={"n": 1})) == batches


class Disk:
    """Keeps runs until it is full."""

    def __init__(self, room):
        self.room, self.kept = room, []

    def __call__(self, planned, measurement):
        if len(self.kept) == self.room:
            raise AssessError("could not be written: No space left on device", where=f"run-{planned.name}.json")
        self.kept.append((planned.name, measurement.workload_id))


def test_each_run_is_saved_before_it_is_judged():
    disk = Disk(2)
    portfolio.judge_all([planned("first"), planned("second")], Runner(), save=disk)
    assert disk.kept == [("first", "first"), ("second", "second")]


def test_a_run_that_cannot_be_saved_ends_the_measuring_and_is_judged():
    run = Runner()
    wanted = [planned("first"), planned("second"), refused("third", "no cache"), planned("fourth")]
    judged = portfolio.judge_all(wanted, run, save=Disk(1))
    assert str(judged.not_saved) == "run-second.json: could not be written: No space left on device"
    assert run.measured == ["first", "second"]
    outcomes = judged.outcomes
    assert [isinstance(outcome, FitReport) for outcome in outcomes] == [True] * 4 + [False] * 4
    why = "not measured, since the run for second could not be saved"
    assert [outcome[2] for outcome in words(outcomes[4:])] == ["no cache", "no cache", why, why]
    assert [outcome.stopped for outcome in outcomes[4:]] == [False, False, True, True]


def test_the_only_run_is_judged_too_if_it_cannot_be_saved():
    judged = portfolio.judge_all([planned("first", devices=[HERE])], Runner(), save=Disk(0))
    assert judged.not_saved is not None
    assert words(judged.outcomes) == [("first", "acme-rover", "READY")]


def test_standards_reach_the_report():
    standard = builders.standard()
    target = Target(HERE, builders.partner(), (standard,))
    (report,) = portfolio.judge_all([PlannedRun(job("a"), SETTINGS, None, (target,))], Runner()).outcomes
    assert report.case.standards == (standard,)


BUG = OverflowError("timestamp too large")


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_bug_in_one_run_leaves_the_others_to_be_judged_and_stays_a_bug(at):
    names = ["first", "second", "third"]
    run = Runner(**{names[at - 1]: BUG})
    judged = portfolio.judge_all([planned(name, devices=[HERE]) for name in names], run)
    assert judged.bug is BUG
    assert run.measured == names
    why = "assess itself failed: OverflowError: timestamp too large"
    assert [outcome[2] for outcome in words(judged.outcomes)] == [
        why if name == names[at - 1] else "READY" for name in names
    ]
    assert not any(outcome.stopped for outcome in judged.outcomes if isinstance(outcome, NotJudged))


def test_a_bug_in_judging_one_case_leaves_the_others_of_its_run(monkeypatch):
    def judged(measurement, device, *rest, **more):
        if device is HERE:
            raise BUG
        return judge(measurement, device, *rest, **more)

    monkeypatch.setattr(portfolio, "judge", judged)
    disk = Disk(1)
    judged = portfolio.judge_all([planned("first")], Runner(), save=disk)
    assert judged.bug is BUG
    assert [outcome[1:] for outcome in words(judged.outcomes)] == [
        ("acme-rover", "assess itself failed: OverflowError: timestamp too large"),
        ("acme-laptop", "MARGINAL"),
    ]
    assert disk.kept == [("first", "first")]


def test_a_bug_in_saving_a_run_does_not_keep_it_from_being_judged():
    def save(planned, measurement):
        raise BUG

    judged = portfolio.judge_all([planned("first", devices=[HERE])], Runner(), save=save)
    assert judged.bug is BUG
    assert words(judged.outcomes) == [("first", "acme-rover", "READY")]


def test_where_a_bug_left_nothing_to_report_it_is_all_there_is():
    with pytest.raises(OverflowError):
        portfolio.judge_all([planned("first"), refused("second", "no cache")], Runner(first=BUG))


def test_a_bug_is_told_beside_a_run_that_could_not_be_saved():
    full = AssessError("could not be written: No space left on device", where="run-second.json")
    bug = OverflowError("timestamp too large")

    def save(planned, measurement):
        raise full

    assert portfolio.judge_all([planned("first"), planned("second")], Runner(first=bug), save=save).bug is bug
    assert bug.__notes__ == ["run-second.json: could not be written: No space left on device"]


def test_a_next_step_can_be_typed_as_it_is():
    invocation = Invocation("my models/student.onnx", "jobs/first.toml", ("--profiles", "my dir"))
    wanted = portfolio.planned_run(job("first"), [Target(LAPTOP)], lambda *_: SETTINGS, invocation)
    (report,) = portfolio.judge_all([wanted], Runner()).outcomes
    assert report.case.to_measure == (
        "on acme-laptop: assess measure 'my models/student.onnx' --workload jobs/first.toml --profiles 'my dir' "
        "-o run.json"
    )
