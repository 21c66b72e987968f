"""`assess lab` and `assess suite --lab` from the command line: what is typed wrongly, and real runs on this host."""

import json
import os
import signal
import subprocess
import sys
import time

import lab_cases
import pytest
from typer.testing import CliRunner

from assess.cli.main import app

ARM, PI, ORIN = "reachy-mini-inverse-kinematics", "raspberry-pi-5-8gb", "nvidia-jetson-orin-nx-16gb"
CASE = '[[case]]\nmodel = "{}"\nworkload = "{}"\ndevice = "{}"\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a suite of three cases on two devices."""
    monkeypatch.chdir(tmp_path)
    cases = [(ARM, "whole-body-policy-50hz", PI), (ARM, "whole-body-policy-50hz", ORIN), (ARM, "arm-control-500hz", PI)]
    text = 'name = "Arms"\nsummary = "A test."\n' + "".join(CASE.format(*case) for case in cases)
    (tmp_path / "arms.toml").write_text(text)
    return tmp_path


def assess(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["suite", "arms.toml", "--lab", "scheduler"],
            "error: --lab: 'scheduler' is no address of a scheduler\nhint: as ",
        ),
        (["lab", "status", "--lab", "http://a:1"], "error: --lab: 'http://a:1' is no address of a scheduler\n"),
        (["lab", "worker", "--scheduler", "a", "-d", PI], "error: --scheduler: 'a' is no address of a scheduler\n"),
        (["lab", "worker", "--scheduler", "tcp://127.0.0.1:9", "-d", "pi"], "error: there is no device 'pi'\n"),
        (["lab", "worker", "--scheduler", "tcp://127.0.0.1:9", "--target", "x"], "error: there is no target 'x'\n"),
        (["lab", "worker", "--scheduler", "tcp://127.0.0.1:9", "--target", "ssh://b"], "error: --device: is missing\n"),
        (
            ["suite", "arms.toml", "--lab", "local", "--on", "ssh://b"],
            "error: --on and --lab exclude each other\nhint: a lab's workers measure where they were started: `assess "
            "lab worker --target NAME` offers a board\n",
        ),
        (
            ["suite", "arms.toml", "--lab", "local", "--runner", "command", "--runner-command", "x"],
            "error: --runner and --lab exclude each other\nhint: a lab's workers measure with assess itself: leave one "
            "of them out\n",
        ),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_done(here, words, said):
    result = assess(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)
    assert [path.name for path in here.iterdir()] == ["arms.toml"]


def test_without_dask_it_is_told_how_it_is_installed(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = assess("suite", "arms.toml", "--lab", "local")
    assert (result.exit_code, result.stderr) == (2, 'error: a lab needs Dask\nhint: pip install "assess[lab]"\n')


@pytest.mark.slow
def test_an_address_that_others_may_reach_without_tls_is_warned_of(here):
    result = assess("lab", "worker", "--scheduler", "tcp://192.0.2.1:9", "-d", PI)
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "note: tcp://192.0.2.1:9 has no authentication: who reaches it can run any code on "
    )


@pytest.mark.slow
def test_a_local_lab_needs_no_set_up_and_is_resumed_by_device(here):
    result = assess("suite", "arms.toml", "--tier", "smoke", "--lab", "local")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("0 of 3 cases READY, 3 MARGINAL  Arms\n")
    assert result.stderr.startswith("3 runs for 3 cases, about ")
    kept = here / "assess-arms"
    runs = [
        f"run-{ARM}-arm-control-500hz-{PI}.json", f"run-{ARM}-whole-body-policy-50hz-{ORIN}.json",
        f"run-{ARM}-whole-body-policy-50hz-{PI}.json",
    ]  # fmt: skip
    assert sorted(path.name for path in kept.iterdir()) == [*runs, "suite.html", "suite.json"]
    hashes = [
        case["report"]["evidence"]["run_sha256"] for case in json.loads((kept / "suite.json").read_text())["cases"]
    ]
    assert len(set(hashes)) == 3
    (kept / runs[0]).unlink()
    again = assess("suite", "arms.toml", "--tier", "smoke", "--lab", "local", "--resume")
    assert "1 run for 3 cases, about " in again.stderr
    assert "; 2 runs made before\n" in again.stderr
    later = [
        case["report"]["evidence"]["run_sha256"] for case in json.loads((kept / "suite.json").read_text())["cases"]
    ]
    assert [a == b for a, b in zip(hashes, later, strict=True)] == [True, True, False]


