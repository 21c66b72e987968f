"""Whatever goes wrong with a worker: its cause is named, nothing that was measured is lost, nothing stays behind."""

import hashlib
import re
import resource
import signal
import threading
import time

import builders
import onnx
import pytest
from children import own_children
from onnx import TensorProto, helper

from assess import sandbox
from assess.describe.model import ModelFile, Port
from assess.errors import AssessError
from assess.measure.frames import read_frames
from assess.measure.measurement import Settings
from assess.measure.run import measure
from assess.measure.validity import validity

pytestmark = pytest.mark.slow

BRIEF = Settings(min_count=30, min_duration_s=20.0, warmup_duration_s=0.05, back_to_back_s=0.05, timeout_s=60.0)
VECTOR = Port("x", "float32", (2, 3))


def save(folder):
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (2, 3)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ports[:1], ports[1:])
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    file = ModelFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    return path, builders.model(name=path.name, files=(file,), sha256=file.sha256, inputs=(VECTOR,))


@pytest.fixture
def private(tmp_path, monkeypatch):
    folder = tmp_path / "private"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
    assert own_children(recursive=True) == []


def disturbed(tmp_path, how, settings=BRIEF, job=None):
    """A run whose worker is disturbed once it has served 60 frames: 0.3 s at 200 Hz, more while others work."""
    path, model = save(tmp_path)
    begun = threading.Event()

    def watch(what, done, left_s):
        if what == "running the timed inferences" and not begun.is_set():
            begun.set()
            threading.Thread(target=strike, daemon=True).start()

    def strike():
        until = time.monotonic() + 30.0
        while served(tmp_path) < 60 and time.monotonic() < until:
            time.sleep(0.01)
        for child in own_children():
            how(child)

    wanted = job or builders.job(rate="200 Hz")
    return measure(model, path, wanted, settings, on_progress=watch)


def served(tmp_path):
    return sum(len(read_frames(file)[1]) for file in tmp_path.glob("private/*/frames"))


def send(number):
    return lambda child: child.send_signal(number)


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGABRT, "SIGABRT"), (signal.SIGFPE, "SIGFPE")]
)
def test_a_crash_in_the_midst_keeps_every_frame_that_was_done(tmp_path, private, number, name):
    found = disturbed(tmp_path, send(number))
    assert found.failure.kind == "crashed"
    assert found.failure.cause == f"stopped by {name}, while running the timed inferences"
    assert len(found.frames) >= 60
    assert len(found.back_to_back_ns) > 10
    assert found.effective is not None
    assert found.load_s > 0


def test_a_kill_from_outside_is_told_apart_from_one_for_memory(tmp_path, private):
    found = disturbed(tmp_path, send(signal.SIGKILL))
    assert found.failure.cause.startswith("killed from outside by SIGKILL")
    assert len(found.frames) >= 60


def test_a_worker_that_hangs_is_ended_with_the_frames_that_it_has(tmp_path, private):
    hung = Settings(min_count=30, min_duration_s=4.0, warmup_duration_s=0.05, back_to_back_s=0.05, timeout_s=6.0)
    found = disturbed(tmp_path, send(signal.SIGSTOP), hung)
    assert found.failure.kind == "hung"
    assert found.failure.cause == "still running after 6 s, while running the timed inferences"
    assert len(found.frames) >= 60


def test_a_worker_that_is_held_up_for_a_while_loses_no_release(tmp_path, private):
    """As a suspended machine's: its clock goes on, its schedule is not moved."""

    def pause(child):
        child.suspend()
        time.sleep(0.3)
        child.resume()

    brief = Settings(min_count=600, min_duration_s=1.0, warmup_duration_s=0.05, back_to_back_s=0.05)
    found = disturbed(tmp_path, pause, brief)
    assert found.failure is None
    frames = found.frames
    assert len(frames) + len(frames.dropped_ns) >= 600
    assert len(frames.dropped_ns) >= 40  # Of the 60 that were released meanwhile the newest was served.
    releases = sorted((*frames.scheduled_ns, *frames.dropped_ns))
    assert releases == [index * 5_000_000 for index in range(len(releases))]


def test_a_disk_that_fills_up_keeps_the_frames_before(tmp_path, private):
    """The limit on the size of files stands in for it: the kernel refuses the room in the same place."""
    path, model = save(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(*asked, **options):
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        try:
            return sandbox.run(*asked, **options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    found = measure(model, path, builders.job(), BRIEF, launch=limited)
    assert found.failure is None
    hint = "free some space, or set TMPDIR to a folder that has it"
    assert found.incomplete == f"the samples could not be written: File too large (hint: {hint})"
    assert len(found.frames) == 16_384  # Two windows of 192 KiB; the third is refused.
    assert found.effective is not None
    assert validity(found)[0] == f"incomplete: {found.incomplete}"


def test_a_disk_that_was_full_before_is_one_clear_error(tmp_path, private):
    path, model = save(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(*asked, **options):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            return sandbox.run(*asked, **options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    with pytest.raises(AssessError, match="samples could not be written: File too large") as caught:
        measure(model, path, builders.job(), BRIEF, launch=limited)
    assert "TMPDIR" in caught.value.hint


def test_a_worker_that_others_told_to_stop_is_no_whole_run(tmp_path, private):
    found = disturbed(tmp_path, send(signal.SIGTERM))
    assert found.failure is None
    assert re.fullmatch(r"the worker was told to stop from outside after 0\.\d+ s", found.incomplete)
    assert 60 <= len(found.frames) < 4000


def test_a_step_of_the_wall_clock_moves_nothing(tmp_path, private, monkeypatch):
    """Only `created` is wall time; frames are counted on a clock that cannot be set."""
    path, model = save(tmp_path)
    brief = Settings(min_count=20, min_duration_s=0.05, warmup_duration_s=0.05, back_to_back_s=0.05)
    monkeypatch.setattr(time, "time", lambda: -1e9)
    found = measure(model, path, builders.job(rate="200 Hz"), brief)
    assert found.failure is None
    releases = sorted((*found.frames.scheduled_ns, *found.frames.dropped_ns))
    assert releases[:20] == [index * 5_000_000 for index in range(20)]


def test_files_of_a_run_are_readable_by_nobody_else(tmp_path, private):
    seen = []

    def look(child):
        seen.extend(entry.stat().st_mode & 0o077 for entry in private.rglob("*"))
        seen.append(next(private.iterdir()).stat().st_mode & 0o077)
        child.send_signal(signal.SIGTERM)

    disturbed(tmp_path, look)
    assert seen[-1] == 0
