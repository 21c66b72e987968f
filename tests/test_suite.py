"""A suite in exact numbers: each model read once, measured once for each job; what is wrong is told case by case."""

from dataclasses import replace
from pathlib import Path

import builders
import pytest

from assess.cli.exit_codes import of_portfolio
from assess.describe.library import Library
from assess.describe.model import ModelFile
from assess.describe.suite import Suite, SuiteCase
from assess.errors import AssessError
from assess.judge.fit_report import FitReport
from assess.judge.suite import Unusable
from assess.lab.judging import judge_as_they_come
from assess.measure.frames import Frames
from assess.measure.interruption import stopped_by
from assess.measure.measurement import Settings
from assess.measure.record import to_json
from assess.pipeline import Subject
from assess.portfolio import judge_each, keep_in
from assess.suite import plan_suite, report_of, resumed, run_files, run_name, runner_of

SETTINGS = Settings(min_count=60, min_duration_s=1.0)
EYES, ARM = "ppocr-text-direction", "reachy-mini-inverse-kinematics"
DECK, PI = "valve-steam-deck-lcd", "raspberry-pi-5-8gb"


def suite(*cases):
    words = ("model", "workload", "device", "partner")
    return Suite(id="mixed", name="Mixed", summary="A test.",
                 case=tuple(SuiteCase(**dict(zip(words, case, strict=False))) for case in cases))  # fmt: skip


WHOLE = suite(
    (EYES, "camera-30hz", DECK), (ARM, "whole-body-policy-50hz", PI), (EYES, "camera-30hz", PI),
    (EYES, "camera-10hz", DECK, "sony-imaging"),
)  # fmt: skip


class Models:
    """Reads models as if they were there, and counts how often; but those that are none."""

    def __init__(self, **none):
        self.none, self.read = none, []

    def __call__(self, path, library, *, dims, on_progress):
        self.read.append(Path(path).parent.name)
        if error := self.none.get(Path(path).stem):
            raise error
        return Subject(Path(path), None, Path(path).parent, builders.model())


def frames(rate_hz):
    """700 frames on their schedule, each done in 10 ms."""
    released = tuple(round(index * 1e9 / rate_hz) for index in range(700))
    return Frames(released, released, tuple(release + 10_000_000 for release in released))


class Runner:
    """Gives for each run what it is told, or raises; else a run of another host."""

    def __init__(self, **ends):
        self.ends, self.measured = ends, []

    def __call__(self, planned, tell):
        self.measured.append(planned.name)
        tell("running", 0.5, 1.0)
        end = self.ends.get(planned.job.workload.id.replace("-", "_"))
        if isinstance(end, BaseException):
            raise end
        made = builders.measurement(
            workload_id=planned.job.workload.id, workload=planned.job.authored, requested=planned.settings,
            frames=frames(planned.job.workload.scenario.rate),
        )  # fmt: skip
        return replace(made, **end or {})


def plan(of=WHOLE, models=None, settings=lambda *_: SETTINGS):
    return plan_suite(of, Path("suites"), Library(), settings, find=models or Models(), options=("--profiles", "mine"))


def judged(planned, run=None, **more):
    return report_of(planned, judge_each(planned.runs, run or Runner(), **more))


def answers(report):
    return [
        each.outcome.verdict.value if isinstance(each.outcome, FitReport) else each.outcome.why
        for each in report.results
    ]


def test_each_model_is_read_once_and_measured_once_for_each_of_its_jobs():
    models, run = Models(), Runner()
    report = judged(plan(models=models), run)
    assert models.read == [EYES, ARM]
    assert run.measured == [f"{EYES}, camera-30hz", f"{ARM}, whole-body-policy-50hz", f"{EYES}, camera-10hz"]
    assert [each.case for each in report.results] == list(WHOLE.case)
    assert [each.outcome.device.id for each in report.results] == [DECK, PI, PI, DECK]
    assert report.results[0].outcome.run_sha256 == report.results[2].outcome.run_sha256
    assert [each.partner and each.partner.id for each in report.results] == [None, None, None, "sony-imaging"]
    assert report.results[3].outcome.case.partner.id == "sony-imaging"


def test_the_portfolios_are_those_of_each_model_for_each_partner():
    found = [(case.model, whole.partner and whole.partner.id, len(whole.outcomes)) for case, whole in
             judged(plan()).portfolios]  # fmt: skip
    assert found == [(EYES, None, 2), (ARM, None, 1), (EYES, "sony-imaging", 1)]


