"""The gate in a job of GitHub: `action.yml` is what GitHub's schema asks for, and its steps are run."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from shutil import which
from xml.etree.ElementTree import parse

import numpy as np
import onnx
import pytest
from composite_action import ROOT, act, read
from onnx import helper
from onnx_models import model_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for sh")

#: In many images sh is bash, which forgets a process sooner than dash does.
SHELLS = [shell for shell in ("sh", "bash") if which(shell)]
SCRIPTS = sorted((ROOT / "ci").glob("*.sh"))
ACTION = read(ROOT / "action.yml")
HOSTILE = "a b; touch pwned $(touch pwned) `touch pwned` ${HOME} 'x' \"y\".onnx"


def saved(path, *, layers=1, width=8, rows=1, domain=""):
    rng = np.random.default_rng(0)
    weights = {
        f"w{index}": (rng.standard_normal((width, width)) / width**0.5).astype(np.float32) for index in range(layers)
    }
    names = ["x", *(f"m{index}" for index in range(1, layers)), "y"]
    nodes = [
        helper.make_node("MatMul", [names[index], f"w{index}"], [names[index + 1]], domain=domain)
        for index in range(layers)
    ]
    domains = ("com.microsoft", *([domain] if domain else []))
    onnx.save(model_of(nodes, {"x": [rows, width]}, ["y"], weights, domains=domains), path)
    return path.name


@pytest.fixture
def models(tmp_path):
    """A folder with an accepted model, and one with more layers."""
    saved(tmp_path / "old.onnx")
    saved(tmp_path / "more.onnx", layers=3)
    return tmp_path


def gated(folder, **inputs):
    """The action as a workflow uses it, with the assess of this environment."""
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    return act({"install": "false", "against": "old.onnx", **named}, folder)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script):
    command = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([command, "--shell=sh", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("schema", "file"), [("github-actions", "action.yml"), ("gitlab-ci", "ci/gitlab.yml")], ids=("github", "gitlab")
)
def test_the_file_is_what_the_official_schema_asks_for(schema, file):
    command = Path(sys.executable).parent / "check-jsonschema"
    words = [command, "--builtin-schema", f"vendor.{schema}", ROOT / file]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_input_is_ever_part_of_a_script():
    steps = ACTION["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) == 2
    assert not [script for script in scripts if "${{" in script]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps if "uses" in step)


def test_every_input_reaches_the_gate_by_a_variable_that_the_script_knows():
    env = ACTION["runs"]["steps"][-1]["env"]
    handed = {re.search(r"inputs\.([\w-]+)", value)[1] for value in env.values() if "inputs." in value}
    assert set(ACTION["inputs"]) - handed == {"install", "python-version"}
    known = set(re.findall(r"^#   (ASSESS_\w+) ", (ROOT / "ci" / "gate.sh").read_text(), re.MULTILINE))
    assert set(env) == known
    assert known <= set(read(ROOT / "ci" / "gitlab.yml")[".assess-gate"]["variables"]) | {"ASSESS_LENIENT"}


@pytest.mark.slow
def test_a_model_as_good_as_the_accepted_one_passes(models):
    ran = gated(models, model="old.onnx", static="true", report_junit="reports/gate.xml")
    assert ran.code == 0
    assert ran.outputs == {"verdict": "PASS", "exit-code": "0", "report-json": "./assess-gate.json"}
    assert "::notice file=old.onnx,title=PASS::" in ran.log
    assert ran.summary.startswith("## PASS: old.onnx against old.onnx")
    assert json.loads((models / "assess-gate.json").read_text())["schema"] == "assess.gate/1"
    assert parse(models / "reports" / "gate.xml").getroot().get("failures") == "0"
    # The table is for people: nothing in it is a command to GitHub.
    stop, table, go_on = re.search(r"^::stop-commands::(\S+)\n(.*?)^::(\S+)::$", ran.log, re.M | re.S).groups()
    assert stop == go_on
    assert table.startswith("PASS  old.onnx against old.onnx")


@pytest.mark.slow
def test_a_regression_fails_the_job_unless_it_is_allowed(models):
    ran = gated(models, model="more.onnx", static="true", lenient="true", allow="nodes\n  MACs\n")
    assert ran.code == 1
    assert (ran.outputs["verdict"], ran.outputs["exit-code"]) == ("REGRESSION", "1")
    assert "::error file=more.onnx,title=REGRESSION%3A weights::" in ran.log
    assert "title=REGRESSION%3A nodes" not in ran.log
    allow = "nodes\nMACs\nweights\nparameters\n"
    left = gated(models, model="more.onnx", static="true", allow=allow, skip="file size\noperators")
    assert (left.code, left.outputs["verdict"]) == (0, "PASS")


@pytest.mark.slow
def test_what_could_not_be_told_fails_the_job_unless_it_is_lenient(models):
    saved(models / "wide.onnx", rows=64, width=512, layers=2)  # A millisecond: 0.01 % of it is never known.
    asked = {"model": "wide.onnx", "against": "wide.onnx", "margin": "0.01%", "budget": "1 s"}
    asked["skip"] = "outputs\nlatency median\npeak memory\nsteady memory"
    ran = gated(models, **asked, lenient="true")
    assert ran.code == 0
    assert ran.outputs["exit-code"] == "3"
    assert ran.outputs["verdict"] in ("NOISY", "INCONCLUSIVE")
    assert f"the gate could not tell ({ran.outputs['verdict']}), which does not fail this job" in ran.log
    assert "::warning file=wide.onnx" in ran.log


@pytest.mark.slow
def test_a_model_that_cannot_be_run_is_no_regression(models):
    saved(models / "broken.onnx", domain="acme.robotics")
    skipped = "outputs\noperators\noperators of unknown cost\nfile size\nMACs\noutput ports\nlive activations"
    ran = gated(models, model="broken.onnx", skip=skipped, lenient="true")
    assert ran.code == 5
    assert (ran.outputs["verdict"], ran.outputs["exit-code"]) == ("FAILED", "5")
    assert "::error file=broken.onnx,title=FAILED%3A run::" in ran.log


@pytest.mark.slow
def test_a_model_that_is_not_there_is_not_judged(models):
    (models / "assess-gate.json").write_text('{\n  "verdict": "PASS",\n}\n')  # Of an earlier job.
    ran = gated(models, model="none.onnx", static="true")
    assert ran.code == 2
    assert ran.outputs == {"verdict": "", "exit-code": "2", "report-json": ""}
    assert "none.onnx: there is no such file" in ran.log


@pytest.mark.slow
def test_hostile_names_and_words_stay_data(models):
    folder = models / "a  folder\nof two lines"
    folder.mkdir()
    (folder / HOSTILE).write_bytes((models / "old.onnx").read_bytes())
    name = str(folder / HOSTILE)
    ran = gated(models, model=name, against=name, static="true", report_json=f"{HOSTILE}.json", report_junit="-x.xml")
    assert (ran.code, ran.outputs["verdict"]) == (0, "PASS")
    assert ran.outputs["report-json"] == f"./{HOSTILE}.json"
    assert (models / f"{HOSTILE}.json").exists()
    assert (models / "-x.xml").exists()
    assert "title=PASS::" in ran.log
    words = gated(models, model="old.onnx", static="true", allow="MACs\n; touch pwned\n$(touch pwned)")
    assert words.code == 2
    assert "there is no metric '; touch pwned'" in words.log
    assert not list(models.rglob("pwned"))


def recorder(folder, *, code=0):
    """An `assess` that only notes the words it is given."""
    file = folder / "recorder"
    file.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" >"{folder}/words"\nexit {code}\n')
    file.chmod(0o755)
    return file


def words_of(folder, **inputs):
    (folder / "bin").mkdir()
    recorder(folder).rename(folder / "bin" / "assess")
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    ran = act({"install": "false", **named}, folder, {"PATH": f"{folder}/bin:/usr/bin:/bin"})
    return ran, (folder / "words").read_text().split("\0")[:-1]


def test_every_input_is_a_word_of_the_command(tmp_path):
    ran, words = words_of(
        tmp_path, model="--static", baseline="b.json", suite="s.toml", baselines="kept here", workload="camera-30hz",
        device="raspberry-pi-5\n\n  jetson-orin-nano ", margin="5%", budget="60 s", static="true",
        allow="MACs\n\n  peak memory  ", skip="outputs", args="--dim\nbatch=1\n  two  words * \\n",
        report_json="a/j.json", report_junit=f"{tmp_path}/b/j.xml",
    )  # fmt: skip
    for form in ("terminal", "verdict"):
        words.remove(next(word for word in words if word.startswith(f"--report={form}=")))
    assert words == [
        "gate", "--dim", "batch=1", "  two  words * \\n",
        "--report=json=./a/j.json", f"--report=junit={tmp_path}/b/j.xml", "--model=--static",
        "--baseline=b.json", "--suite=s.toml", "--baselines=kept here", "--workload=camera-30hz", "--margin=5%",
        "--budget=60 s", "--static", "--format=github", "--device=raspberry-pi-5", "--device=jetson-orin-nano",
        "--allow=MACs", "--allow=peak memory", "--skip=outputs",
    ]  # fmt: skip
    assert (tmp_path / "a").is_dir()
    assert (tmp_path / "b").is_dir()
    # It wrote no report, so that its 0 is no PASS.
    assert (ran.code, ran.outputs["verdict"], ran.outputs["exit-code"]) == (70, "", "70")


def test_a_suite_needs_no_model(tmp_path):
    _, words = words_of(tmp_path, suite="robotics", baselines="kept")
    assert [word for word in words if not word.startswith(("--report=", "--format="))] == [
        "gate", "--suite=robotics", "--baselines=kept"
    ]  # fmt: skip


def test_a_history_is_no_word_of_a_command_and_no_line_of_the_log(tmp_path):
    url = "postgresql://gate:hunter2@db.example/runs"
    (tmp_path / "bin").mkdir()
    file = tmp_path / "bin" / "assess"
    file.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "$ASSESS_HISTORY" >"{tmp_path}/words"\n')
    file.chmod(0o755)
    inputs = {"install": "false", "model": "m.onnx", "history": url}
    ran = act(inputs, tmp_path, {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
    *words, handed = (tmp_path / "words").read_text().splitlines()
    assert handed == url
    assert "hunter2" not in "".join([*words, ran.log, ran.summary, *ran.outputs.values()])
    # The script as it is run with -x would tell it, if it had it in a word.
    traced = subprocess.run(
        ["sh", "-x", ROOT / "ci" / "gate.sh"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"ASSESS_COMMAND": str(file), "ASSESS_MODEL": "m", "ASSESS_HISTORY": url, "PATH": "/usr/bin:/bin",
             "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert "--model=m" in traced.stderr
    assert "hunter2" not in traced.stderr


@pytest.mark.slow
def test_a_suite_is_gated_against_its_baselines(models):
    # Nothing was accepted yet: every gate is told, and none of them is a pass.
    (models / "kept").mkdir()
    (models / "two.toml").write_text(
        'name = "Two"\nsummary = "Two models for one job."\n'
        '[[case]]\nmodel = "old.onnx"\ndevice = "raspberry-pi-5-8gb"\nworkload = "camera-30hz"\n'
        '[[case]]\nmodel = "more.onnx"\ndevice = "raspberry-pi-5-8gb"\nworkload = "camera-30hz"\n'
    )
    ran = act({"install": "false", "suite": "two.toml", "baselines": "kept", "static": "true"}, models)
    assert (ran.code, ran.outputs["verdict"], ran.outputs["exit-code"]) == (4, "NOT COMPARABLE", "4"), ran.log
    assert json.loads((models / "assess-gate.json").read_text())["schema"] == "assess.gate-suite/1"
    assert parse(models / "assess-gate.xml").getroot().get("skipped") == "2"


def test_further_words_do_not_replace_an_input(tmp_path):
    """Of an option that is given twice the last one counts."""
    _, words = words_of(
        tmp_path, model="new.onnx", against="old.onnx", args="--model=old.onnx\n--margin=90%", margin="3%"
    )
    for name in ("model", "margin"):
        given = [word for word in words if word.startswith(f"--{name}=")]
        assert given[-1] == {"model": "--model=new.onnx", "margin": "--margin=3%"}[name]


def test_nothing_is_left_behind(tmp_path):
    words_of(tmp_path, model="old.onnx")
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"bin/assess", "words", "runner temp/2.sh", "runner temp/2.outputs"}


@pytest.mark.parametrize(
    ("code", "ends"), [(0, 70), (1, 70), (3, 70), (4, 70), (5, 5), (2, 2), (70, 70), (127, 70), (126, 70), (130, 130)]
)
@pytest.mark.parametrize("shell", SHELLS)
def test_an_exit_code_without_a_report_is_no_verdict(tmp_path, shell, code, ends):
    (tmp_path / "assess-gate.json").write_text('{\n  "verdict": "PASS",\n}\n')  # Of an earlier job.
    done = subprocess.run(
        [shell, ROOT / "ci" / "gate.sh"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"ASSESS_COMMAND": str(recorder(tmp_path, code=code)), "ASSESS_MODEL": "m", "ASSESS_LENIENT": "true",
             "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == ends
    assert ("wrote no report: nothing was judged" in done.stderr) is (code in (0, 1, 3, 4))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_cancels_the_job_ends_assess_too(tmp_path, shell, number):
    file = recorder(tmp_path)
    file.write_text("#!/bin/sh\ntrap 'echo told >told; exit 130' TERM\necho begun\nsleep 60 &\nwait\n")
    environ = {
        "ASSESS_COMMAND": str(file), "ASSESS_MODEL": "m", "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path),
    }  # fmt: skip
    job = subprocess.Popen(
        [shell, ROOT / "ci" / "gate.sh"], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert job.stdout.readline() == "begun\n"
    job.send_signal(number)
    assert job.wait(10) == 130
    job.stdout.close()
    assert {path.name for path in tmp_path.iterdir()} == {"recorder", "told"}


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "neither ASSESS_MODEL (the input model) nor ASSESS_SUITE (the input suite) is set"),
        ({"ASSESS_LENIENT": "yes"}, "ASSESS_LENIENT is neither the word true nor the word false"),
        ({"ASSESS_STATIC": "1\n::error::x"}, "ASSESS_STATIC is neither the word true nor the word false\n"),
        ({"ASSESS_REPORT_JSON": "file/a.json"}, "there is no folder for the JSON report"),
        ({"ASSESS_REPORT_GITLAB": "file/a.json"}, "there is no folder for the report of code quality"),
        ({"TMPDIR": "/nowhere"}, "there is no folder for temporary files"),
    ],
)
def test_what_the_script_cannot_use_is_bad_usage(tmp_path, environ, said):
    (tmp_path / "file").touch()
    asked = {"ASSESS_MODEL": "m"} if environ else {}
    done = subprocess.run(
        ["sh", ROOT / "ci" / "gate.sh"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), **asked, **environ},
    )  # fmt: skip
    assert done.returncode == 2
    assert f"error: {said}" in done.stderr


@pytest.mark.slow
def test_the_action_installs_its_own_checkout_and_asks_no_index(models):
    offline = {
        "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "false", "PIP_NO_COMPILE": "1",
        # What assess and its build need is found in this environment.
        "PYTHONPATH": next(path for path in sys.path if path.endswith("site-packages")),
    }  # fmt: skip
    ran = act({"model": "old.onnx", "against": "old.onnx", "static": "true"}, models, offline)
    assert (ran.code, ran.outputs["verdict"]) == (0, "PASS"), ran.log
    (site,) = models.glob("runner temp/assess-venv/lib/python*/site-packages")
    assert (site / "assess" / "__main__.py").is_file()
    assert not [path for path in site.rglob("*") if path.name in ("action.yml", "gate.sh", "Jenkinsfile")]
