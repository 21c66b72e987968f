"""`assess gate` as it is typed: exit codes, files, and a real gate of two models."""

import json
from pathlib import Path

import onnx
import pytest
from onnx import helper
from onnx_models import saved_chain
from typer.testing import CliRunner

from assess.cli.gate_options import KINDS, MEANINGLESS
from assess.cli.main import app
from assess.errors import AssessError
from assess.history import Asked, trend


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return saved_chain(Path("old.onnx")), saved_chain(Path("more.onnx"), layers=3)


def gate(*words, **how):
    result = CliRunner().invoke(app, ["gate", *map(str, words)], **how)
    assert "Traceback" not in result.output
    return result


def test_files_alone_give_the_exit_code_of_the_worst(models):
    old, more = models
    assert gate("-m", old, "-a", old, "--static").exit_code == 0
    grown = gate("-m", more, "-a", old, "--static", "--format", "json", "--report", "junit=gate.xml")
    assert grown.exit_code == 1
    assert json.loads(grown.stdout)["verdict"] == "REGRESSION"
    assert Path("gate.xml").read_text().startswith("<?xml")
    metrics = ("file size", "weights", "parameters", "MACs", "nodes", "operators")
    allowed = [word for metric in metrics for word in ("--allow", metric)]
    assert gate("-m", more, "-a", old, "--static", *allowed).exit_code == 0


