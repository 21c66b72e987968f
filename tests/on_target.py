"""`assess` as it is typed, on boards that answer to ssh."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

import assess
from assess.describe.address import parse_address
from assess.target.link import Link

MODEL = "reachy-mini-inverse-kinematics"
#: A run of a few frames, which takes as long as its processes take to start.
BRIEF = ("--workload", "camera-30hz", "--tier", "smoke", "--skip", "floor", "--min-count", "10",
         "--min-duration", "0.2 s")  # fmt: skip
#: One that is still at it when something happens.
LONG = ("--workload", "camera-30hz", "--skip", "floor", "--min-count", "10", "--min-duration")
FOLDER = ".cache/assess-target"


def environment(board, config=None):
    """Of a command that is to reach a board."""
    mine = {name: value for name, value in os.environ.items() if name not in ("ASSESS_TARGETS", "ASSESS_HISTORY")}
    path = os.pathsep.join(filter(None, [str(Path(assess.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    return {**mine, "PYTHONPATH": path, "ASSESS_SSH_CONFIG": str(config or board.config)}


def command(board, *words, cwd, config=None, timeout=240):
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "assess", *map(str, words)], cwd=cwd, env=environment(board, config),
        capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@contextlib.contextmanager
def started(board, *words, cwd):
    """A command that runs; it is gone at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "assess", *map(str, words)], cwd=cwd, env=environment(board), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
        process.communicate()


def soon(what, within_s=30.0):
    """Whether it comes true in time."""
    until = time.monotonic() + within_s
    while not (found := what()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def is_measuring(board):
    """Whether a model is run on a board."""
    return any("assess.measure.worker" in each.command for each in board.processes())


def wait_until_measuring(board, process):
    """Until a command that was started has a model run on a board."""
    assert soon(lambda: process.poll() is not None or is_measuring(board), 60)
    assert process.poll() is None, process.communicate()


def forget(board):
    """Close the connection that commands share: the next one meets the board anew."""
    Link(parse_address(board.address), environment(board)).close()


def share_kit(board, other, folder=FOLDER):
    """A board with the kit of another one on this machine, without sending it once more."""
    (other.home / folder).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(other.home / folder / "kit", ignore_errors=True)
    subprocess.run(["cp", "-al", board.home / FOLDER / "kit", other.home / folder / "kit"], check=True)


def inventory(where, board, /, name="desk", **keys):
    """An inventory of one board; values are TOML."""
    lines = ["[[targets]]", f'name = "{name}"', f'address = "{board.address}"']
    lines += [f"{key} = {value}" for key, value in keys.items()]
    (where / "targets.toml").write_text("\n".join([*lines, ""]))
    return name


def log(board):
    """What its sshd wrote."""
    return (board.config.parent / "log").read_text()
