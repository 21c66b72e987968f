"""The whole flow in exact numbers: a real model, a board, a clock and a runtime that do as they are told."""

import os
from dataclasses import replace
from pathlib import Path

import builders
import fakes
import pytest

from assess import pipeline
from assess.describe.library import Library
from assess.describe.workload import Job, Workload
from assess.errors import AssessError
from assess.judge.finding import Verdict
from assess.judge.fit_report import Fit
from assess.measure.measurement import Settings
from assess.measure.record import from_json, measurement_sha256, to_json
from assess.measure.tiers import CERTIFY, QUICK, SMOKE, STANDARD, SUSTAINED
from assess.report.formats.terminal import terminal

GOLDEN = Path(__file__).parent / "golden"
JOB = Job(builders.workload(cold_start="50 ms"), {
    **builders.WORKLOAD, "requires": {**builders.WORKLOAD["requires"], "cold_start": "50 ms"},
}, Path())  # fmt: skip
ROVER = builders.device(runtimes=(builders.runtime(opset={"max": 18}, operators={"Gemm": {}, "Tanh": {}}),))


@pytest.fixture(scope="module")
def subject():
    return pipeline.find_model("reachy-mini-inverse-kinematics", Library(), dims={})


def run(subject, *, host=None, settings=None, job=JOB, **engine):
    clock, memory = fakes.FakeClock(), fakes.FakeMemory(50, 90, 70, 80)
    memory.method = "VmHWM"
    return pipeline.run(
        subject,
        job,
        settings or Settings(min_count=3400),
        feeds={},
        launch=fakes.launch(fakes.FakeEngine(clock, **engine), fakes.kernel(clock, memory)),
        host=lambda: host or builders.host(),
    )


def answers(report):
    return {finding.criterion: finding.verdict for finding in report.findings}


def test_a_run_on_the_board_itself_decides(subject):
    measurement = run(subject)
    assert measurement.service_ns == (2_000_000,) * 3400
    assert measurement.effective.warmup_count == 250
    report = pipeline.judge(measurement, ROVER, builders.partner(evidence="measured"))
    # A start with warm files bounds a cold one from below only; all else passes.
    assert report.verdict is Fit.MARGINAL
    assert answers(report).pop("cold start") is Verdict.MARGINAL
    assert {v for name, v in answers(report).items() if name != "cold start"} == {Verdict.PASS, Verdict.NOT_ASKED}
    found = {finding.criterion: finding.found for finding in report.findings}
    assert (found["latency"].low, found["latency"].high) == (0.002, 0.002)
    assert found["cold start"].low == pytest.approx(0.049)
    assert found["memory"].high == 40


def test_the_report_is_as_recorded(subject):
    measurement = replace(run(subject), created="2026-11-23T12:00:00+00:00")
    report = replace(pipeline.judge(measurement, ROVER, builders.partner(evidence="measured")), run_sha256="ef" * 32)
    text = terminal(report)
    if os.environ.get("GOLDEN") == "write":
        (GOLDEN / "pipeline-on-device.txt").write_text(text)
    assert text == (GOLDEN / "pipeline-on-device.txt").read_text()


def test_the_same_run_elsewhere_is_a_proxy(subject):
    report = pipeline.judge(run(subject, host=builders.host(board="Laptop")), ROVER)
    assert report.verdict is Fit.UNPROVEN  # The cold start can only be told on the device.
    assert answers(report)["latency"] is Verdict.MARGINAL
    assert answers(report)["cold start"] is Verdict.UNKNOWN


def test_judging_from_the_file_gives_the_same_report(subject):
    measurement = run(subject)
    read = from_json(to_json(measurement), "run.json")
    assert pipeline.judge(read, ROVER) == pipeline.judge(measurement, ROVER)


def test_a_report_names_the_run_it_stands_on_by_content(subject):
    measurement = run(subject)
    assert pipeline.judge(measurement, ROVER).run_sha256 == measurement_sha256(measurement)
    slower = run(subject, runs=[3_000_000] * 4000)
    assert pipeline.judge(slower, ROVER).run_sha256 != measurement_sha256(measurement)