def test_a_step_of_github_gets_its_summary(models, monkeypatch):
    old, _ = models
    Path("summary.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    result = gate("-m", old, "-a", old, "--static", "--format", "github")
    assert result.stdout == "::notice file=old.onnx,title=PASS::11 metrics\n"
    assert Path("summary.md").read_text().startswith("before\n## PASS: old.onnx against old.onnx")


def full_disk(monkeypatch, *writes):
    """Of files written in this order, those that are False meet a full disk."""
    room = iter(writes)

    def sync(_):
        if not next(room):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", sync)


def test_a_report_that_cannot_be_written_loses_nothing_else(models, monkeypatch):
    old, more = models
    full_disk(monkeypatch, True, False, True)
    reports = [word for report in ("json=a.json", "junit=b.xml", "markdown=c.md") for word in ("--report", report)]
    env = {"GITHUB_STEP_SUMMARY": "summary.md"}
    result = gate("-m", more, "-a", old, "--static", "--format", "github", *reports, "--history", "h.sqlite", env=env)
    assert result.exit_code == 2  # And not 1, of the regression: CI has no report to show.
    assert result.stdout.startswith("::error file=more.onnx,title=REGRESSION")
    assert result.stderr == (
        "written: a.json\nwritten: c.md\nerror: b.xml: could not be written: No space left on device\n"
    )
    assert json.loads(Path("a.json").read_text())["verdict"] == "REGRESSION"
    assert Path("c.md").read_text() == Path("summary.md").read_text()
    assert not Path("b.xml").exists()
    (point,) = trend("h.sqlite", Asked("more.onnx", "nodes", kind="gate-static")).points
    assert (point.value, point.verdict) == (3.0, "REGRESSION")


def test_neither_a_summary_nor_a_history_that_fails_loses_the_other(models, monkeypatch):
    old, _ = models
    Path("folder").mkdir()
    words = ("-m", old, "-a", old, "--static", "--format", "github", "--report", "json=a.json")
    result = gate(*words, "--history", "h.sqlite", env={"GITHUB_STEP_SUMMARY": "folder"})
    assert (result.exit_code, result.stderr) == (
        2, "written: a.json\nerror: folder: could not be written: Is a directory\n"
    )  # fmt: skip
    assert len(trend("h.sqlite", Asked("old.onnx", "nodes")).points) == 1

    def lost(where, run):
        raise AssessError("database is locked", where=where)

    monkeypatch.setattr("assess.history.record", lost)
    result = gate(*words, "--history", "h.sqlite", env={"GITHUB_STEP_SUMMARY": "summary.md"})
    assert (result.exit_code, result.stderr) == (2, "written: a.json\nerror: h.sqlite: database is locked\n")
    assert Path("summary.md").read_text().startswith("## PASS")


def test_a_history_is_no_report(models):
    old, _ = models
    result = gate("-m", old, "-a", old, "--static", "--report", "json=h.sqlite", "--history", "h.sqlite")
    assert (result.exit_code, "h.sqlite: is read or written by this command already" in result.stderr) == (2, True)
    assert not Path("h.sqlite").exists()


#: A value for each option that takes one; of `--workload` and so on none is ever looked up.
VALUES = {
    "--against": "old.onnx", "--baseline": "b.json", "--suite": "s.toml", "--baselines": "kept", "--max-pairs": "12",
    "--budget": "9 s", "--model": "more.onnx", "--workload": "none", "--device": "none", "--dim": "n=1",
    "--input": "x=x.npy", "--history": "h.sqlite", "--margin": "4%", "--provider": "CUDA", "--threads": "2",
    "--provider-option": "a=b", "--optimisation": "basic", "--seed": "1", "--allow": "MACs", "--skip": "MACs",
    "--on": "desk",
}  # fmt: skip
REFUSED = [(beside, option, why) for beside, options, why in MEANINGLESS for option in options]


def typed(*options):
    return [word for option in options for word in ((option, VALUES[option]) if option in VALUES else (option,))]


@pytest.mark.parametrize(("beside", "option", "why"), REFUSED, ids=lambda each: "".join(each) if each else "")
def test_an_option_that_means_nothing_is_refused_by_name(models, beside, option, why):
    kind = [] if set(beside) & set(KINDS) else ["--against"]
    history = [] if option == "--history" else ["--history"] if "--self-test" not in beside else []
    result = gate(*typed(*kind, *beside, option, *history))
    assert result.exit_code == 2
    assert result.stderr == f"error: {option}: {why}\nhint: leave out {option} or {beside[-1]}\n"
    assert {path.name for path in Path().iterdir()} == {"old.onnx", "more.onnx"}


def test_the_table_names_every_pair_that_was_ever_ignored():
    pairs = {(word, option) for beside, option, _ in REFUSED for word in beside}
    assert pairs >= {
        ("--baseline", "--max-pairs"), ("--baseline", "--budget"), ("--suite", "--max-pairs"), ("--suite", "--budget"),
        ("--against", "--baselines"), ("--baseline", "--baselines"), ("--self-test", "--baselines"),
        ("--static", "--device"), ("--self-test", "--history"), ("--suite", "--workload"), ("--suite", "--device"),
        ("--suite", "--dim"), ("--suite", "--input"), ("--suite", "--model"), ("--self-test", "--allow"),
        ("--self-test", "--skip"), ("--self-test", "--static"), ("--self-test", "--device"),
    }  # fmt: skip


def test_what_the_environment_says_for_all_commands_is_no_bad_usage(models, monkeypatch):
    old, _ = models
    monkeypatch.setenv("ASSESS_HISTORY", "h.sqlite")
    assert gate("-m", old, "-a", old, "--static").exit_code == 0
    assert len(trend("h.sqlite", Asked("old.onnx", "nodes")).points) == 1
    unable = gate("-m", "none.onnx", "--self-test")
    assert (unable.exit_code, "--history" in unable.stderr) == (2, False)


@pytest.mark.parametrize(
    "words",
    [
        ("--margin", "3 percent"), ("--device", "raspberry-pi-5-8gb"), ("--format", "xml"), ("--report", "json=none/a"),
        ("--workload", "none"), ("--baseline", "b.json"), ("--allow", "latncy floor"),
    ],
)  # fmt: skip
def test_a_command_line_that_is_refused_makes_no_history(models, words):
    assert gate("-m", models[0], "-a", models[0], "--history", "h.sqlite", *words).exit_code == 2
    assert not Path("h.sqlite").exists()


def test_a_device_is_judged_for_a_job(models):
    result = gate("-m", models[0], "-a", models[0], "--device", "raspberry-pi-5-8gb")
    assert result.stderr.startswith("error: --device: a device is judged for a job\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--margin", "3 percent"), "--margin: '3 percent' is no share between 0 and 1"),
        (("--allow", "latncy floor"), "--allow: there is no metric 'latncy floor'"),
        (("--budget", "20 s", "--max-pairs", "12"), "--budget: either time or the number of pairs is fixed"),
        (("--format", "xml"), "--format: there is no format 'xml'"),
        (("--report", "junit=old.onnx"), "is read or written by this command already"),
    ],
)
def test_bad_usage_is_told_before_anything_is_read(models, words, said):
    result = gate("-m", models[0], "-a", models[0], *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_dimension_that_only_one_of_both_names_is_bound_there(models):
    model = onnx.load("old.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, "open.onnx")
    bound = gate("-m", "open.onnx", "-a", "old.onnx", "--static", "--dim", "batch=1", "--skip", "file size")
    assert bound.exit_code == 0
    wrong = gate("-m", "open.onnx", "-a", "old.onnx", "--static", "--dim", "batch=1", "--dim", "bach=1")
    assert wrong.exit_code == 2
    assert "--dim: neither model has a dynamic dimension 'bach'" in wrong.stderr


def test_a_model_that_is_not_there_is_no_regression(models):
    assert gate("-m", "none.onnx", "-a", models[0]).exit_code == 2


@pytest.mark.slow
def test_a_model_against_itself_is_measured_and_never_a_regression(models):
    old, _ = models
    result = gate("-m", old, "-a", old, "-w", "camera-30hz", "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code in (0, 3)  # 3 where this host is too noisy to tell.
    assert document["verdict"] in ("PASS", "INCONCLUSIVE", "NOISY")
    assert sum(not pair["placebo"] for pair in document["pairs"]) >= 8
    assert document["workload"] == "camera-30hz"


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_is_a_failure(models):
    model = onnx.load("old.onnx")
    model.graph.node[0].domain = "acme.robotics"
    model.opset_import.append(helper.make_opsetid("acme.robotics", 1))
    onnx.save(model, "broken.onnx")
    skip = [word for metric in ("outputs", "operators of unknown cost") for word in ("--skip", metric)]
    result = gate("-m", "broken.onnx", "-a", "old.onnx", *skip)
    assert result.exit_code == 5
    assert "the candidate ONNX Runtime refused it" in result.stdout