def test_a_case_that_names_what_cannot_be_used_is_told_and_the_others_go_on():
    models = Models(broken=AssessError("is not ONNX", where="suites/broken.onnx", hint="export it again"))
    report = judged(
        plan(
            suite(
                ("broken.onnx", "camera-30hz", DECK), (EYES, "camera-30hertz", DECK), (EYES, "camera-30hz", "deck"),
                (EYES, "camera-30hz", DECK, "sonny"), ("no-model", "camera-30hz", DECK), (EYES, "chat-interactive", PI),
                (EYES, "camera-30hz", DECK),
            ),
            models,
        )
    )  # fmt: skip
    assert answers(report) == [
        "suites/broken.onnx: is not ONNX", "there is no workload 'camera-30hertz'", "there is no device 'deck'",
        "there is no partner 'sonny'", "there is no model 'no-model'", "the model has no input 'input_ids'", "MARGINAL",
    ]  # fmt: skip
    assert [isinstance(each.outcome, Unusable) for each in report.results] == [True] * 5 + [False] * 2
    assert report.results[0].outcome.next_step == "export it again"
    assert of_portfolio(report, strict=False) == 3
    assert not report.stopped


def test_where_no_case_can_be_judged_that_is_bad_input():
    report = judged(plan(suite((EYES, "camera-30hz", "deck"))))
    assert of_portfolio(report, strict=False) == 2


def test_the_same_case_for_two_partners_is_one_run_and_two_reports():
    run = Runner()
    report = judged(plan(suite((EYES, "camera-10hz", PI, "sony-imaging"), (EYES, "camera-10hz", PI))), run)
    assert len(run.measured) == 1
    assert [each.outcome.case.partner and "sony" for each in report.results] == ["sony", None]


def test_a_next_step_can_be_typed_where_the_suite_was():
    runs = plan(suite(("own.onnx", "camera-30hz", DECK), (EYES, "camera-30hz", DECK))).runs
    assert [run.invocation.model for run in runs] == [str(Path("suites") / "own.onnx"), EYES]
    assert {run.invocation.options for run in runs} == {("--profiles", "mine")}


def test_progress_is_of_all_runs_of_all_models():
    told = []
    planned = plan()
    judged(planned, on_progress=lambda *what: told.append(what))
    # 60 frames at 30 Hz, 50 Hz and 10 Hz: 2 s, 1.2 s and 6 s; each says that 1 s of its own is left.
    assert [name for name, _, _ in told] == [f"{n + 1} of 3, {run.name}: running" for n, run in enumerate(planned.runs)]
    assert [left for _, _, left in told] == pytest.approx([8.2, 7.0, 1.0])


def test_what_was_done_before_it_was_stopped_is_reported_and_kept(tmp_path):
    files = run_files(WHOLE, tmp_path)
    early = Runner(whole_body_policy_50hz={"incomplete": stopped_by("SIGINT", "after 3 s")})
    report = judged(plan(), early, save=keep_in(files))
    assert answers(report) == [
        "MARGINAL", "stopped while it was measured, after 700 frames", "MARGINAL", "stopped before it was measured",
    ]  # fmt: skip
    assert of_portfolio(report, strict=False) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"run-{EYES}-camera-30hz.json", f"run-{ARM}-whole-body-policy-50hz.json"
    ]  # fmt: skip


def test_every_run_has_a_file_of_its_own_whatever_the_names(tmp_path):
    named = suite(
        ("m.onnx", "cam-2", PI),
        ("m.onnx", "cam", PI),
        ("m.onnx", "CAM", PI),
        ("m?.onnx", "am", PI),
        ("m.onnx", "cam", DECK),
    )
    files = run_files(named, tmp_path)
    assert [path.name for path in files.values()] == [
        "run-m-cam-2.json", "run-m-cam.json", "run-m-CAM-3.json", "run-m--am.json"
    ]  # fmt: skip


def test_a_suite_that_was_stopped_before_anything_was_measured_says_so_of_every_case():
    report = judged(plan(), Runner(camera_30hz=KeyboardInterrupt()))
    assert set(answers(report)) == {"stopped before it was measured"}
    assert of_portfolio(report, strict=False) == 130


def test_a_suite_is_resumed_where_it_was_stopped(tmp_path):
    files = run_files(WHOLE, tmp_path)
    judged(
        plan(), Runner(whole_body_policy_50hz={"incomplete": stopped_by("SIGINT", "after 3 s")}), save=keep_in(files)
    )
    again, notes = resumed(plan(), files)
    assert notes == (f"{tmp_path}/run-{ARM}-whole-body-policy-50hz.json was not finished: it is measured again",)
    assert [run.expected_s for run in again.runs] == pytest.approx([0.0, 1.2, 6.0])
    run = Runner()
    report = judged(again, run, save=keep_in(files))
    assert run.measured == [f"{ARM}, whole-body-policy-50hz", f"{EYES}, camera-10hz"]
    assert all(isinstance(each.outcome, FitReport) for each in report.results)
    done, notes = resumed(plan(), files)
    assert (notes, [run.expected_s for run in done.runs]) == ((), [0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"model": builders.model(files=(ModelFile("student.onnx", 6_100_000, "cd" * 32),), sha256="cd" * 32)},
            "is of another model",
        ),
        ({"model": builders.model(dims={"n": 2})}, "is of another model"),
        ({"workload_id": "camera-10hz"}, "is for another workload"),
        ({"workload": builders.WORKLOAD}, "is for another workload"),
        ({"requested": replace(SETTINGS, min_count=61)}, "was measured with other settings"),
        ({"incomplete": "stopped by SIGINT after 3 s"}, "was not finished"),
    ],
)
def test_a_run_that_is_another_one_is_measured_again(tmp_path, change, why):
    planned = plan(suite((EYES, "camera-30hz", DECK)))
    files = run_files(planned.suite, tmp_path)
    (run,) = planned.runs
    made = Runner()(run, lambda *_: None)
    files[run.name].write_text(to_json(replace(made, **change)))
    again, notes = resumed(planned, files)
    assert again.runs[0].made is None
    assert notes == (f"{files[run.name]} {why}: it is measured again",)


