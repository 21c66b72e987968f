"""The main job with real parts, from the command line, on a real model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_authored import ROVER
from typer.testing import CliRunner

from assess.cli.main import app
from assess.measure.host import read_host

pytestmark = pytest.mark.slow
MODEL = "reachy-mini-inverse-kinematics"


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def here(tmp_path):
    """A profile of the machine that the test runs on, recognised by its CPU."""
    host = read_host()
    cpu = host.cpu or pytest.skip("the kernel does not name this host's CPU")
    text = ROVER.replace("[memory]", f'[identity]\ncpu = ["{cpu}"]\n\n[memory]')
    text = text.replace('precision = "int8"', 'precision = "fp32"')
    text = text.replace("8 GiB", f"{host.memory_bytes} B")
    path = tmp_path / "here.toml"
    path.write_text(text)
    return path


#: A job that is certified in seconds, and whose deadline a busy machine keeps too.
BRISK = """
name = "Brisk"
version = 1
sectors = ["robotics"]
why = "a test"
source = "a test"
scenario = { rate = "1 kHz", queue = "queue:1000" }
requires = { deadline = "500 ms", percentile = 99 }
"""
SHORT = ("--min-duration", "1 s", "--skip", "start", "--skip", "memory", "--skip", "profile", "--skip", "outputs")


def test_on_the_device_itself_the_measurement_decides(here, tmp_path):
    out = tmp_path / "report.json"
    (tmp_path / "brisk.toml").write_text(BRISK)
    result = invoke("fit", MODEL, "-d", here, "-w", tmp_path / "brisk.toml", "--tier", "certify", *SHORT, "-o", out)
    report = json.loads(out.read_text())
    assert report["evidence"]["on_device"] is True
    answers = {finding["criterion"]: finding for finding in report["findings"]}
    # Tens of microseconds against 33 ms: no noise of a shared machine comes near it.
    assert answers["latency"]["verdict"] == "PASS"
    assert answers["latency"]["found"]["rung"] == "measured"
    assert answers["execution"]["verdict"] == "PASS"
    assert answers["deadline misses"]["verdict"] == "PASS"
    assert report["verdict"] == "READY"
    assert result.exit_code == 0
    assert result.stdout.startswith("READY  inverse-kinematics.onnx on ACME Rover for Brisk\n")


def test_measuring_then_judging_gives_every_format(tmp_path):
    run = tmp_path / "run.json"
    assert invoke("measure", MODEL, "-w", "camera-30hz", "--tier", "smoke", "-o", run).exit_code in (0, 3)
    outputs = [tmp_path / f"report{suffix}" for suffix in (".html", ".md", ".json", ".txt")]
    options = [word for output in outputs for word in ("-o", output)]
    result = invoke("judge", run, "-d", "nvidia-jetson-orin-nano-8gb", *options)
    assert result.exit_code == 0
    assert result.stdout.startswith("MARGINAL")
    assert all(output.read_text() for output in outputs)
    assert invoke("judge", run, "-d", "nvidia-jetson-orin-nano-8gb", "--strict").exit_code == 1
    assert invoke("judge", run, "-d", "adi-max78000").exit_code == 1


def test_judging_needs_neither_onnx_nor_onnxruntime_nor_numpy(tmp_path):
    run = tmp_path / "run.json"
    invoke("measure", MODEL, "-w", "camera-30hz", "--tier", "smoke", "-o", run)
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    for name in ("onnx", "onnxruntime", "numpy"):
        (blocked / f"{name}.py").write_text(f"raise ImportError('{name} is not installed')\n")
    done = subprocess.run(
        [sys.executable, "-m", "assess", "judge", str(run), "-d", "raspberry-pi-5-8gb", "-o", "report.html"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(blocked)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").is_file()


def test_the_demo_prints_a_report_and_says_where_the_page_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("demo")
    assert result.exit_code == 0, result.output
    assert "on-sensor-detector-full-int8.onnx on NVIDIA Jetson Orin Nano" in result.stdout
    assert "sony-imx500" in result.stdout
    assert "written: assess-demo.html" in result.stderr
    assert Path("assess-demo.html").read_text().startswith("<!doctype html>")


def test_a_model_that_onnx_runtime_refuses_is_a_failed_run_with_a_report(tmp_path):
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Frobnicate", ["x"], ["y"], domain="com.acme")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("com.acme", 1)])
    model.ir_version = 8
    (tmp_path / "odd.onnx").write_bytes(model.SerializeToString())
    result = invoke("fit", tmp_path / "odd.onnx", "-d", "raspberry-pi-5-8gb", "-w", "camera-30hz")
    assert result.exit_code == 5
    assert "com.acme:Frobnicate: not in ONNX Runtime" in " ".join(result.stdout.split())
    assert "refused in phase 'load'" in result.stdout


def test_a_relaxed_job_under_a_known_name_is_told(tmp_path):
    run = tmp_path / "run.json"
    invoke(
        "measure",
        MODEL,
        "-w",
        "camera-30hz",
        "-o",
        run,
        "--tier",
        "smoke",
        "--min-duration",
        "0.1 s",
        "--min-count",
        "30",
    )
    assert "note:" not in invoke("judge", run, "-d", "raspberry-pi-5-8gb").stderr
    document = json.loads(run.read_text())
    document["workload"]["requires"]["deadline"] = "1000 s"
    run.write_text(json.dumps(document))
    relaxed = invoke("judge", run, "-d", "raspberry-pi-5-8gb")
    assert "note: the run's own camera-30hz is not the camera-30hz known here" in relaxed.stderr
    assert "note:" not in invoke("judge", run, "-d", "raspberry-pi-5-8gb", "-w", "camera-30hz").stderr
