"""`assess fit --partner`: all of a partner's jobs on all of its devices, from the command line, on a real model."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import builders
import pytest
from test_authored import ROVER
from typer.testing import CliRunner

from assess.cli.main import app
from assess.cli.output import deliver, named_format
from assess.cli.targets import devices_of, jobs_of, library_of, run_files
from assess.describe.library import Library
from assess.errors import AssessError
from assess.judge.fit_report import judge
from assess.measure.record import read
from assess.report.formats import FORMATS

MODEL = "reachy-mini-inverse-kinematics"
PARTNER = """
name = "ACME"
summary = "Rovers."
source = "none: a test"
devices = ["acme-rover", "acme-scout"]
workloads = {workloads}
standards = ["acme-1"]

[policy]
licences = ["Apache-2.0"]
"""
JOB = """
name = "{name}"
version = 1
sectors = ["robotics"]
why = "a test"
source = "a test"
scenario = {{ {scenario} }}
requires = {{ deadline = "500 ms", percentile = 99 }}
"""
STANDARD = """
name = "ACME 1:2026"
title = "Rovers - Safety"
source = "none: a test"
grade = "A"
shows = "How fast one build is."
cannot_show = "That it is safe."
"""
JOBS = {
    "brisk": 'rate = "100 Hz"',
    "slow": 'rate = "50 Hz"',
    "chat": 'kind = "generate", prompt_tokens = 8, new_tokens = 8',
    "long": 'rate = "2 Hz"',
}


@pytest.fixture
def profiles(tmp_path):
    """A user's own folder of profiles: two rovers, four jobs, and a partner for them."""
    folder = tmp_path / "profiles"
    for kind in ("devices", "workloads", "partners", "standards"):
        (folder / kind).mkdir(parents=True)
    rover = ROVER.replace('precision = "int8"', 'precision = "fp32"')
    for name in ("acme-rover", "acme-scout"):
        (folder / "devices" / f"{name}.toml").write_text(rover.replace("ACME Rover", name))
    for name, scenario in JOBS.items():
        (folder / "workloads" / f"{name}.toml").write_text(JOB.format(name=name, scenario=scenario))
    (folder / "standards" / "acme-1.toml").write_text(STANDARD)
    deploys(folder, "brisk", "slow")
    return folder


def deploys(folder, *jobs):
    (folder / "partners" / "acme.toml").write_text(PARTNER.format(workloads=json.dumps(jobs)))


def fit(*arguments):
    return CliRunner().invoke(app, ["fit", MODEL, *map(str, arguments)])


def test_without_devices_and_jobs_they_are_the_partners(profiles):
    library = library_of([profiles], "acme")
    acme = library.partner("acme")
    assert [device.id for device in devices_of(None, acme, library)] == ["acme-rover", "acme-scout"]
    assert [job.workload.id for job in jobs_of((), acme, library)] == ["brisk", "slow"]
    # What is named comes instead, of the partner or not.
    assert [device.id for device in devices_of(["sony-ps5"], acme, library)] == ["sony-ps5"]
    assert [job.workload.id for job in jobs_of(["slow", "camera-30hz"], acme, library)] == ["slow", "camera-30hz"]


def test_a_partner_given_by_its_path_brings_its_own_devices_along(profiles):
    path = str(profiles / "partners" / "acme.toml")
    library = library_of(None, path)
    assert [device.id for device in devices_of(None, library.partner(path), library)] == ["acme-rover", "acme-scout"]
    assert library_of(None, "honda-mobility").ids("partners") == Library().ids("partners")


def test_a_device_or_a_job_that_is_named_twice_is_refused(profiles):
    library = library_of([profiles], None)
    twice = [str(profiles / "devices" / "acme-rover.toml"), "acme-rover"]
    with pytest.raises(AssessError, match="'acme-rover' is named twice"):
        devices_of(twice, None, library)
    with pytest.raises(AssessError, match="'slow' is named twice"):
        jobs_of(["slow", "slow"], None, library)