def test_a_model_that_is_too_slow_is_not_ready(subject):
    report = pipeline.judge(run(subject, runs=[40_000_000] * 4000), ROVER)
    assert (report.verdict, answers(report)["latency"]) == (Fit.NOT_READY, Verdict.FAIL)


def test_a_runtime_that_refuses_is_a_finding(subject):
    report = pipeline.judge(run(subject, load=fakes.RefusedError("no kernel for Frobnicate")), ROVER)
    finding = next(finding for finding in report.findings if finding.criterion == "execution")
    assert finding.verdict is Verdict.FAIL
    assert finding.because == "refused in phase 'load': ONNX Runtime refused while loading the model"
    assert finding.details == ("no kernel for Frobnicate",)
    assert answers(report)["latency"] is Verdict.UNKNOWN


def test_the_deadline_may_be_another_jobs_of_the_same_kind(subject):
    strict = builders.workload(deadline="1 ms").model_copy(update={"id": "strict"})
    report = pipeline.judge(run(subject), ROVER, workload=strict)
    assert answers(report)["latency"] is Verdict.FAIL
    assert report.case.workload.id == "strict"


def test_a_malformed_workload_in_a_run_is_told(subject):
    measurement = run(subject, job=Job(builders.workload(), {"name": "x"}, Path()))
    with pytest.raises(AssessError, match="missing key 'version'"):
        pipeline.judge(measurement, ROVER)


def test_without_a_tier_a_host_that_is_no_device_gets_a_smoke_test():
    # A laptop is no rover: its latency decides nothing.
    assert pipeline.default_tier([ROVER], host=lambda: builders.host(board="Laptop")) is SMOKE
    assert pipeline.default_tier([ROVER], host=builders.host) is QUICK
    assert pipeline.default_tier() is QUICK


def requiring(scenario=None, **requires):
    """A job at 30 Hz with other demands."""
    authored = {**builders.WORKLOAD, "scenario": scenario or {"rate": "30 Hz"}, "requires": requires}
    return Job(Workload.model_validate({**authored, "id": "a-job"}), authored, Path())


def settings(tier=QUICK, scenario=None, **options):
    job = builders.job(**(scenario or {"rate": "30 Hz"}))
    return pipeline.settings_of(job, tier, **options)


@pytest.mark.parametrize(
    ("tier", "as_needed", "frames"),
    [(SMOKE, False, 64), (QUICK, False, 662), (STANDARD, False, 6636), (CERTIFY, False, 3315), (SMOKE, True, 64)],
)
def test_a_tier_has_its_frames_and_certify_those_of_the_certificate(tier, as_needed, frames):
    assert settings(tier, as_needed=as_needed).min_count == frames


def test_without_a_tier_the_percentile_decides_how_many_frames():
    tail = requiring(percentile=99.9)
    assert pipeline.settings_of(tail, QUICK, as_needed=True).min_count == 6636
    assert pipeline.settings_of(tail, QUICK, as_needed=True, count=5).min_count == 5


def test_the_passes_are_the_tiers_and_those_that_the_job_needs():
    assert settings(SMOKE).passes == ("floor",)
    assert settings(STANDARD, skip=["memory"]).passes == ("floor", "start", "outputs", "profile")
    starting = requiring(cold_start="1 s")
    assert pipeline.settings_of(starting, SMOKE).passes == ("floor", "start")
    # Who runs which operator is told by the profile.
    assert settings(SMOKE, provider="CUDAExecutionProvider").passes == ("floor", "profile")


def test_what_a_run_takes_is_known_where_a_schedule_releases_frames():
    periodic = builders.job(rate="30 Hz")
    assert pipeline.expected_s(periodic, 662, 15.0) == pytest.approx(22.07, abs=0.01)
    assert pipeline.expected_s(periodic, 64, 15.0) == 15.0
    assert pipeline.expected_s(builders.job(), 6636, 15.0) == pytest.approx(219.0, abs=0.1)


