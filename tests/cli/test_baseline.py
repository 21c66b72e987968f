"""`assess baseline` as it is typed, and gates against what it keeps; a few of them real."""

import json
from dataclasses import replace
from pathlib import Path

import builders
import pytest
from onnx_models import saved_chain
from typer.testing import CliRunner

from assess.cli.main import app
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.baseline_json import read, to_json
from assess.measure.fingerprint import machine_id
from assess.measure.host import read_host


def assess(*words):
    result = CliRunner().invoke(app, [*map(str, words)])
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("baselines").mkdir()
    made = builders.baseline()
    old = replace(made, acceptance=replace(made.acceptance, when="2026-01-01T00:00:00+00:00"))
    Path("baselines/old.baseline.json").write_text(to_json(old))
    here = replace(made, host=read_host(), machine=machine_id())
    Path("baselines/here.baseline.json").write_text(to_json(here))
    return Path("baselines")


def test_what_is_there_is_listed(folder):
    text = assess("baseline", "list").stdout.splitlines()
    assert text[0].split() == ["FILE", "MODEL", "JOB", "FLOOR", "MACHINE", "ACCEPTED", "BY", "WHY"]
    assert text[1].startswith("here.baseline.json  ") and text[2].startswith("old.baseline.json   ")
    assert text[2].endswith("2026-01-01  Mio  the first one")
    own = json.loads(assess("baseline", "list", folder, "--here", "-f", "json").stdout)
    assert [(each["file"], each["floor_s"]) for each in own["baselines"]] == [("here.baseline.json", 0.001)]
    assert own["schema"] == "assess.baselines/1"


def test_one_that_cannot_be_read_is_told_and_the_others_are_listed(folder):
    (folder / "cut.baseline.json").write_text("{")
    result = assess("baseline", "list")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert "cut.baseline.json: is not JSON" in result.stderr


def test_one_is_shown(folder):
    text = assess("baseline", "show", folder / "old.baseline.json").stdout
    assert "accepted     2026-01-01T00:00:00+00:00 by Mio, commit abababababab" in text
    assert "floor        1 ms in 16 launches, reached again within 0.0%" in text
    assert "slowest      2 ms, median of launches; 2 ms to 2 ms" in text
    missing = assess("baseline", "show", "none.json")
    assert (missing.exit_code, missing.stderr) == (2, "error: none.json: cannot be read: No such file or directory\n")


def test_nothing_goes_without_yes(folder):
    said = assess("baseline", "prune", "--older-than", "180")
    assert said.stdout == "would remove old.baseline.json (2026-01-01, Mio: the first one)\n"
    assert len(list(folder.iterdir())) == 2
    assert assess("baseline", "prune", "--other-hosts", "--yes").stdout.startswith("removed old.baseline.json")
    assert [each.name for each in folder.iterdir()] == ["here.baseline.json"]
    assert assess("baseline", "prune", "--other-hosts").stdout == "none of them\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "none"), "none: there is no such folder"),
        (("prune",), "nothing says which are to go"),
        (("prune", "--older-than", "soon"), "--older-than: 'soon' is no number of days"),
        (("accept", "-m", "m.onnx", "--why", " "), "--why: is empty"),
        (("accept", "-m", "m.onnx", "--why", "x", "--who", "y" * 501), "--who: is empty, or longer than 500"),
        (("accept", "-m", "none.onnx", "--why", "x"), "none.onnx"),
        (
            ("accept", "-m", "m.onnx", "--why", "x", "-d", "raspberry-pi-5-8gb"),
            "--device: a device is judged for a job",
        ),
        (("show", "old.baseline.json", "-f", "xml"), "--format: there is no format 'xml'"),
    ],
)
def test_bad_usage_is_told(folder, words, said):
    result = assess("baseline", *words)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--against: there is nothing to compare with"),
        (("-b", "b.json", "-a", "old.onnx"), "--baseline: is another gate than --against"),
        (("-b", "b.json", "--budget", "20 s"), "--budget: a stored floor is compared with a fixed number of launches"),
        (("-b", "none.json"), "none.json: cannot be read"),
        (("--suite", "robotics"), "--baselines: is missing"),
        (("--suite", "robotics", "--baselines", "none"), "--baselines none: there is no such folder"),
    ],
)
def test_a_gate_of_none_or_two_kinds_is_refused(folder, words, said):
    model = () if "--suite" in words else ("-m", saved_chain(Path("new.onnx")))
    result = assess("gate", *model, *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_suite_names_its_models_itself(folder):
    result = assess("gate", "--suite", "robotics", "--baselines", "baselines", "-m", "x.onnx")
    assert (result.exit_code, "--model: the suite names models, jobs and devices itself" in result.stderr) == (2, True)


SUITE = """
name = "Two"
summary = "One model that was accepted and one that was not."
[[case]]
model = "one.onnx"
workload = "wafer-defect-review"
device = "raspberry-pi-5-8gb"
[[case]]
model = "two.onnx"
workload = "wafer-defect-review"
device = "raspberry-pi-5-8gb"
[[case]]
model = "gone.onnx"
workload = "wafer-defect-review"
device = "raspberry-pi-5-8gb"
"""


@pytest.mark.slow
def test_what_is_accepted_is_compared_with_alone_and_in_a_suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved_chain(Path("one.onnx"), layers=20, width=64)
    saved_chain(Path("two.onnx"))
    Path("two.toml").write_text(SUITE)
    job = ("-w", "wafer-defect-review")
    accepted = assess("baseline", "accept", "-m", "one.onnx", *job, "-d", "raspberry-pi-5-8gb", "--why", "the first")
    assert accepted.exit_code in (0, 3), accepted.output  # A host too noisy for a baseline says so.
    if accepted.exit_code == 3:
        assert "not accepted: NOISY" in accepted.stderr
        pytest.skip("this host is too noisy for a baseline")
    (file,) = Path("baselines").iterdir()
    assert (read(file).acceptance.why, read(file).job_run.fits[0].device) == ("the first", "raspberry-pi-5-8gb")
    result = assess("gate", "-m", "one.onnx", "-b", file, *job, "-f", "json")
    assert result.exit_code in (0, 3, 4), result.output
    report = json.loads(result.stdout)
    assert (report["mode"], report["accepted"]["why"]) == ("floor", "the first")
    static = assess("gate", "--suite", "two.toml", "--baselines", "baselines", "--static", "-f", "json")
    assert static.exit_code == 4
    gates = json.loads(static.stdout)["gates"]
    assert [(each["name"].partition(",")[0], each["verdict"]) for each in gates] == [
        ("one.onnx", "PASS"), ("two.onnx", "NOT COMPARABLE"), ("gone.onnx", "NOT COMPARABLE")
    ]  # fmt: skip
    assert "has no baseline of it" in gates[1]["why"] and "no such" in gates[2]["why"]


def test_what_is_not_accepted_on_an_emulated_host_has_an_exit_code_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    why = "the processor is emulated, by qemu-aarch64-st, in user mode: times are the emulator's"
    refused = Comparison("latency floor", GateVerdict.NOT_COMPARABLE, why, next_step="run it on the device itself")
    monkeypatch.setattr("assess.gate.accept.accept", lambda *asked, **options: refused)
    result = assess("baseline", "accept", "--model", saved_chain(tmp_path / "m.onnx"), "--why", "a test")
    assert result.exit_code == 4
    assert f"not accepted: NOT COMPARABLE: {why}" in result.stderr
