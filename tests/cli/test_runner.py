"""`--runner` from the command line: a command of the user's, and OpenVINO's tool for real, from model to report."""

import json
import sys

import fake_tools
import pytest
from typer.testing import CliRunner

from assess.cli.main import app
from assess.measure.record import read

MODEL = "lane-keeping"
JOB = """name = "Bench"
version = 1
sectors = ["robotics"]
why = "a test"
source = "none: a test"
grade = "A"
[scenario]
kind = "single"
[requires]
deadline = "100 ms"
percentile = 99
"""
LINES = "sh -c 'for i in $(seq 700); do echo 1$((i % 10)).5 ms; done'"


@pytest.fixture
def job(tmp_path):
    file = tmp_path / "bench.toml"
    file.write_text(JOB)
    return file


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def measure(folder, job, *words):
    return invoke("measure", MODEL, "-w", job, "-o", folder / "run.json", "--tier", "smoke", *words)


def test_a_command_is_measured_and_judged(tmp_path, job):
    result = measure(tmp_path, job, "--runner", "command", "--runner-command", LINES)
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    assert "measured by command sh, not by assess's own harness" in shown
    assert "of 700 frames" in shown
    assert read(tmp_path / "run.json").tool_run.command[:2] == ("sh", "-c")
    judged = invoke("judge", tmp_path / "run.json", "-d", "raspberry-pi-5-8gb", "-o", tmp_path / "r.html", "-f", "json")
    assert judged.exit_code == 3
    document = json.loads(judged.stdout)
    assert document["run"]["tool_run"]["name"] == "command"
    assert not any("by" in found for found in document["estimates"].values())  # Of the data sheet: it is a proxy.
    assert "measured by command sh, not by assess&#x27;s own harness" in (tmp_path / "r.html").read_text()


def test_fit_repeats_the_runner_in_its_next_steps(job):
    words = ("--runner", "command", "--runner-command", LINES, "--tier", "smoke")
    result = invoke("fit", MODEL, "-w", job, "-d", "raspberry-pi-5-8gb", *words)
    assert result.exit_code == 3, result.output
    assert "--runner command --runner-command" in " ".join(result.stdout.split())