def test_a_pipeline_takes_as_long_as_the_stage_of_the_model_itself():
    stages = [{"name": "detect", "model": "other.onnx", "rate": "20 Hz"},
              {"name": "read", "after": "detect", "probability": "50 %"}]  # fmt: skip
    job = builders.job(kind="pipeline", stage=stages)
    assert pipeline.expected_s(job, 6636, 75.0) == pytest.approx(663.6)
    assert pipeline.settings_of(job, STANDARD).timeout_s == pytest.approx(2 * 663.6)


def test_a_trace_takes_as_long_as_it_plays(tmp_path):
    (tmp_path / "slow.csv").write_text("0\n1\n2\n6\n")
    job = replace(builders.job(kind="trace", trace="slow.csv"), folder=tmp_path)
    # Releases at 0, 1, 2, 6 s, and again from 8 s on: a mean interval of 2 s lies between two rounds.
    assert [pipeline.expected_s(job, count, 0.0) for count in (1, 2, 4, 5, 8)] == [2.0, 3.0, 8.0, 10.0, 16.0]
    assert pipeline.settings_of(job, STANDARD).timeout_s == pytest.approx(2 * 6636 * 2)


def test_a_token_takes_what_the_job_allows_it_and_else_nobody_knows():
    scenario = {"kind": "generate", "prompt_tokens": 8, "new_tokens": 32}
    assert pipeline.expected_s(builders.job(**scenario), 6636, 75.0) == 75.0
    assert pipeline.expected_s(requiring(scenario, token="100 ms"), 6636, 75.0) == pytest.approx(663.6)


def test_no_frames_are_not_taken_for_none_asked():
    assert settings(QUICK, count=0).min_count == 0  # Which no run can have: it is refused.
    assert settings(CERTIFY, count=0).min_count == 0


def test_certify_has_the_frames_that_a_contract_on_misses_needs():
    contract = {"at_most": 2, "in_any": 100}
    # 459 windows without a failure bound their share below 1 % with 99 % confidence.
    assert pipeline.settings_of(requiring(misses=contract), CERTIFY).min_count == 45_900
    # A short window needs fewer frames than the percentile.
    assert pipeline.settings_of(requiring(misses={"at_most": 1, "in_any": 5}), CERTIFY).min_count == 3315
    assert pipeline.settings_of(requiring(misses=contract), QUICK).min_count == 662


def test_the_time_limit_leaves_room_for_the_frames():
    assert settings(QUICK).timeout_s == 600
    assert settings(STANDARD, {"rate": "12 Hz"}).timeout_s == pytest.approx(1106.0)
    # 30 minutes are what the worker itself ends after.
    assert settings(SUSTAINED).timeout_s == 2250.0
    assert settings(STANDARD, {"rate": "2e-5 Hz"}).timeout_s == 31_536_000.0


def test_progress_is_told_from_the_model_to_the_last_inference(subject):
    told = []
    clock = fakes.FakeClock()
    pipeline.run(
        subject,
        JOB,
        Settings(min_count=662),
        feeds={},
        on_progress=lambda *what: told.append(what),
        launch=fakes.launch(fakes.FakeEngine(clock), fakes.kernel(clock)),
        host=builders.host,
    )
    assert list(dict.fromkeys(name for name, _, _ in told)) == [
        "preparing the inputs", "starting", "loading the model", "running the first inference", "warming up",
        "running the timed inferences",
    ]  # fmt: skip
    shares = [done for name, done, _ in told if name == "running the timed inferences" and done is not None]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


def test_a_run_at_one_rate_says_nothing_of_a_job_at_another(subject):
    slow, fast = (builders.job(rate=rate) for rate in ("10 Hz", "1 kHz"))
    measurement = run(subject, job=slow, settings=Settings(min_count=50))
    with pytest.raises(AssessError, match=r"was measured as periodic rate 10\.0, camera-30hz is periodic rate 1000\.0"):
        pipeline.judge(measurement, ROVER, workload=fast.workload)
    # What is required may differ.
    stricter = builders.job(rate="10 Hz").workload.model_copy(update={"id": "strict"})
    assert pipeline.judge(measurement, ROVER, workload=stricter).case.workload.id == "strict"
