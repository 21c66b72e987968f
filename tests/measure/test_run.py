"""The parent: what is asked of the worker, and what becomes of each way it can end."""

import hashlib
import os
import signal
from dataclasses import replace

import builders
import numpy as np
import pytest
from fakes import MS, FakeClock, FakeEngine, RefusedError, kernel, launch

from assess import __version__
from assess.describe.model import ModelFile, Port
from assess.errors import AssessError
from assess.measure.constraint import Constraints, Scheduling
from assess.measure.measurement import Effective, Failure, Memory, Settings
from assess.measure.record import from_json, to_json
from assess.measure.rows import Rows
from assess.measure.run import measure
from assess.measure.sensors.sensor import Found
from assess.measure.validity import validity
from assess.sandbox import Ending, Limits, Signalled

SMALL = Port("x", "float32", (2, 3))


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "student.onnx"
    file.write_bytes(b"not read by a fake")
    return file


def run(path, settings=None, *, launch, **options):
    file = ModelFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    model = builders.model(files=(file,), sha256=file.sha256, inputs=(SMALL,))
    asked = settings or Settings()
    wanted = options.pop("job", builders.job())
    nothing = Found((), {})
    host = options.pop("host", builders.host)
    return measure(model, path, wanted, asked, launch=launch, host=host, sensors=lambda: nothing, **options)


def with_fakes(path, settings=None, *, progress=None, memory=None, **times):
    clock = FakeClock()
    options = {} if progress is None else {"on_progress": lambda *told: progress.append(told)}
    return run(path, settings, launch=launch(FakeEngine(clock, **times), kernel(clock, memory)), **options)


def test_a_whole_run_in_exact_numbers(path):
    found = with_fakes(path, Settings(min_count=100, min_duration_s=1.0))
    assert found.tool == __version__
    assert (found.workload_id, found.workload) == ("camera-30hz", builders.WORKLOAD)
    assert found.service_ns == (2 * MS,) * 500
    assert (found.load_s, found.first_s) == (pytest.approx(0.040), pytest.approx(0.009))
    assert found.memory == Memory("fake", 50, 90, 70, 80)
    assert found.effective == Effective(
        ("CPUExecutionProvider",), 1, "all", "preallocated", 250, {"onnxruntime": "fake"}, 0.0
    )
    assert [used.name for used in found.inputs] == ["x"]
    assert (found.before, found.after) == (builders.host(), builders.host())
    assert (found.failure, found.absent) == (None, {"energy": "no sensor of energy or power told"})


def test_progress_is_told_in_words(path):
    told = []
    with_fakes(path, progress=told)
    assert [what for what, _, _ in told] == [
        "preparing the inputs",
        "starting",
        "loading the model",
        "running the first inference",
        "warming up",
        *["running the timed inferences"] * 4,
    ]
    assert [(done, left_s) for _, done, left_s in told[5:]] == [(None, None), (0.25, 1.5), (0.5, 1.0), (0.75, 0.5)]


def test_a_refusal_is_a_finding(path):
    found = with_fakes(path, first=RefusedError("acme:Frob is not a registered function"))
    assert found.failure == Failure(
        "first inference", "refused", "ONNX Runtime refused while running the first inference",
        "acme:Frob is not a registered function",
    )  # fmt: skip
    assert found.service_ns == ()
    assert (found.load_s, found.first_s, found.memory, found.effective) == (pytest.approx(0.040), None, None, None)
    assert found.absent == {
        "memory": "the run ended while running the first inference",
        "cold start": "the run ended while running the first inference",
        "energy": "no sensor of energy or power told",
    }


def ends(cause, detail, *told):
    def ending(module, request, limits, *, on_progress, **options):
        for message in told:
            on_progress(message)
        return Ending(cause, None, detail, "last words")

    return ending