@pytest.mark.slow
def test_a_worker_that_dask_started_does_as_well(here):
    with lab_cases.scheduler() as (_, address):
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
        more = ["--memory-limit", "0", "--no-dashboard", "--resources", f"device.{PI}=1"]
        environment = {**os.environ, "XDG_CACHE_HOME": str(here / "cache")}
        worker = subprocess.Popen([*command, *more], stderr=subprocess.DEVNULL, env=environment)
        try:
            lab_cases.until(lambda: PI in assess("lab", "status", "--lab", address).stdout)
            result = assess("suite", "arms.toml", "-k", "policy", "--tier", "smoke", "--lab", address)
        finally:
            worker.terminate()
            worker.wait()
    assert result.exit_code == 3, result.stderr
    assert result.stdout.startswith("0 of 2 cases READY, 1 MARGINAL, 1 not judged  Arms\n")
    assert f"1 run cannot be measured: no worker of the lab offers {ORIN} (hint: " in result.stderr
    assert len(list((here / "cache" / "assess" / "lab" / "files").iterdir())) >= 1


@pytest.mark.slow
def test_a_worker_measures_on_the_board_that_it_reaches(here, plain_board, monkeypatch):
    monkeypatch.setenv(*next(iter(plain_board.environment.items())))
    with lab_cases.scheduler() as (_, address):
        command = [sys.executable, "-m", "assess", "lab", "worker", "--scheduler", address, "--name", "on-ssh"]
        more = ["--target", plain_board.address, "--device", PI, "--cache", str(here / "cache")]
        worker = subprocess.Popen([*command, *more], stderr=subprocess.DEVNULL)
        try:
            lab_cases.until(lambda: PI in assess("lab", "status", "--lab", address).stdout, 180.0)
            words = ("suite", "arms.toml", "-k", f"policy and {PI}", "--tier", "smoke", "--lab", address)
            result = assess(*words)
            plain_board.wipe()  # Cleaned, or started again: the worker brings the kit anew.
            again = assess(*words, "--out", "again")
            plain_board.cut()
            unplugged = assess(*words, "--out", "unplugged")
        finally:
            plain_board.restore()
            worker.terminate()
            worker.wait()
    assert result.exit_code == 0, result.stderr
    assert again.exit_code == 0, again.stderr
    assert unplugged.exit_code == 2, unplugged.stderr
    assert f"no worker of the lab that offers {PI} can measure: on-ssh-" in unplugged.stderr
    run = json.loads((here / "assess-arms" / f"run-{ARM}-whole-body-policy-50hz-{PI}.json").read_text())
    assert run["reached"]["target"] == plain_board.name
    assert plain_board.processes() == []


@pytest.mark.slow
def test_ctrl_c_keeps_what_came_and_ends_what_runs(here):
    command = [sys.executable, "-m", "assess", "suite", "arms.toml", "--tier", "smoke", "--lab", "local"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    kept = here / "assess-arms"
    lab_cases.until(lambda: process.poll() is not None or list(kept.glob("run-*")), 120.0)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert told.endswith("the same command with --resume goes on from here\n")
    cases = json.loads((kept / "suite.json").read_text())["cases"]
    ended = [case["not_judged"]["because"] for case in cases if case["not_judged"]]
    assert ended
    assert set(ended) == {"stopped before it was measured"}
    assert len(list(kept.glob("run-*"))) == 3 - len(ended)
