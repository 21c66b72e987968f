"""`assess gate` as it is typed: exit codes, files, and a real gate of two models."""

import json
from pathlib import Path

import onnx
import pytest
from onnx import helper
from onnx_models import saved_chain
from typer.testing import CliRunner

from assess.cli.main import app


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return saved_chain(Path("old.onnx")), saved_chain(Path("more.onnx"), layers=3)


def gate(*words):
    result = CliRunner().invoke(app, ["gate", *map(str, words)])
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--margin", "3 percent"), "--margin: '3 percent' is no share between 0 and 1"),
        (("--allow", "latncy floor"), "--allow: there is no allow 'latncy floor'"),
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