@pytest.mark.parametrize(
    ("cause", "detail", "told", "phase", "words"),
    [
        ("crashed", "stopped by SIGFPE", [], "start", "stopped by SIGFPE, while starting"),
        ("crashed", "stopped by SIGSEGV", [{"phase": "load"}], "load", "stopped by SIGSEGV, while loading the model"),
        ("hung", "running after 3 s", [{"phase": "warm-up"}], "warm-up", "running after 3 s, while warming up"),
        (
            "out of memory", "killed by the kernel, out of memory", [{"phase": "load"}, {"phase": "timed"}], "timed",
            "killed by the kernel, out of memory, while running the timed inferences",
        ),
    ],
)  # fmt: skip
def test_a_worker_that_dies_is_a_finding_with_its_phase(path, cause, detail, told, phase, words):
    found = run(path, launch=ends(cause, detail, *told))
    assert found.failure == Failure(phase, cause, words, "last words")


def test_what_was_known_before_a_crash_is_kept(path):
    told = [{"phase": "load"}, {"known": {"load_s": 0.5}}, {"phase": "first inference"}]
    assert run(path, launch=ends("crashed", "stopped by SIGFPE", *told)).load_s == 0.5


def test_a_system_without_a_high_water_mark_says_why(path):
    found = with_fakes(path, memory="plan9 has none")
    assert found.memory is None
    assert found.absent["memory"] == "plan9 has none"
    assert found.failure is None


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (None, {}),
        ([], {}),
        ({}, {"load_s": "long"}),
        ({}, {"warmup_count": 3}),
        ({}, {"method": "x", "baseline": 1, "load_peak": 1, "first_peak": 1, "steady_peak": None}),
        ({"refused": 5, "kind": "refused"}, {}),
    ],
)
def test_nonsense_from_a_worker_is_a_crash_and_not_a_traceback(path, answer, known):
    def overrun(module, request, limits, *, on_progress, **options):
        for message in ({"phase": "lunch"}, {"phase": []}, {"phase": "load"}, {"done": "x"}, {"known": known}):
            on_progress(message)
        Rows(request["frames"]).append(1, 2, 3)
        return Ending("answered", answer, "", "")

    failure = run(path, launch=overrun).failure
    assert (failure.phase, failure.kind) == ("load", "crashed")
    assert failure.cause == "answered what is not a result, while loading the model"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(10, 9, 12)],
        [(10, 10, 10)],
        [(10, 10, 12), (9, 13, 14)],
        [(10, 10, 12), (11, 11, 14)],
        [(10, 10, 12), (11, 12, -7)],
    ],
)
def test_frames_that_no_run_writes_are_a_crash(path, rows):
    def overrun(module, request, limits, *, on_progress, **options):
        frames = Rows(request["frames"])
        for row in rows:
            frames.append(*row)
        return Ending("answered", {"stopped": False}, "", "")

    found = run(path, launch=overrun)
    assert found.failure.cause == "answered what is not a result, while starting"
    assert len(found.frames) == 0


def test_frames_that_were_done_before_a_crash_are_kept(path):
    def crash(module, request, limits, *, on_progress, **options):
        on_progress({"phase": "timed"})
        frames = Rows(request["frames"])
        for start in range(100, 1100, 10):
            frames.append(start, start, start + 7)
        return Ending("crashed", None, "stopped by SIGSEGV", "")

    found = run(path, launch=crash)
    assert found.failure.cause == "stopped by SIGSEGV, while running the timed inferences"
    assert found.service_ns == (7,) * 100
    assert found.frames.scheduled_ns[:3] == (0, 10, 20)


def test_a_run_that_was_stopped_keeps_what_it_has(path):
    def stop(module, request, limits, *, on_progress, **options):
        on_progress({"phase": "timed"})
        Rows(request["frames"]).append(0, 0, 2_500_000_000)
        return Ending("answered", {"stopped": True}, "", "", "SIGINT")

    found = run(path, launch=stop)
    assert found.incomplete == "stopped by SIGINT after 2.5 s"
    assert found.failure is None
    assert len(found.frames) == 1


