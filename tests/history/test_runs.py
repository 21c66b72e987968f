"""What is kept of a measurement, a gate and a baseline, in exact numbers; and the commit of a model."""

import os
import subprocess
from dataclasses import replace

import builders
import pytest

from assess.gate.plan import METRICS as GATED
from assess.history.commit import commit_of
from assess.history.runs import run_of_baseline, run_of_gate, run_of_measurement
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.report import GateReport
from assess.measure.energy import Energy
from assess.measure.fingerprint import fingerprint, settings_key
from assess.measure.measurement import Failure, Settings
from assess.project.history import EXACT, UNITS, Run


def test_a_measurement_is_kept_by_its_service_times_memory_and_energy():
    energy = (Energy("rapl", "package", 7.0, 7.0, 700, "counter", 2), Energy("hwmon", "board", 14.0, 7.0, 700,
              "integrated", 70, is_whole=True))  # fmt: skip
    measurement = builders.measurement(energy=energy)
    kept = run_of_measurement(measurement, device_id="acme-rover", commit="c" * 40)
    assert dict(kept.metrics) == pytest.approx({
        "latency floor": 0.010, "latency median": 0.0103495, "latency p99": 0.010692, "peak memory": 62e6,
        "steady memory": 60e6, "load": 0.2, "first inference": 0.05, "file size": 6_100_000,
        "energy per inference": 0.02,
    })  # fmt: skip
    assert kept == Run(
        "2026-11-23T12:00:00Z", "measure", "student.onnx", "ab" * 32, "camera-30hz", 1, "acme-rover",
        fingerprint(builders.host()), settings_key(Settings()), "1.32.0", "0.1.0", "c" * 40, "", kept.metrics,
    )  # fmt: skip


def test_a_measurement_that_failed_is_kept_with_what_it_has():
    failed = builders.measurement(
        service_ns=(), load_s=None, first_s=None, memory=None, effective=None,
        failure=Failure("load", "crashed", "stopped by SIGSEGV"),
    )  # fmt: skip
    kept = run_of_measurement(failed, verdict="PASS")
    assert (kept.verdict, kept.onnxruntime, dict(kept.metrics)) == ("FAILED", "", {"file size": 6_100_000})
    assert "latency p99" not in run_of_measurement(builders.measurement(service_ns=(10**6,) * 99)).metrics


def test_a_gate_is_kept_by_what_the_candidate_has():
    model = builders.model()
    comparisons = (
        Comparison("file size", GateVerdict.PASS, "", 6.0e6, 6.1e6, "B"),
        Comparison("operators", GateVerdict.PASS, ""),
        Comparison("latency floor", GateVerdict.REGRESSION, "", 1e-3, 1.1e-3, "s"),
    )
    report = GateReport("0.1.0", "2026-11-29T10:00:00+00:00", "rerun", model, model, "camera-30hz", comparisons,
                        host=builders.host(), versions={"onnxruntime": "1.30"}, workload_version=3)  # fmt: skip
    kept = run_of_gate(report, settings=Settings(threads=2), commit="c" * 40)
    assert kept == Run(
        "2026-11-29T10:00:00+00:00", "gate", "student.onnx", "ab" * 32, "camera-30hz", 3, "",
        fingerprint(builders.host()), settings_key(Settings(threads=2)), "1.30", "0.1.0", "c" * 40, "REGRESSION",
        {"file size": 6.1e6, "latency floor": 1.1e-3},
    )  # fmt: skip


def test_a_gate_of_files_alone_is_of_no_host():
    model = builders.model()
    report = GateReport("0.1.0", "2026-11-29T10:00:00+00:00", "static", model, model, "",
                        (Comparison("MACs", GateVerdict.PASS, "", 5.0, 5.0),))  # fmt: skip
    kept = run_of_gate(report, settings=Settings())
    assert (kept.host, kept.settings_key, kept.metrics) == ("", "", {"MACs": 5.0})


def test_a_baseline_is_kept_by_the_medians_of_its_launches():
    kept = run_of_baseline(builders.baseline(workload_id="camera-30hz", workload={"version": 4}))
    assert dict(kept.metrics) == pytest.approx({
        "latency floor": 1.0000075e-3, "latency median": 1.0002e-3, "peak memory": 60e6, "steady memory": 59e6,
        "file size": 6_100_000,
    })  # fmt: skip
    assert kept == Run(
        "2026-11-23T12:00:00+00:00", "baseline", "student.onnx", "ab" * 32, "camera-30hz", 4, "",
        fingerprint(builders.host()), settings_key(Settings()), "1.32.0", "0.1.0", "ab" * 20, "", kept.metrics,
    )  # fmt: skip
    blind = tuple(replace(each, peak_bytes=None) for each in builders.baseline().launches)
    assert "peak memory" not in run_of_baseline(builders.baseline(launches=blind)).metrics
    assert run_of_baseline(builders.baseline(job=builders.job_kept())).device_id == "acme-rover"


def test_every_metric_with_a_unit_is_one_that_is_kept():
    measured = {"latency p99", "load", "first inference", "energy per inference"}
    assert set(UNITS) - measured <= set(GATED)
    assert set(GATED) >= EXACT


def test_the_commit_is_that_of_the_work_tree_the_model_lies_in(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    model = tmp_path / "tree" / "models" / "student.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"onnx")
    assert commit_of(model) == ""
    git = ["git", "-C", str(tmp_path / "tree"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    assert commit_of(model) == ""  # No commit yet.
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "first"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert commit_of(model) == head
    monkeypatch.setenv("PATH", "")
    assert commit_of(model) == ""
