"""Impatience: whatever ends the command, no process and no half-written file stays."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from assess.measure.record import read

pytestmark = pytest.mark.slow


def is_worker(child):
    try:
        return "assess.measure.worker" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:  # The one that described the model has just ended.
        return False


def started(tmp_path):
    """`assess measure` in the middle of a long run: the command and its worker."""
    work, temporary = tmp_path / "work", tmp_path / "tmp"
    work.mkdir()
    temporary.mkdir()
    command = [sys.executable, "-m", "assess", "measure", "ppocr-text-direction", "--workload", "camera-30hz"]
    command += ["--skip", "floor"]  # Then the first worker is that of the timed pass.
    process = subprocess.Popen(
        [*command, "-o", "run.json", "--min-duration", "60 s"],
        cwd=work,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children():
            if is_worker(child) and list(temporary.glob("*/frames")):
                time.sleep(0.5)  # Into the run itself.
                return process, child, work, temporary
        time.sleep(0.05)
    raise AssertionError("no worker was started")


def gone(child):
    psutil.wait_procs([child], timeout=5)
    return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=lambda signum: signum.name)
def test_a_stopped_run_saves_what_it_has_and_leaves_nothing_else(tmp_path, signum):
    process, child, work, temporary = started(tmp_path)
    process.send_signal(signum)
    said, _ = process.communicate(timeout=10)
    assert process.returncode == 130
    assert gone(child)
    run = read(work / "run.json")
    assert run.incomplete.startswith(f"stopped by {signum.name} after ")
    assert len(run.frames) > 0
    assert said.startswith("INCOMPLETE  text-direction.onnx")
    assert list(work.iterdir()) == [work / "run.json"]
    assert list(temporary.iterdir()) == []


HELD = """
import signal, sys
from assess.__main__ import main
class Holds:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            print("here", flush=True)
            signal.pause()
sys.meta_path.insert(0, Holds())
sys.argv = ["assess", "list", "devices"]
main()
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda signum: signum.name)
@pytest.mark.parametrize("name", ["typer", "assess.describe.library"], ids=["before", "within"])
def test_a_command_that_is_stopped_while_it_is_imported_says_no_more_than_that(name, signum):
    command = [sys.executable, "-c", HELD.format(name=name)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "here\n"
    process.send_signal(signum)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "interrupted\n")


def test_an_interrupt_within_an_exec_ends_by_exit_code_and_not_by_signal(tmp_path):
    text = HELD.format(name="assess.report.listing").replace("signal.pause()", 'exec("signal.pause()")')
    (tmp_path / "held.py").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "held"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "interrupted\n")


def test_what_is_ignored_stays_ignored():
    command = [sys.executable, "-c", HELD.format(name="typer")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 130


def test_a_killed_command_takes_its_worker_along(tmp_path):
    process, child, work, _ = started(tmp_path)
    process.kill()
    process.communicate(timeout=10)
    assert gone(child)
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("closed", [True, False], ids=["nobody reads", "disk full"])
def test_output_that_cannot_be_delivered_is_no_verdict(closed):
    if closed:
        reader, output = os.pipe()
        os.close(reader)
    else:
        output = os.open("/dev/full", os.O_WRONLY)
    done = subprocess.run(
        [sys.executable, "-m", "assess", "list", "criteria"], stdout=output, stderr=subprocess.PIPE, text=True
    )
    os.close(output)
    assert done.returncode == (141 if closed else 2)
    assert done.stderr == ("" if closed else "error: standard output: No space left on device\n")


@pytest.mark.parametrize("closed", [True, False], ids=["nobody reads", "disk full"])
@pytest.mark.parametrize(
    ("words", "code"),
    [("list devices --min-memory 8GiB", 0), ("fit none.onnx -d sony-ps5 -w camera-30hz", 2), ("fit", 2)],
)
def test_what_cannot_be_told_on_standard_error_changes_no_exit_code(words, code, closed):
    if closed:
        reader, output = os.pipe()
        os.close(reader)
    else:
        output = os.open("/dev/full", os.O_WRONLY)
    command = [sys.executable, "-m", "assess", *words.split()]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=output)
    os.close(output)
    assert done.returncode == code


def test_what_is_told_on_standard_error_arrives_whole():
    done = subprocess.run(
        [sys.executable, "-m", "assess", "inspect", "n\u00f6ne\udcff.onnx"], stderr=subprocess.PIPE, encoding="utf-8",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: n\u00f6ne\\xdcff.onnx: ")


def test_a_stopped_run_keeps_its_memory_too(tmp_path):
    process, _, work, _ = started(tmp_path)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    run = read(work / "run.json")
    assert run.memory is not None
    assert run.effective.run_queue_wait is not None


def test_a_worker_that_others_told_to_stop_is_no_interrupted_command(tmp_path):
    process, child, work, _ = started(tmp_path)
    child.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert read(work / "run.json").incomplete.startswith("the worker was told to stop from outside after ")
    assert said.startswith("INCOMPLETE  text-direction.onnx")


def test_a_run_that_could_not_be_written_is_printed_all_the_same(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from assess import files
    from assess.cli.main import app
    from assess.errors import AssessError

    def full(path, text):
        raise AssessError("could not be written: No space left on device", where=str(path))

    monkeypatch.setattr(files, "write_whole", full)
    command = "measure ppocr-text-direction --workload camera-30hz --tier smoke --skip floor -o run.json"
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 2
    assert "text-direction.onnx for camera-30hz on " in done.stdout
    assert "error: run.json: could not be written: No space left on device" in done.stderr
    assert "written: run.json" not in done.stderr
    assert list(tmp_path.iterdir()) == []
