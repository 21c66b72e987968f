"""`assess suite` from the command line: what is typed wrongly, and a whole suite on real models."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from assess.cli.main import app
from assess.measure.record import read

ARM = "reachy-mini-inverse-kinematics"
CASE = '[[case]]\nmodel = "{}"\nworkload = "{}"\ndevice = "{}"\n'
CASES = [
    (ARM, "whole-body-policy-50hz", "raspberry-pi-5-8gb"),
    (ARM, "whole-body-policy-50hz", "nvidia-jetson-orin-nx-16gb"),
    (ARM, "arm-control-500hz", "raspberry-pi-5-8gb"),
    (ARM, "chat-interactive", "raspberry-pi-5-8gb"),
    ("none.onnx", "camera-30hz", "raspberry-pi-5-8gb"),
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a suite of five cases, two of which cannot be judged."""
    monkeypatch.chdir(tmp_path)
    text = 'name = "Arms"\nsummary = "A test."\n' + "".join(CASE.format(*case) for case in CASES)
    (tmp_path / "arms.toml").write_text(text)
    return tmp_path


def suite(*words):
    return CliRunner().invoke(app, ["suite", *map(str, words)])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["robotic"],
            "error: there is no suite 'robotic'\nhint: did you mean robotics or automotive? All of them: there are ",
        ),
        (["none.toml"], "error: none.toml: there is no such file\n"),
        (["arms.toml", "-k", "arm and"], "error: -k: expected a word after 'arm and', it ends there\n"),
        (["arms.toml", "-k", "honda"], "error: -k: 'honda' picks none of the 5 cases\nhint: a case is called as "),
        (["arms.toml", "--tier", "fast"], "error: --tier: there is no tier 'fast'\n"),
        (["arms.toml", "--format", "xml"], "error: --format: there is no format 'xml'\n"),
        (["arms.toml", "-o", "matrix.pdf"], "error: matrix.pdf: no format ends in '.pdf'\n"),
        (["arms.toml", "--out", "full"], "error: full: is not empty\nhint: --resume goes on with the runs in it; "),
        (["arms.toml", "--out", "arms.toml"], "error: arms.toml: is no folder\n"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_read(here, words, said):
    (here / "full").mkdir()
    (here / "full" / "notes.txt").touch()
    result = suite(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)
    assert not (here / "assess-arms").exists()


def test_a_suite_that_is_malformed_is_told_with_its_line(here):
    (here / "arms.toml").write_text('name = "Arms"\nsummary = "A test."\n' + CASE.format(ARM, "camera-30hz", "x") * 2)
    result = suite("arms.toml")
    assert result.exit_code == 2
    assert "arms.toml:7: case[1]: is the same case as case[0]" in result.stderr


@pytest.mark.slow
def test_a_suite_is_measured_told_as_a_matrix_and_resumed(here):
    result = suite("arms.toml", "-o", "matrix.md")
    assert result.exit_code == 3
    assert result.stdout.startswith("0 of 5 cases READY, 3 MARGINAL, 2 not judged  Arms\n")
    assert "not judged  none.onnx: there is no such file [none.onnx camera-30hz raspberry-pi-5-8gb]" in result.stdout
    assert result.stderr.startswith("2 runs for 4 cases, about ")
    kept = here / "assess-arms"
    runs = [f"run-{ARM}-{job}.json" for job in ("arm-control-500hz", "whole-body-policy-50hz")]
    assert sorted(path.name for path in kept.iterdir()) == [*runs, "suite.html", "suite.json"]
    cases = json.loads((kept / "suite.json").read_text())["cases"]
    assert [(case["model"], case["workload"], case["device"]) for case in cases] == CASES
    assert [case["verdict"] for case in cases] == ["MARGINAL"] * 3 + [None] * 2
    hashes = [case["report"]["evidence"]["run_sha256"] for case in cases[:3]]
    assert hashes[0] == hashes[1] != hashes[2]
    assert (here / "matrix.md").read_text().startswith("# 0 of 5 cases READY, 3 MARGINAL, 2 not judged: Arms\n")
    # One run is gone: it alone is made again, of the cases that are picked.
    (kept / runs[0]).unlink()
    again = suite("arms.toml", "--resume", "-k", "not (none or chat)", "--strict")
    assert again.exit_code == 1
    assert "1 run for 3 cases, about 2 s of frames and 3 s of other passes; 1 run made before\n" in again.stderr
    cases = json.loads((kept / "suite.json").read_text())["cases"]
    assert [case["report"]["evidence"]["run_sha256"] == sha256 for case, sha256 in zip(cases, hashes, strict=True)] == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.slow
def test_what_was_done_before_it_was_stopped_is_reported_and_kept(here):
    temporary = here / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "assess", "suite", "arms.toml", "-k", "policy or arm-control"]
    process = subprocess.Popen(
        [*command, "--tier", "smoke"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    kept = here / "assess-arms"
    deadline = time.monotonic() + 120
    while not (list(kept.glob("run-*")) and list(temporary.glob("*/frames"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.startswith("0 of 3 cases READY, 2 MARGINAL, 1 not judged  Arms\n")
    cases = json.loads((kept / "suite.json").read_text())["cases"]
    stopped = cases[2]["not_judged"]
    assert stopped["stopped"] is True
    assert re.match("stopped (while|before) it was measured", stopped["because"])
    assert not read(kept / f"run-{ARM}-whole-body-policy-50hz.json").incomplete