def test_what_a_partner_lists_twice_is_judged_once(profiles):
    text = PARTNER.format(workloads=json.dumps(["slow", "brisk", "slow"]))
    (profiles / "partners" / "acme.toml").write_text(text.replace('"acme-scout"]', '"acme-scout", "acme-rover"]'))
    library = library_of([profiles], "acme")
    acme = library.partner("acme")
    assert [device.id for device in devices_of(None, acme, library)] == ["acme-rover", "acme-scout"]
    assert [job.workload.id for job in jobs_of(None, acme, library)] == ["slow", "brisk"]


def test_the_runs_of_several_jobs_have_a_file_each():
    one, other = builders.job(), builders.job(rate="10 Hz")
    other = type(other)(other.workload.model_copy(update={"id": "slow"}), other.authored, other.folder)
    assert run_files(None, [one, other]) == {}
    assert run_files(Path("a/run.json"), [one]) == {"camera-30hz": Path("a/run.json")}
    assert run_files(Path("a/run.v2.json"), [one, other]) == {
        "camera-30hz": Path("a/run.v2-camera-30hz.json"),
        "slow": Path("a/run.v2-slow.json"),
    }


@pytest.mark.parametrize(
    ("kind", "name"), [("devices", "acme-scout"), ("workloads", "slow"), ("standards", "acme-1"), ("partners", "acme")]
)
@pytest.mark.parametrize("broken", ["name = ", 'name = "ACME"\n', None], ids=["no toml", "not whole", "not there"])
def test_what_cannot_be_loaded_is_told_before_anything_is_read_or_measured(profiles, tmp_path, kind, name, broken):
    file = profiles / kind / f"{name}.toml"
    file.unlink() if broken is None else file.write_text(broken)
    saved = tmp_path / "run.json"
    result = fit("-p", "acme", "--profiles", profiles, "--tier", "smoke", "--save-run", saved)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert name in result.stderr
    assert "measuring" not in result.stderr
    assert not list(tmp_path.glob("run*"))


def test_a_report_that_cannot_be_written_is_printed_all_the_same(tmp_path, monkeypatch, capsys):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    report = judge(builders.case(), run_sha256="", tool="0.1.0")
    with pytest.raises(AssessError, match="No space left on device"):
        deliver(report, named_format("terminal"), [tmp_path / "report.html"])
    assert capsys.readouterr().out.startswith("UNPROVEN  student.onnx")


