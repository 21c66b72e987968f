"""Suites for a lab: a model of a few bytes, and as many cases as are wanted on devices that are only names."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import builders

from assess.describe.model import ModelFile
from assess.describe.suite import Suite, SuiteCase
from assess.measure.frames import Frames
from assess.measure.measurement import Measurement, Settings
from assess.pipeline import Subject
from assess.portfolio import PlannedRun, Target
from assess.suite import SuitePlan, run_name

SETTINGS = Settings(min_count=60, min_duration_s=1.0)
TESTS = Path(__file__).parent


def subject(folder: Path, content: bytes = b"no graph at all") -> Subject:
    """A model whose file is whole, though nothing can run it."""
    path = folder / "student.onnx"
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    made = builders.model(files=(ModelFile(path.name, len(content), sha256),), sha256=sha256)
    return Subject(path, None, folder, made)


def plan(folder: Path, devices: Sequence[str], count: int, content: bytes = b"no graph at all") -> SuitePlan:
    """`count` cases, on the devices in turn."""
    cases = tuple(
        SuiteCase(model=f"student-{number}.onnx", workload="camera-30hz", device=devices[number % len(devices)])
        for number in range(count)
    )
    targets = {device: (Target(builders.device(id=device)),) for device in devices}
    job, one = builders.job(), subject(folder, content)
    runs = tuple(
        PlannedRun(job, SETTINGS, None, targets[case.device], label=run_name(case, by_device=True)) for case in cases
    )
    suite = Suite(id="sleepers", name="Sleepers", summary="A test.", case=cases)
    return SuitePlan(suite, {}, {case.model: one for case in cases}, runs, tuple((case,) for case in cases))


def made(planned: PlannedRun, of: Subject) -> Measurement:
    """The run that was asked for, of 60 frames of 10 ms."""
    released = tuple(round(index * 1e9 / 30) for index in range(60))
    return builders.measurement(
        model=of.model, workload_id=planned.job.workload.id, workload=planned.job.authored,
        requested=planned.settings, frames=Frames(released, released, tuple(each + 10_000_000 for each in released)),
    )  # fmt: skip


@contextmanager
def scheduler(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler of Dask as a process, and its address."""
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    with _process([*command, "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "Scheduler at:" in line)
        # What it says later must not fill the pipe.
        subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield process, line.split()[-1]


@contextmanager
def sleeper(address: str, devices: str, log: Path, **options: object) -> Iterator[subprocess.Popen[str]]:
    """A worker as a process, whose measuring is sleeping (`lab_sleeper.py`); it is known when this yields."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    with _process([sys.executable, str(TESTS / "lab_sleeper.py"), address, devices, str(log), *words]) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "offers" in line, line + process.stderr.read()
        subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield process


@contextmanager
def _process(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def logged(log: Path) -> list[tuple[str, str, float]]:
    """What the sleepers wrote: begin or end, of which case on which worker, and when."""
    lines = [line.split(maxsplit=2) for line in log.read_text().splitlines()] if log.exists() else []
    return [(what, rest, float(when)) for what, when, rest in lines]


def until(true: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline_s, "it took too long"
        time.sleep(0.02)