def test_a_run_that_was_stopped_before_anything_was_measured_is_none(path):
    with pytest.raises(KeyboardInterrupt):
        run(path, launch=lambda *_, **__: Ending("stopped", None, "stopped by SIGINT", "", "SIGINT"))


def test_a_periodic_job_is_asked_for_with_its_rate_and_queue(path):
    request, _ = asked(path, Settings(seed=7), job=builders.job(kind="periodic", rate="50 Hz", queue="queue:3"))
    assert request["scenario"] == {
        "kind": "periodic", "rate_hz": 50.0, "seed": 7, "queue": {"depth": 3, "deadline_ns": None},
    }  # fmt: skip


def test_the_sustained_tier_makes_a_periodic_job_last(path):
    request, _ = asked(path, Settings(tier="sustained"), job=builders.job(rate="50 Hz"))
    assert (request["scenario"]["kind"], request["scenario"]["rate_hz"]) == ("sustained", 50.0)


def test_a_missing_temporary_folder_is_one_clear_error(path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(path.parent / "gone"))
    with pytest.raises(AssessError, match="no temporary folder can be made"):
        asked(path, Settings())


class AskedError(Exception):
    """Ends a run once the worker is asked."""


def asked(path, settings, **options):
    def stop(module, request, limits, *, on_progress, **options):
        raise AskedError(request, limits)

    with pytest.raises(AskedError) as caught:
        run(path, settings, launch=stop, **options)
    return caught.value.args


def test_the_worker_is_asked_for_what_was_set(path, tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    settings = Settings(threads=3, optimisation="basic", memory_limit_bytes=2**30, timeout_s=60.0)
    request, limits = asked(path, settings, feeds={"x": tmp_path / "x.npy"})
    assert limits == Limits(60.0, None)  # The limit is on what it really takes, and held otherwise.
    assert request["model"] == str(path)
    assert (request["threads"], request["optimisation"], request["provider"]) == (3, "basic", "CPUExecutionProvider")
    assert [(each["name"], each["dtype"]) for each in request["inputs"]] == [("x", "float32")]


def test_a_memory_limit_is_computed_where_none_is_set(path):
    _, limits = asked(path, Settings())
    assert limits.memory_bytes > 2**29
    _, more_threads = asked(path, Settings(threads=9))
    assert more_threads.memory_bytes > limits.memory_bytes + 2**29


def test_an_accelerators_address_space_is_not_limited(path):
    _, limits = asked(path, Settings(provider="CUDAExecutionProvider"))
    assert limits.memory_bytes is None


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (Settings(min_count=0), "min_count is 0"),
        (Settings(warmup_count=0), "warmup_count is 0"),
        (Settings(threads=-1), "threads is -1"),
        (Settings(seed=-1), "seed is -1"),
        (Settings(min_duration_s=float("nan")), "min_duration_s is nan"),
        (Settings(timeout_s=float("inf")), "timeout_s is inf"),
        (Settings(timeout_s=0.0), "the time limit leaves 0 s"),
        (Settings(min_duration_s=600.0), "alone take 600.5 s, the time limit leaves 480 s"),
        (Settings(provider="AzureExecutionProvider"), "sends data to a service"),
    ],
)
def test_settings_that_no_run_can_have_are_refused(path, settings, problem):
    with pytest.raises(AssessError, match=problem):
        run(path, settings, launch=lambda *_, **__: pytest.fail("it ran"))


def test_a_model_that_changed_since_it_was_described_is_refused(path):
    file = ModelFile(path.name, 1, "0" * 64)
    with pytest.raises(AssessError, match="changed since it was described"):
        measure(replace(builders.model(), files=(file,)), path, builders.job(), Settings())


def test_nothing_is_left_behind_by_a_run_that_raises(path, tmp_path, monkeypatch):
    private = tmp_path / "tmp"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    asked(path, Settings())
    assert list(private.iterdir()) == []


