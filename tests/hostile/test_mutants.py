"""More than 500 hostile files, each by the way that a user takes: nothing dies, nothing else is read, limits hold.

The files are the same in each run. Each is described in a process of its own, as always: the first of each kind in one
that is started as a user's is, the others in one that is forked after its imports. Those that a runtime could choke on
are also measured, by the command itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from children import own_children
from hostile.bombs import SECRET, canaries
from hostile.mutants import Mutant, mutants
from hostile.seeds import seeds
from hostile.warm import MODULE, Warm, warm
from hostile.watch import watched

from assess import sandbox
from assess.describe.graph import describe, to_json
from assess.errors import AssessError
from assess.sandbox import Limits

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="inotify, and limits of memory, are Linux's"),
]

LIMITS = Limits(timeout_s=5.0, memory_bytes=2**30)
#: What ending a child and cleaning up may take on top, on a machine that does other work too.
GRACE_S = 5.0
#: What a parent keeps of a child's answer: 20,000 unknown operators make 90 MB of text and objects.
PARENT_BYTES = 128 * 2**20

ALL = mutants()
PARTS = 20
FIRST = {mutant.kind: mutant.name for mutant in reversed(ALL)}


@pytest.fixture(scope="module")
def server() -> Iterator[Warm]:
    with warm(sandbox.environment()) as start:
        yield start


@pytest.fixture
def started(server: Warm, monkeypatch: pytest.MonkeyPatch) -> Warm:
    """How the processes that describe are started: forked, unless it is told that they be cold."""
    monkeypatch.setattr(subprocess, "Popen", server)
    return server


def test_there_are_500_files_of_20_kinds() -> None:
    kinds = Counter(mutant.kind for mutant in ALL)
    assert len(ALL) >= 500
    assert len({mutant.name for mutant in ALL}) == len(ALL)
    assert len(kinds) == 20
    assert min(kinds.values()) >= 10


def test_the_files_are_the_same_each_time(tmp_path: Path) -> None:
    for mutant in ALL[::25]:
        written = []
        for folder in (tmp_path / "a", tmp_path / "b"):
            folder.mkdir()
            mutant.write(folder, tmp_path / "outside")
            written.append((folder / "model.onnx").read_bytes())
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        assert written[0] == written[1], mutant.name


def test_a_watch_tells_who_reads(tmp_path: Path) -> None:
    canaries(tmp_path / "outside")
    (tmp_path / "link").symlink_to("outside/secret.txt")
    with watched(tmp_path / "outside") as watch:
        assert watch.opened() == set()
        subprocess.run(["cat", str(tmp_path / "link")], check=True, stdout=subprocess.DEVNULL)
        assert watch.opened() == {"secret.txt"}
        os.close(os.open(tmp_path / "outside/pipe", os.O_RDONLY | os.O_NONBLOCK))
        assert watch.opened() == {"pipe"}
        assert watch.opened() == set()


def test_a_forked_process_differs_from_a_started_one_in_its_imports_only(tmp_path: Path, started: Warm) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(seeds()["mlp"])
    described = []
    for started.is_cold in (True, False):
        parents: list[int] = []

        def look(_: object, parents: list[int] = parents) -> None:
            parents += [one.ppid() for one in own_children() if one.pid != started.server]

        described.append(describe(path, on_progress=look))
        assert set(parents) == {os.getpid()}
        assert [one.pid for one in own_children()] == [started.server]
        for limits, cause in ((Limits(0.0, None), "hung"), (Limits(9.0, 2**20), "out of memory")):
            request = {"path": str(path), "dims": {}}
            assert sandbox.run(MODULE, request, limits).cause == cause
    assert described[0] == described[1]


@pytest.mark.parametrize("part", range(PARTS))
def test_no_file_harms_who_describes_it(tmp_path: Path, part: int, started: Warm) -> None:
    canaries(tmp_path / "outside")
    with watched(tmp_path / "outside") as watch:
        for index, mutant in enumerate(ALL[part::PARTS]):
            folder = tmp_path / str(index)
            folder.mkdir()
            mutant.write(folder, tmp_path / "outside")
            assert watch.opened() == set(), "the test itself must not look"
            started.is_cold = mutant.name == FIRST[mutant.kind]
            said = _described(folder / "model.onnx", mutant)
            assert watch.opened() == set(), mutant.name
            assert SECRET.decode().strip() not in said, mutant.name
            assert [one.pid for one in own_children()] == [started.server], mutant.name


def _described(path: Path, mutant: Mutant) -> str:
    """What is told of a file: its facts, or why there are none."""
    _forget_peak()
    before, start = _status("VmRSS"), time.monotonic()
    try:
        said = to_json(describe(path, limits=LIMITS))
        refused = False
    except AssessError as error:
        said, refused = str(error), True
    assert time.monotonic() - start < LIMITS.timeout_s + GRACE_S, mutant.name
    assert _status("VmHWM") - before < PARENT_BYTES, mutant.name
    # A process that ends by itself without an answer is a traceback: a bug of ours that a file has found.
    assert "ended with exit code" not in said, f"{mutant.name}: {said}"
    assert refused or not mutant.refused, mutant.name
    return str(said)


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _status(key: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1]) * 1024


#: What a runtime is given, too: sizes that only running asks for, and operators that no longer make sense.
_RUN_KINDS = {"attribute": 4, "number": 3, "operator": 3, "wiring": 2, "dimension": 2, "payload": 1, "escape": 1}
_RUN_NAMES = (
    "size: ConstantOfShape (2147483648,)", "size: Expand (1099511627776,)", "size: Tile 2147483648",
    "size: Range 0 2147483648 1", "size: a Loop of None turns", "size: a Loop of -1 turns", "size: 40 doublings",
    "nesting: If 20 deep", "sparse: indices beyond", "size: Resize 1e+18",
)  # fmt: skip


def _to_run() -> list[Mutant]:
    chosen = [mutant for mutant in ALL if mutant.name in _RUN_NAMES]
    assert len(chosen) == len(_RUN_NAMES)
    for kind, count in _RUN_KINDS.items():
        chosen += [mutant for mutant in ALL if mutant.kind == kind][:count]
    return chosen


@pytest.mark.parametrize("part", range(6))
def test_no_file_harms_who_measures_it(tmp_path: Path, part: int) -> None:
    canaries(tmp_path / "outside")
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    with watched(tmp_path / "outside") as watch:
        for index, mutant in enumerate(_to_run()[part::6]):
            folder = tmp_path / str(index)
            folder.mkdir()
            mutant.write(folder, tmp_path / "outside")
            _measured(folder, mutant, {**os.environ, "HOME": str(home), "TMPDIR": str(temporary)})
            assert watch.opened() == set(), mutant.name
            assert list(temporary.iterdir()) == [], mutant.name
            assert list(home.iterdir()) == [], mutant.name


def _measured(folder: Path, mutant: Mutant, environment: dict[str, str]) -> None:
    """Run the command on a file: it ends by itself, in time, with a code that it documents, and leaves no process."""
    command = [
        sys.executable, "-P", "-m", "assess", "measure", "model.onnx", "--workload", "camera-30hz", "-o", "run.json",
        "--min-count", "5", "--min-duration", "0.1 s", "--timeout", "5 s", "--memory-limit", "1 GiB",
        "--skip", "start",  # It loads the file as the timed pass does, a dozen times.
    ]  # fmt: skip
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        children: set[psutil.Process] = set()
        while process.poll() is None and time.monotonic() - start < 60.0:
            children.update(psutil.Process(process.pid).children(recursive=True))
            time.sleep(0.05)
    finally:
        process.kill()
    out, said = process.communicate()
    # It was not killed here: reading, running and each pass are limited to 5 s, and a busy host starts them slowly.
    assert process.returncode in (0, 2, 3, 5), f"{mutant.name}: {process.returncode} {said}"
    assert "Traceback" not in said, mutant.name
    assert (process.returncode == 2) != (folder / "run.json").exists(), f"{mutant.name}: {said}"
    assert SECRET.decode().strip() not in out + said, mutant.name
    assert psutil.wait_procs(children, timeout=5)[1] == [], mutant.name