def test_a_suite_has_its_runs_made_by_a_tool(tmp_path, job, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = f'[[case]]\nmodel = "{MODEL}"\nworkload = "{job}"\ndevice = "raspberry-pi-5-8gb"\n'
    (tmp_path / "one.toml").write_text(f'name = "One"\nsummary = "A test."\n{case}')
    words = ("--runner", "command", "--runner-command", LINES, "--tier", "smoke", "--out", "kept")
    result = invoke("suite", "one.toml", *words)
    assert result.exit_code == 3, result.output
    (run,) = (tmp_path / "kept").glob("run-*.json")
    assert read(run).tool_run.name == "command"


def test_a_suite_says_the_unit_of_bare_numbers_and_says_it_again_in_its_next_steps(tmp_path, job, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = f'[[case]]\nmodel = "{MODEL}"\nworkload = "{job}"\ndevice = "raspberry-pi-5-8gb"\n'
    (tmp_path / "one.toml").write_text(f'name = "One"\nsummary = "A test."\n{case}')
    bare = ("--runner", "command", "--runner-command", "sh -c 'for i in $(seq 700); do echo 2.5; done'")
    refused = invoke("suite", "one.toml", *bare, "--tier", "smoke", "--out", "refused")
    assert "or say it for all: --runner-unit ms" in " ".join(refused.output.split())
    result = invoke("suite", "one.toml", *bare, "--runner-unit", "ms", "--tier", "smoke", "--out", "kept", "-f", "json")
    assert result.exit_code == 3, result.output
    (run,) = (tmp_path / "kept").glob("run-*.json")
    assert read(run).service_ns == (2_500_000,) * 700
    assert "--runner-unit ms" in result.stdout


def test_a_failed_command_is_exit_code_5_and_a_garbled_one_2(tmp_path, job):
    assert measure(tmp_path, job, "--runner", "command", "--runner-command", "false").exit_code == 5
    garbled = measure(tmp_path, job, "--runner", "command", "--runner-command", "echo hello")
    assert garbled.exit_code == 2
    assert "line 1 of what it printed is no latency: 'hello'" in garbled.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--runner", "trtexce"), "there is no runner 'trtexce'"),
        (("--runner-command", "x"), "--runner-command: says how a tool is run, and none is named"),
        (("--runner-unit", "ms"), "--runner-unit: says how a tool is run, and none is named"),
        (("--runner", "command", "--provider", "CUDAExecutionProvider"), "--provider is of assess's own harness"),
        (("--runner", "command", "--fidelity"), "--fidelity is of assess's own harness"),
        (("--runner", "command", "--cpus", "1"), "--cpus is of assess's own harness"),
        (("--runner", "command", "--nice-realtime"), "--nice-realtime is of assess's own harness"),
        (("--runner", "command", "--reference", MODEL), "--reference is of assess's own harness"),
        (("--runner", "benchmark_app", "--runner-command", "/nowhere/app"), "/nowhere/app is not there"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, job, words, said):
    result = measure(tmp_path, job, *words)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["html", "md", "txt", "json"])
def test_openvinos_own_tool_from_the_model_to_the_report(tmp_path, job, extension):
    tool, report = fake_tools.real_tool("benchmark_app"), tmp_path / f"report.{extension}"
    words = ("--runner", "benchmark_app", "--runner-command", tool, "--tier", "smoke", "-o", report)
    result = invoke("fit", MODEL, "-w", job, "-d", "intel-core-ultra-1", "--save-run", tmp_path / "run.json", *words)
    assert result.exit_code == 3, result.output
    found = read(tmp_path / "run.json")
    assert found.tool_run.statistics.count >= 64
    assert found.tool_run.version.startswith("20")
    assert found.inputs[0].name == "frame"  # It took the run's own inputs.
    assert "benchmark_app" in report.read_text().replace("\\_", "_")


#: Answers as trtexec 10.9 does: --help, and times of as many inferences as are asked for.
STAND_IN = """#!{python}
import json, sys
print("&&&& RUNNING TensorRT.trtexec [TensorRT v100900] [b34] #", *sys.argv)
options = dict(word.partition("=")[::2] for word in sys.argv[1:])
if "--help" in options:
    print("--iterations=N --exportTimes=<file> --exposeDMA --infStreams=N --idleTime=N --sleepTime=N")
    sys.exit(0)
name, file = options["--loadInputs"].split(":")
assert name == "frame" and len(open(file, "rb").read()) == 1 * 1 * 32 * 48 * 4
rows = [{{"startComputeMs": 2.0 * at, "endD2hMs": 2.0 * at + 2, "startH2dMs": 2.0 * at, "h2dMs": 0.25, "computeMs": 1.5,
          "d2hMs": 0.25, "latencyMs": 2.0}} for at in range(250 + int(options["--iterations"]))]
json.dump(rows, open(options["--exportTimes"], "w"))
print("[I] Data transfers: Enabled")
print("[I] TensorRT version: 10.9.0")
print("[I] Warmup completed 250 queries over 500 ms")
"""


def test_what_trtexec_writes_is_read_from_where_it_was_told_to(tmp_path, job):
    tool = tmp_path / "a folder" / "trtexec"
    tool.parent.mkdir()
    tool.write_text(STAND_IN.format(python=sys.executable))
    tool.chmod(0o755)
    words = ("--runner", "trtexec", "--runner-command", f"'{tool}'", "--min-count", 700, "--min-duration", "1 s")
    result = measure(tmp_path, job, *words)
    assert result.exit_code == 0, result.output
    found = read(tmp_path / "run.json")
    assert found.service_ns == (2_000_000,) * 700  # Without those of the warm-up.
    assert (found.tool_run.title, found.tool_run.warmup_count) == ("trtexec 10.9.0", 250)
    assert found.tool_run.command[0] == str(tool)
    assert "measured by trtexec 10.9.0, not by assess's own harness" in " ".join(result.stdout.split())