# Signals to the parent, and parts that were not run

ALL = ("start", "outputs", "memory", "profile")
KEYS = ("cold start", "outputs", "attribution", "profile")


def struck(number):
    """A signal to this process at the first call only."""
    numbers = [number]

    def strike():
        if numbers:
            signal.raise_signal(numbers.pop())

    return strike


def whole():
    clock = FakeClock()
    return launch(FakeEngine(clock), kernel(clock))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_while_the_host_is_read_again_loses_nothing(path, number):
    strike, seen = struck(number), []

    def host():
        seen.append("read")
        if len(seen) > 1:
            strike()
        return builders.host()

    found = run(path, Settings(min_count=100, passes=("outputs",)), launch=whole(), host=host)
    assert found.incomplete == f"stopped by {number.name} after the timed part"
    assert len(found.frames) >= 100
    assert found.after == builders.host()
    assert found.absent["outputs"] == f"the run was stopped by {number.name} before"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_while_a_later_pass_is_prepared_loses_nothing(path, number):
    strike = struck(number)

    def watch(what, done, left_s):
        if what == "trying other inputs":
            strike()

    settings = Settings(min_count=100, passes=("outputs", "memory"))
    found = run(path, settings, launch=whole(), on_progress=watch)
    assert found.incomplete == f"stopped by {number.name} after the timed part"
    assert len(found.frames) >= 100
    assert found.absent["outputs"] == f"stopped by {number.name}"
    assert found.absent["attribution"] == f"the run was stopped by {number.name} before"