def test_a_report_that_cannot_be_written_keeps_no_other_from_being_written(tmp_path, monkeypatch, capsys):
    full = iter([OSError(28, "No space left on device"), None, OSError(28, "No space left on device")])

    def sync(_):
        if error := next(full):
            raise error

    monkeypatch.setattr("os.fsync", sync)
    report = judge(builders.case(), run_sha256="", tool="0.1.0")
    with pytest.raises(AssessError, match=r"a\.html: could not be written"):
        deliver(report, named_format("terminal"), [tmp_path / name for name in ("a.html", "b.md", "c.json")])
    said = capsys.readouterr()
    assert said.out.startswith("UNPROVEN  student.onnx")
    assert said.err == (
        f"written: {tmp_path}/b.md\nerror: {tmp_path}/c.json: could not be written: No space left on device\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["b.md"]


def test_a_format_that_fails_keeps_no_other_from_being_written(tmp_path, capsys):
    def broken(report):
        raise ZeroDivisionError

    report = judge(builders.case(), run_sha256="", tool="0.1.0")
    with pytest.MonkeyPatch.context() as patch:
        forms = [replace(form, render=broken) if form.name == "html" else form for form in FORMATS]
        patch.setattr("assess.cli.output.FORMATS", forms)
        with pytest.raises(ZeroDivisionError):
            deliver(report, named_format("terminal"), [tmp_path / "a.html", tmp_path / "b.md"])
    assert capsys.readouterr().out.startswith("UNPROVEN  student.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["b.md"]


@pytest.mark.slow
def test_a_portfolio_is_measured_once_a_job_and_judged_for_each_device(profiles, tmp_path):
    outputs = [tmp_path / f"all{suffix}" for suffix in (".html", ".md", ".json", ".txt")]
    options = [word for output in outputs for word in ("-o", output)]
    result = fit("-p", "acme", "--profiles", profiles, "--tier", "smoke", "--save-run", tmp_path / "run.json", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("0 of 4 cases READY, 4 MARGINAL  inverse-kinematics.onnx for ACME\n")
    assert "  workload  acme-rover  acme-scout\n  brisk     MARGINAL    MARGINAL\n" in result.stdout
    assert "ACME 1:2026 (Rovers - Safety)" in result.stdout
    assert result.stderr.startswith(
        "2 runs for 4 cases, about 3 s of frames and 6 s of other passes\n  brisk: measuring (smoke): "
    )
    runs = [tmp_path / f"run-{job}.json" for job in ("brisk", "slow")]
    assert all(f"written: {output}\n" in result.stderr for output in (*outputs, *runs))
    cases = json.loads((tmp_path / "all.json").read_text())["cases"]
    names = [(case["workload"]["id"], case["device"]["id"]) for case in cases]
    assert names == [(job, device) for job in ("brisk", "slow") for device in ("acme-rover", "acme-scout")]
    hashes = [case["evidence"]["run_sha256"] for case in cases]
    assert hashes[0] == hashes[1] != hashes[2] == hashes[3]
    assert [read(tmp_path / f"run-{job}.json").workload_id for job in ("brisk", "slow")] == ["brisk", "slow"]
    # What was saved gives the same case, but that the run does not know where its model lies.
    again = CliRunner().invoke(
        app, ["judge", str(tmp_path / "run-slow.json"), "-d", "acme-scout", "-p", "acme", "-f", "json",
              "--profiles", str(profiles)],
    )  # fmt: skip
    assert json.loads(again.stdout.replace(" inverse-kinematics.onnx --", f" {MODEL} --")) == cases[3]
    assert fit("-p", "acme", "--profiles", profiles, "--tier", "smoke", "-w", "brisk", "--strict").exit_code == 1


@pytest.mark.slow
def test_a_job_that_the_model_cannot_do_is_told_and_the_others_are_judged(profiles, tmp_path):
    deploys(profiles, "chat", "brisk")
    out = tmp_path / "all.json"
    result = fit("-p", "acme", "--profiles", profiles, "-d", "acme-rover", "--tier", "smoke", "-o", out)
    assert result.exit_code == 3
    assert (
        "1 run for 2 cases, about 2 s of frames and 3 s of other passes; 1 of 2 workloads cannot be run"
        in result.stderr
    )
    document = json.loads(out.read_text())
    assert [case["workload"]["id"] for case in document["cases"]] == ["brisk"]
    assert document["not_judged"] == [
        {
            "workload": "chat", "device": "acme-rover", "because": "the model has no input 'input_ids'",
            "next_step": "a workload of kind 'generate' needs a decoder", "stopped": False,
        }
    ]  # fmt: skip
    # Alone, it is bad usage, as it always was.
    alone = fit("-p", "acme", "--profiles", profiles, "-d", "acme-rover", "-w", "chat")
    assert alone.exit_code == 2
    assert alone.stdout == ""
    assert alone.stderr.startswith("error: the model has no input 'input_ids'\n")


@pytest.mark.slow
def test_a_run_that_cannot_be_saved_ends_the_command_and_what_was_measured_is_printed(profiles, tmp_path, monkeypatch):
    room = iter([True])

    def full(_):
        if not next(room, False):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    deploys(profiles, "brisk", "slow", "long")
    options = ["-d", "acme-rover", "--tier", "smoke", "--save-run", tmp_path / "run.json"]
    result = fit("-p", "acme", "--profiles", profiles, *options)
    assert result.exit_code == 2
    assert result.stdout.startswith("0 of 3 cases READY, 2 MARGINAL, 1 not judged  ")
    assert "not measured, since the run for slow could not be saved" in result.stdout
    assert f"error: {tmp_path / 'run-slow.json'}: could not be written: No space left on device\n" in result.stderr
    assert [path.name for path in tmp_path.glob("run*")] == ["run-brisk.json"]


@pytest.mark.slow
def test_a_run_and_a_report_that_cannot_be_saved_are_both_told(profiles, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    options = ["-d", "acme-rover", "-w", "brisk", "--tier", "smoke", "--save-run", tmp_path / "run.json"]
    result = fit("--profiles", profiles, *options, "-o", tmp_path / "all.md")
    assert result.exit_code == 2
    assert result.stdout.startswith("MARGINAL  inverse-kinematics.onnx on acme-rover")
    assert result.stderr.splitlines()[-2:] == [
        f"error: {tmp_path / name}: could not be written: No space left on device" for name in ("all.md", "run.json")
    ]


@pytest.mark.slow
def test_a_bug_in_one_run_is_a_bug_and_what_was_judged_is_written(profiles, tmp_path, monkeypatch):
    from assess import pipeline

    real = pipeline.run

    def run(subject, job, *rest, **more):
        if job.workload.id == "slow":
            raise OverflowError("timestamp too large")
        return real(subject, job, *rest, **more)

    monkeypatch.setattr(pipeline, "run", run)
    deploys(profiles, "slow", "brisk")
    out = tmp_path / "all.json"
    options = ["-d", "acme-rover", "--tier", "smoke", "--save-run", tmp_path / "run.json", "-o", out]
    result = fit("-p", "acme", "--profiles", profiles, *options)
    assert result.exit_code == 70
    assert result.stdout.startswith("0 of 2 cases READY, 1 MARGINAL, 1 not judged  ")
    assert "assess itself failed: OverflowError: timestamp too large" in result.stdout
    assert [case["workload"]["id"] for case in json.loads(out.read_text())["cases"]] == ["brisk"]
    assert read(tmp_path / "run-brisk.json").workload_id == "brisk"
    assert "OverflowError: timestamp too large" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: assess itself failed; this is a bug")
    # What to do next can be typed as it is.
    assert f"assess measure {MODEL} --workload brisk --profiles {profiles} -o run.json" in re.sub(
        r"\s+", " ", result.stdout
    )


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=lambda signum: signum.name)
def test_what_was_done_before_it_was_stopped_is_written(profiles, tmp_path, signum):
    deploys(profiles, "brisk", "long", "slow")
    command = [sys.executable, "-m", "assess", "fit", MODEL, "-p", "acme", "--profiles", profiles, "-d", "acme-rover"]
    command += ["--tier", "smoke", "--save-run", "run.json", "-o", "all.json"]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    deadline = time.monotonic() + 60
    while not ((tmp_path / "run-brisk.json").exists() and list(temporary.glob("*/frames"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.5)  # Into the run of the next job, which takes half a minute.
    process.send_signal(signum)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    document = json.loads((tmp_path / "all.json").read_text())
    assert [case["workload"]["id"] for case in document["cases"]] == ["brisk"]
    whys = [(case["workload"], re.sub(r"\d+ frames?$", "N frames", case["because"])) for case in document["not_judged"]]
    assert whys == [
        ("long", "stopped while it was measured, after N frames"),
        ("slow", "stopped before it was measured"),
    ]
    assert said.startswith("0 of 3 cases READY, 1 MARGINAL, 2 not judged  ")
    assert read(tmp_path / "run-long.json").incomplete.startswith(f"stopped by {signum.name} after ")
    assert not (tmp_path / "run-slow.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=lambda signum: signum.name)
def test_one_case_that_was_stopped_is_reported_and_its_run_saved(profiles, tmp_path, signum):
    command = [sys.executable, "-m", "assess", "fit", MODEL, "-w", "long", "--profiles", profiles, "-d", "acme-rover"]
    command += ["--tier", "smoke", "--skip", "floor", "--save-run", "run.json", "-o", "one.json"]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    deadline = time.monotonic() + 60
    while not list(temporary.glob("*/frames")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(3)  # Into the run, which takes half a minute.
    process.send_signal(signum)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    run = read(tmp_path / "run.json")
    assert run.incomplete.startswith(f"stopped by {signum.name} after ")
    kept = len(run.frames)
    assert kept >= 1
    (case,) = json.loads((tmp_path / "one.json").read_text())["not_judged"]
    assert case["because"] == f"stopped while it was measured, after {kept} frame{'s' * (kept != 1)}"
    assert case["stopped"] is True
    assert said.startswith("0 of 1 case READY, 1 not judged  ")
    assert case["because"] in said