def test_a_file_that_is_no_run_is_measured_again(tmp_path):
    planned = plan(suite((EYES, "camera-30hz", DECK)))
    files = run_files(planned.suite, tmp_path)
    files[planned.runs[0].name].write_text("{}")
    _, (note,) = resumed(planned, files)
    assert note.endswith(".json: is not a run: it has no 'schema': it is measured again")


def test_each_run_has_a_file_of_its_own_whatever_its_model_is_called():
    cases = [("my models/a.onnx", "camera-30hz", DECK), ("my-models/a.onnx", "camera-30hz", DECK), (EYES, "x", DECK)]
    files = run_files(suite(*cases), Path("out"))
    assert [path.name for path in files.values()] == [
        "run-my-models-a-camera-30hz.json", "run-my-models-a-camera-30hz-2.json", f"run-{EYES}-x.json"
    ]  # fmt: skip
    assert list(files) == [run_name(case) for case in suite(*cases).case]


def test_in_a_lab_each_device_has_a_run_of_its_own(tmp_path):
    planned = plan_suite(WHOLE, Path("suites"), Library(), lambda *_: SETTINGS, find=Models(), by_device=True)
    assert [(run.name, [target.device.id for target in run.targets]) for run in planned.runs] == [
        (f"{EYES}, camera-30hz, {DECK}", [DECK]), (f"{ARM}, whole-body-policy-50hz, {PI}", [PI]),
        (f"{EYES}, camera-30hz, {PI}", [PI]), (f"{EYES}, camera-10hz, {DECK}", [DECK]),
    ]  # fmt: skip
    files = run_files(WHOLE, tmp_path, by_device=True)
    assert [path.name for path in files.values()] == [
        f"run-{EYES}-camera-30hz-{DECK}.json", f"run-{ARM}-whole-body-policy-50hz-{PI}.json",
        f"run-{EYES}-camera-30hz-{PI}.json", f"run-{EYES}-camera-10hz-{DECK}.json",
    ]  # fmt: skip
    assert list(files) == [run.name for run in planned.runs]
    # Two partners at one device are one run.
    two = suite((EYES, "camera-10hz", PI, "sony-imaging"), (EYES, "camera-10hz", PI))
    (run,) = plan_suite(two, Path(), Library(), lambda *_: SETTINGS, find=Models(), by_device=True).runs
    assert len(run.targets) == 2


def test_a_suite_that_was_stopped_in_a_lab_is_resumed_by_device(tmp_path):
    files = run_files(WHOLE, tmp_path, by_device=True)
    planned = plan_suite(WHOLE, Path("suites"), Library(), lambda *_: SETTINGS, find=Models(), by_device=True)

    def two(numbers):
        for number in (2, 0):
            yield number, Runner()(planned.runs[number], lambda *_: None)
        raise KeyboardInterrupt

    report = report_of(planned, judge_as_they_come(planned.runs, two, save=keep_in(files)))
    assert answers(report) == [
        "MARGINAL",
        "stopped before it was measured",
        "MARGINAL",
        "stopped before it was measured",
    ]
    assert of_portfolio(report, strict=False) == 130
    again, notes = resumed(planned, files)
    assert (notes, [run.made is not None for run in again.runs]) == ((), [True, False, True, False])


def test_settings_that_are_none_are_no_cases_fault():
    def none(job, devices):
        raise AssessError("'fast' is no tier", where="--tier")

    with pytest.raises(AssessError, match="no tier"):
        plan(settings=none)


@pytest.mark.slow
def test_the_shipped_demo_is_measured_once_for_all_of_its_devices():
    library = Library()
    demo = library.suite("demo")
    planned = plan_suite(demo, Path(), library, lambda *_: replace(SETTINGS, tier="smoke"))
    report = judged(planned, runner_of(planned, library, on_wait=print))
    assert [each.outcome.device.id for each in report.results] == [case.device for case in demo.case]
    assert len({one.run_sha256 for one in report.reports}) == 1
