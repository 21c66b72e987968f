"""The gate in jobs of GitLab and Jenkins: their scripts, run with the variables that they set."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from composite_action import ROOT, read
from onnx import helper
from onnx_models import model_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for sh")

JENKINSFILE = (ROOT / "ci" / "Jenkinsfile").read_text()
JOB = read(ROOT / "ci" / "gitlab.yml")[".assess-gate"]


@pytest.fixture
def workspace(tmp_path):
    """A folder with an accepted model, and one with a node more."""
    for name, nodes in (("old", 1), ("more", 2)):
        names = ["x", *(f"m{index}" for index in range(1, nodes)), "y"]
        chain = [helper.make_node("Relu", [names[index]], [names[index + 1]]) for index in range(nodes)]
        onnx.save(model_of(chain, {"x": [1, 4]}, ["y"]), tmp_path / f"{name}.onnx")
    return tmp_path


def run(script, folder, **variables):
    """As runners do: what was expected of the image is on the PATH, and the first command that fails ends the job."""
    own = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}", "HOME": str(folder), "TMPDIR": str(folder)}
    return subprocess.run(
        ["sh", "-e", "-c", script], cwd=folder, env={**own, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def gitlab(folder, **variables):
    return run("\n".join(JOB["script"]), folder, **{**JOB["variables"], "GITLAB_CI": "true", **variables})


@pytest.mark.slow
def test_a_job_of_gitlab_has_its_reports_and_the_exit_code(workspace):
    asked = {"ASSESS_CHECKOUT": str(ROOT), "ASSESS_COMMAND": "assess", "ASSESS_AGAINST": "old.onnx"}
    ended = gitlab(workspace, **asked, ASSESS_MODEL="more.onnx", ASSESS_STATIC="true")
    assert ended.returncode == 1
    assert ended.stdout.startswith("REGRESSION  more.onnx against old.onnx: files alone")
    kept = [*JOB["artifacts"]["paths"], *JOB["artifacts"]["reports"].values()]
    assert kept == ["assess-gate.json", "assess-gate.xml", "gl-code-quality-report.json"]
    assert all((workspace / file).exists() for file in kept)
    found = json.loads((workspace / "gl-code-quality-report.json").read_text())
    assert {"assess gate: nodes", "assess gate: file size"} <= {each["check_name"] for each in found}
    assert {each["severity"] for each in found} == {"major"}


def test_a_job_of_gitlab_without_assess_is_no_regression(workspace):
    ended = gitlab(workspace, ASSESS_REPOSITORY=str(workspace / "nowhere"), ASSESS_MODEL="old.onnx")
    assert ended.returncode == 2


@pytest.mark.slow
def test_a_job_of_gitlab_clones_and_installs_the_tag_that_it_names(workspace):
    # A repository with the two scripts and, in place of the package, one that notes that it was asked for.
    made = workspace / "repository"
    (made / "ci").mkdir(parents=True)
    (made / "ci" / "install.sh").write_text('echo installed >&2\nprintf "%s\\n" "$(dirname -- "$0")/assess"\n')
    (made / "ci" / "gate.sh").write_text('echo "gate by $ASSESS_COMMAND"\nexit 3\n')
    git = "git -c user.name=a -c user.email=a@b.c"
    steps = f"git init -q . && git add . && {git} commit -qm one && git tag v1"
    subprocess.run(steps, shell=True, cwd=made, check=True)
    ended = gitlab(workspace, ASSESS_REPOSITORY=f"file://{made}", ASSESS_REF="v1", ASSESS_MODEL="old.onnx")
    assert ended.returncode == 3
    assert re.fullmatch(r"gate by \S+/assess/ci/assess\n", ended.stdout)
    assert "installed" in ended.stderr


@pytest.mark.slow
def test_a_stage_of_jenkins_runs_the_same_script(workspace):
    _, gate = re.findall(r"sh\(\w+: true, script: '''(.*?)'''\)", JENKINSFILE, re.DOTALL)
    variables = dict(re.findall(r"^ {4}(ASSESS_\w+) = '([^']*)'", JENKINSFILE, re.MULTILINE))
    assert set(variables) == {
        "ASSESS_CHECKOUT", "ASSESS_MODEL", "ASSESS_AGAINST", "ASSESS_WORKLOAD", "ASSESS_REPORT_JSON",
        "ASSESS_REPORT_JUNIT",
    }  # fmt: skip
    own = {"ASSESS_CHECKOUT": str(ROOT), "ASSESS_COMMAND": "assess", "ASSESS_STATIC": "true"}
    models = {"ASSESS_MODEL": "old.onnx", "ASSESS_AGAINST": "old.onnx"}
    ended = run(gate, workspace, **{**variables, **own, **models})
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("PASS  old.onnx against old.onnx for camera-30hz: files alone")
    assert (workspace / variables["ASSESS_REPORT_JUNIT"]).exists()


def test_the_file_of_jenkins_is_whole_and_has_no_text_in_a_script():
    code = re.sub(r"//[^\n]*|'''.*?'''|'[^'\n]*'|\"[^\"\n]*\"", "", JENKINSFILE, flags=re.DOTALL)
    for opened, closed in ("{}", "()"):
        assert code.count(opened) == code.count(closed)
    # Groovy fills in what stands between three double quotes, before the shell quotes anything.
    assert '"""' not in JENKINSFILE
    assert "unstable(" in JENKINSFILE.partition("code == 3")[2].partition("else")[0]
