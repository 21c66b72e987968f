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
from assess.measure.fingerprint import machine_key, settings_key
from assess.measure.measurement import Failure, Settings
from assess.project.history import EXACT, Quantity, Run

MACHINE = "fedcba9876543210"
HERE = machine_key(builders.host(), MACHINE)


def numbers(run):
    """Values by name, each with its unit."""
    return {f"{name} [{unit}]": value for name, (value, unit) in run.metrics.items()}


def test_a_measurement_is_kept_by_its_service_times_memory_and_energy():
    energy = (Energy("rapl", "package", 7.0, 7.0, 700, "counter", 2), Energy("hwmon", "board", 14.0, 7.0, 700,
              "integrated", 70, is_whole=True), Energy("idle", "fan", 1.0, 7.0, 0, "counter", 2))  # fmt: skip
    measurement = builders.measurement(energy=energy)
    kept = run_of_measurement(measurement, machine=MACHINE, device_id="acme-rover", commit="c" * 40)
    assert numbers(kept) == pytest.approx({
        "latency floor [s]": 0.010, "latency median [s]": 0.0103495, "latency p99 [s]": 0.010692,
        "peak memory [B]": 62e6, "steady memory [B]": 60e6, "load [s]": 0.2, "first inference [s]": 0.05,
        "file size [B]": 6_100_000, "energy: rapl [J]": 0.01, "energy: hwmon [J]": 0.02,
    })  # fmt: skip
    assert kept == Run(
        "2026-11-23T12:00:00Z", "measure", "student.onnx", "ab" * 32, "camera-30hz", 1, "acme-rover",
        HERE, settings_key(Settings()), "1.32.0", "0.1.0", "c" * 40, "", kept.metrics,
    )  # fmt: skip


def test_a_measurement_that_failed_is_kept_with_what_it_has():
    failed = builders.measurement(
        service_ns=(), load_s=None, first_s=None, memory=None, effective=None,
        failure=Failure("load", "crashed", "stopped by SIGSEGV"),
    )  # fmt: skip
    kept = run_of_measurement(failed, verdict="PASS")
    assert (kept.verdict, kept.onnxruntime, numbers(kept)) == ("FAILED", "", {"file size [B]": 6_100_000})
    assert "latency p99" not in run_of_measurement(builders.measurement(service_ns=(10**6,) * 99)).metrics


def report_of(mode, *comparisons, **changes):
    model = builders.model()
    return GateReport("0.1.0", "2026-11-29T10:00:00+00:00", mode, model, model, "camera-30hz", comparisons,
                      workload_version=3, **changes)  # fmt: skip


@pytest.mark.parametrize(("mode", "kind"), [("rerun", "gate-rerun"), ("floor", "gate-floor")])
def test_a_gate_is_kept_by_what_the_candidate_has(mode, kind):
    comparisons = (
        Comparison("file size", GateVerdict.PASS, "", 6.0e6, 6.1e6, "B"),
        Comparison("operators", GateVerdict.PASS, ""),
        Comparison("latency floor", GateVerdict.REGRESSION, "", 1e-3, 1.1e-3, "s"),
        Comparison("energy: package", GateVerdict.PASS, "", 0.11, 0.12, "J"),
    )
    report = report_of(mode, *comparisons, host=builders.host(), versions={"onnxruntime": "1.30"})
    kept = run_of_gate(report, settings=Settings(threads=2), machine=MACHINE, commit="c" * 40)
    assert kept == Run(
        "2026-11-29T10:00:00+00:00", kind, "student.onnx", "ab" * 32, "camera-30hz", 3, "",
        HERE, settings_key(Settings(threads=2)), "1.30", "0.1.0", "c" * 40, "REGRESSION", kept.metrics,
    )  # fmt: skip
    assert numbers(kept) == {"file size [B]": 6.1e6, "latency floor [s]": 1.1e-3, "energy: package [J]": 0.12}


def test_a_bound_of_a_budget_is_no_value_and_is_not_kept():
    budgets = (
        Comparison("deadline", GateVerdict.PASS, "", None, 0.0312, "s"),
        Comparison("contract on misses", GateVerdict.PASS, "", None, 2.0),
        Comparison("MACs", GateVerdict.PASS, "", 5.0, 5.0),
    )
    assert numbers(run_of_gate(report_of("rerun", *budgets))) == {"MACs []": 5.0}


def test_a_gate_of_files_alone_is_of_no_host():
    report = report_of("static", Comparison("MACs", GateVerdict.PASS, "", 5.0, 5.0))
    kept = run_of_gate(report, settings=Settings(), machine=MACHINE)
    assert (kept.kind, kept.host, kept.settings_key, numbers(kept)) == ("gate-static", "", "", {"MACs []": 5.0})


def test_two_boards_of_one_kind_are_two_hosts():
    report = report_of("rerun", Comparison("MACs", GateVerdict.PASS, "", 5.0, 5.0), host=builders.host())
    baseline = builders.baseline()
    for made in (
        lambda machine: run_of_gate(report, machine=machine),
        lambda machine: run_of_measurement(builders.measurement(), machine=machine),
        lambda machine: run_of_baseline(replace(baseline, machine=machine)),
    ):
        hosts = [made(machine).host for machine in ("a" * 16, "b" * 16, "", "a" * 16)]
        assert len(set(hosts)) == 3
        assert hosts[0] == hosts[3]
        assert hosts[2] == machine_key(builders.host(), "")


def test_a_baseline_is_kept_by_its_floor_and_the_medians_of_its_launches():
    baseline = builders.baseline(workload_id="camera-30hz", workload={"version": 4})
    kept = run_of_baseline(baseline)
    # The launches' floors are 1 ms and 0 to 15 ns: the least of them, as a gate against it takes it.
    assert numbers(kept) == pytest.approx({
        "latency floor [s]": 1e-3, "latency median [s]": 1.0002e-3, "peak memory [B]": 60e6,
        "steady memory [B]": 59e6, "file size [B]": 6_100_000,
    }, rel=1e-9)  # fmt: skip
    assert kept == Run(
        "2026-11-23T12:00:00+00:00", "baseline", "student.onnx", "ab" * 32, "camera-30hz", 4, "",
        machine_key(builders.host(), baseline.machine), settings_key(Settings()), "1.32.0", "0.1.0", "ab" * 20, "",
        kept.metrics,
    )  # fmt: skip
    blind = tuple(replace(each, peak_bytes=None) for each in baseline.launches)
    assert "peak memory" not in run_of_baseline(builders.baseline(launches=blind)).metrics


def test_a_baseline_with_a_run_for_its_job_keeps_the_device_and_the_energy_too():
    kept = run_of_baseline(builders.baseline(job_run=builders.stored_run()))
    assert kept.device_id == "acme-rover"
    assert kept.metrics["energy: package"] == Quantity(0.1, "J")


def test_what_is_read_from_files_is_what_gates_compare():
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