@pytest.mark.parametrize("signalled", [KeyboardInterrupt(), Signalled(signal.SIGTERM)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_just_as_the_worker_ends_keeps_its_frames(path, signalled):
    def ends_then_hit(module, request, limits, *, on_progress, **options):
        Rows(request["frames"]).append(0, 0, 2_500_000_000)
        raise signalled

    found = run(path, launch=ends_then_hit)
    name = "SIGINT" if isinstance(signalled, KeyboardInterrupt) else "SIGTERM"
    assert (found.incomplete, len(found.frames)) == (f"stopped by {name} after 2.5 s", 1)


def test_a_worker_that_others_told_to_stop_is_no_whole_run(path):
    def stop(module, request, limits, *, on_progress, **options):
        Rows(request["frames"]).append(0, 0, 2_500_000_000)
        return Ending("answered", {"stopped": True}, "", "")

    found = run(path, launch=stop)
    assert found.incomplete == "the worker was told to stop from outside after 2.5 s"
    assert found.failure is None


def test_a_disk_that_fills_up_keeps_the_frames_before(path):
    def full(module, request, limits, *, on_progress, **options):
        on_progress({"phase": "timed"})
        Rows(request["frames"]).append(0, 0, 2_500_000_000)
        raise AssessError("no room", where="/tmp/private/frames", hint="free some")

    found = run(path, Settings(passes=("memory",)), launch=full)
    assert (found.incomplete, found.failure, len(found.frames)) == ("no room (hint: free some)", None, 1)
    assert found.absent["attribution"] == "the timed part ended early: no room (hint: free some)"


def test_passes_that_a_failed_run_does_without_are_named(path):
    clock = FakeClock()
    refusing = launch(FakeEngine(clock, first=RefusedError("no")), kernel(clock))
    found = run(path, Settings(passes=ALL), launch=refusing)
    why = "the run failed before: ONNX Runtime refused while running the first inference"
    assert {name: found.absent[name] for name in KEYS[1:]} == dict.fromkeys(KEYS[1:], why)
    assert found.absent["cold start"] == "the run ended while running the first inference"
    assert "placement" not in found.absent


@pytest.mark.parametrize("provider", ["CPUExecutionProvider", "CUDAExecutionProvider"])
def test_passes_that_a_stopped_run_does_without_are_named(path, provider):
    def stop(module, request, limits, *, on_progress, **options):
        on_progress({"known": {"first_s": 0.5}})
        Rows(request["frames"]).append(0, 0, 2_500_000_000)
        return Ending("answered", {"stopped": True}, "", "", "SIGINT")

    reference = path.parent / "saved.npz"
    np.savez(reference, y=np.zeros((2, 3), np.float32))
    found = run(path, Settings(passes=ALL, provider=provider), launch=stop, reference=reference)
    keys = (*KEYS, "agreement", *(["placement"] if provider.startswith("CUDA") else []))
    why = "the timed part ended early: stopped by SIGINT after 2.5 s"
    assert {name: found.absent[name] for name in found.absent if name not in ("memory", "energy")} == dict.fromkeys(
        keys, why
    )


def test_a_limit_on_memory_that_was_exceeded_is_a_failure_whoever_held_it(path):
    """A control group does not count pages that another process touched first."""
    found = with_fakes(path, Settings(memory_limit_bytes=80, min_count=100, min_duration_s=0.1))
    assert found.failure == Failure(
        "timed", "out of memory", "took 90 B of memory, with its runtime, where 80 B are allowed"
    )
    assert len(found.frames) == 100
    assert with_fakes(path, Settings(memory_limit_bytes=90, min_count=100, min_duration_s=0.1)).failure is None


def seeing(path, settings, **seen):
    """A run whose worker reads back how it is scheduled; nothing real is launched, so nothing is held."""
    clock = FakeClock()
    system = kernel(clock)._replace(scheduling=lambda: seen)
    asked, start = [], launch(FakeEngine(clock), system)

    def watched(module, request, limits, **options):
        asked.append(request)
        return start(module, request, limits, **options)

    return run(path, settings, launch=watched), asked


def test_what_the_worker_reads_back_of_itself_is_in_the_run(path):
    cpu = min(os.sched_getaffinity(0))
    settings = Settings(min_count=100, min_duration_s=0.1, cpus=f"{cpu}-{cpu}", threads=0)
    found, asked = seeing(path, settings, cpus=[cpu], threads=1, policy="other")
    assert found.constraints == Constraints((cpu,), None, Scheduling((cpu,), 1, "other"))
    assert (asked[0]["threads"], found.requested.threads) == (1, 0)
    assert validity(found) == ()
    escaped, _ = seeing(path, settings, cpus=[cpu, cpu + 1], threads=2, policy="other")
    assert validity(escaped)[0].startswith("the model ran on CPUs")


def test_limits_that_cannot_be_held_end_it_before_anything_is_begun(path):
    launched = []
    with pytest.raises(AssessError, match="this process may use"):
        run(path, Settings(cpus="4096"), launch=lambda *asked, **options: launched.append(asked))
    assert launched == []


def test_a_model_whose_instructions_are_missing_is_not_launched(path, monkeypatch):
    failure = Failure("start", "missing instructions", "this processor does not offer asimddp")
    monkeypatch.setattr("assess.measure.run.missing_instructions", lambda models, host, settings: failure)
    launched = []
    found = run(path, Settings(passes=("start",)), launch=lambda *asked, **options: launched.append(asked))
    assert launched == []
    assert (found.failure, found.effective, found.memory, len(found.frames)) == (failure, None, None, 0)
    assert found.absent["memory"] == "it was not run: missing instructions"
    assert from_json(to_json(found), "run.json") == found


def test_why_an_instruction_was_none_is_told_where_it_is_known(path):
    host = builders.host(cpu="Cortex-A76", not_offered=("asimddp",))
    found = run(path, launch=ends("crashed", "stopped by SIGILL", {"phase": "load"}), host=lambda: host)
    first, _, rest = found.failure.detail.partition("\n")
    assert (first, rest[:44]) == ("last words", "asimddp: ONNX Runtime takes the core to have")
