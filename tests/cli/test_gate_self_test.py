"""`assess gate --self-test` as it is typed: what is refused, its exit codes, and a real one."""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import model_of, port
from typer.testing import CliRunner

from assess.cli.exit_codes import ExitCode
from assess.cli.gate_self_test import of_self_test
from assess.cli.main import app
from assess.judge.gate.self_test import Answer


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    weights = {f"w{index}": rng.standard_normal((64, 64)).astype(np.float32) for index in range(8)}
    names = ["x", *(f"m{index}" for index in range(1, 8)), "y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(8)]
    onnx.save(model_of(nodes, {"x": [1, 64]}, ["y"], weights), "model.onnx")
    return "model.onnx"


def self_test(*words):
    result = CliRunner().invoke(app, ["gate", "--self-test", *map(str, words)])
    assert "Traceback" not in result.output
    return result


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--against", "model.onnx"), "is another gate than --against"),
        (("--static",), "--static: a self-test gates one model, against itself and against copies of it"),
        (
            ("--history", "h.sqlite"),
            "--history: a history keeps runs of models, and a self-test",
        ),
        (("--skip", "MACs"), "--skip: a self-test gates one model"),
        (("--allow", "latency floor"), "--allow: a self-test gates one model"),
        (("--margin", "12%"), "--margin: a self-test slows the model by 10% at most, which a margin of 12% allows"),
        (("--format", "junit"), "--format: there is no format 'junit'"),
        (("--report", "gitlab=x.json"), "--report: there is no report 'gitlab'"),
        (("--report", "json=model.onnx"), "is read or written by this command already"),
        (("--budget", "soon"), "--budget"),
    ],
)
def test_bad_usage_is_told(model, words, said):
    result = self_test("-m", model, *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_it_there_must_be_something_to_compare_with(model):
    result = CliRunner().invoke(app, ["gate", "-m", model])
    assert result.exit_code == 2


def test_a_model_that_no_work_can_be_added_to_is_bad_input(model, tmp_path_factory, monkeypatch):
    # No time is judged: no other timed run on this host need be waited for.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("lock")))
    nodes = [helper.make_node("Add", ["x", "x"], ["y"])]
    onnx.save(model_of(nodes, {"x": ([4], "int64")}, [port("y", [4], "int64")]), "whole.onnx")
    result = self_test("-m", "whole.onnx", "--budget", "1 s")
    assert result.exit_code == 2
    assert "whole.onnx: has no tensor of floats of known shape that depends on its inputs" in result.stderr


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer.ABLE, ExitCode.YES), (Answer.ERRS, ExitCode.NO), (Answer.UNABLE, ExitCode.UNTOLD),
        (Answer.FAILED, ExitCode.FAILED),
    ],
)  # fmt: skip
def test_each_answer_has_its_exit_code(answer, code):
    class Found:
        def __init__(self):
            self.answer = answer

    assert of_self_test(Found()) is code


@pytest.mark.slow
def test_a_real_self_test_gates_the_model_and_what_was_added_is_measured(model, monkeypatch):
    # Two pairs of each gate, and two of the four levels: nothing is proved, and all of it is run.
    monkeypatch.setattr("assess.gate.options.LOOKS", (2,))
    monkeypatch.setattr("assess.gate.self_test.LEVELS", (0.0, 0.10))
    words = ("--budget", "1 s", "--report", "markdown=test.md")
    result = self_test("-m", model, *words, "--format", "json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert (document["schema"], document["answer"]) == ("assess.gate-self-test/1", "UNABLE")
    assert [[len(gate["pairs"]) for gate in level["gates"]] for level in document["levels"]] == [[3]] * 2
    assert document["levels"][1]["injected"]["tensor"] == "y"
    effects = [level["measured"]["latency floor"]["centre"] for level in document["levels"]]
    assert abs(effects[0]) < 0.04 < effects[1] < 0.25
    assert document["versions"]["onnxruntime"]
    assert Path("test.md").read_text().startswith("## UNABLE: model.onnx: gates here cannot tell")
    assert {each.name for each in Path().iterdir()} == {"model.onnx", "test.md"}
