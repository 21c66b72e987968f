"""A worker's whole life in exact numbers."""

import pytest
from fakes import MS, FakeClock, FakeEngine, FakeMemory, RefusedError, kernel

from assess.child import Stopped
from assess.errors import AssessError
from assess.measure.frames import read_frames
from assess.measure.passes.timed import timed_pass


def request(tmp_path, **changes):
    return {
        "provider": "CPUExecutionProvider", "inputs": [], "timeout_s": 600.0, "frames": str(tmp_path / "frames"),
        "back_to_back": str(tmp_path / "back_to_back"), "scenario": {"kind": "single"}, "spin_ns": 50_000,
        "warmup_count": 10, "warmup_duration_s": 0.5, "back_to_back_s": 0.1, "min_count": 100, "min_duration_s": 1.0,
        **changes,
    }  # fmt: skip


def run(tmp_path, *, system=None, clock=None, changes=None, **times):
    clock = clock or FakeClock()
    told = []
    answer = timed_pass(
        request(tmp_path, **(changes or {})), told.append, FakeEngine(clock, **times), system or kernel(clock)
    )
    if "refused" not in answer:
        answer = {**answer, "samples": list(read_frames(tmp_path / "frames")[1].service_ns)}
    known = {}
    for message in told:
        known.update(message.get("known", {}))
    return answer, known, [message["phase"] for message in told if "phase" in message], told


def test_the_flow_in_exact_numbers(tmp_path):
    answer, known, phases, _ = run(tmp_path)
    assert phases == ["load", "first inference", "warm-up", "timed"]
    assert answer == {"stopped": False, "samples": [2 * MS] * 500}
    assert known == {
        "versions": {"onnxruntime": "fake"}, "method": "fake", "effective": {"providers": ["CPUExecutionProvider"],
        "optimisation": "all"}, "binding": "preallocated", "threads": 1, "run_queue_wait": 0.0,
        "load_s": pytest.approx(0.040), "first_s": pytest.approx(0.009), "warmup_count": 250,
        "baseline": 50, "load_peak": 90, "first_peak": 70, "steady_peak": 80,
    }  # fmt: skip


def test_warm_up_has_ten_inferences_even_if_they_are_slow(tmp_path):
    _, known, _, _ = run(tmp_path, runs=[200 * MS] * 500, changes={"min_count": 3, "min_duration_s": 0.0})
    assert known["warmup_count"] == 10


def test_slow_first_inferences_are_no_samples(tmp_path):
    runs = [90 * MS] * 10 + [1 * MS] * 2000
    answer, _, _, _ = run(tmp_path, runs=runs)
    assert set(answer["samples"]) == {1 * MS}


def test_each_phase_counts_memory_from_a_reset(tmp_path):
    clock = FakeClock()
    memory = FakeMemory(50, 90, 70, 80)
    run(tmp_path, clock=clock, system=kernel(clock, memory))
    assert (
        memory.restarts == 3
    )  # Before the baseline, the first inference and the rest; loading counts from the baseline.


def test_without_a_high_water_mark_the_reason_is_told(tmp_path):
    clock = FakeClock()
    _, known, _, _ = run(tmp_path, clock=clock, system=kernel(clock, "plan9 has none"))
    assert known["no memory"] == "plan9 has none"
    assert "baseline" not in known


def test_waiting_for_a_cpu_is_a_share_of_the_timed_span(tmp_path):
    clock = FakeClock()
    _, known, _, _ = run(tmp_path, clock=clock, system=kernel(clock, waited=(5 * MS, 255 * MS)))
    assert known["run_queue_wait"] == 0.25


def test_a_system_that_does_not_tell_the_waiting_is_no_error(tmp_path):
    clock = FakeClock()
    _, known, _, _ = run(tmp_path, clock=clock, system=kernel(clock, waited=(None, None)))
    assert known["run_queue_wait"] is None


def test_a_slow_model_ends_with_the_samples_it_has(tmp_path):
    runs = [1000 * MS] * 1000
    answer, known, _, _ = run(tmp_path, runs=runs, changes={"timeout_s": 100.0, "min_count": 500})
    assert known["warmup_count"] == 10
    assert len(answer["samples"]) == 70  # 80 s of the 100 s, less 10 s of warm-up; load and first take part of one.


@pytest.mark.parametrize(
    ("times", "phase"),
    [
        ({"load": RefusedError("no such operator")}, "load"),
        ({"first": RefusedError("no such operator")}, "first inference"),
        ({"runs": [RefusedError("no such operator")]}, "warm-up"),
        ({"runs": [600 * MS] * 12 + [RefusedError("no such operator")] * 9}, "timed"),
    ],
)
def test_a_refusal_is_an_answer_and_the_phase_is_known(tmp_path, times, phase):
    answer, _, phases, _ = run(tmp_path, **times)
    assert answer == {"refused": "no such operator", "kind": "refused"}
    assert phases[-1] == phase


@pytest.mark.parametrize("text", ["std::bad_alloc", "Failed to allocate memory for buffer", "CUDA out of memory"])
def test_a_refusal_for_want_of_memory_is_told_apart(tmp_path, text):
    answer, _, _, _ = run(tmp_path, load=RefusedError(text))
    assert answer == {"refused": text, "kind": "out of memory"}


def test_a_memory_error_of_python_is_one_too(tmp_path):
    answer, _, _, _ = run(tmp_path, load=MemoryError())
    assert answer == {"refused": "MemoryError", "kind": "out of memory"}


def test_an_error_of_ours_is_not_taken_for_a_refusal(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, load=ZeroDivisionError())


def test_a_provider_that_is_not_there_is_bad_usage_and_those_that_are_get_named(tmp_path):
    with pytest.raises(AssessError) as caught:
        run(tmp_path, changes={"provider": "CUDAExecutionProvider"})
    assert "no CUDAExecutionProvider" in caught.value.problem
    assert "CPUExecutionProvider" in caught.value.hint
    assert "Azure" not in caught.value.hint


def test_progress_of_the_timed_part_is_told(tmp_path):
    _, _, _, told = run(tmp_path, changes={"min_duration_s": 2.0})
    assert [message["done"] for message in told if "done" in message] == [0.25, 0.5, 0.75]


PERIODIC = {"kind": "periodic", "rate_hz": 100.0, "queue": {"depth": 1, "deadline_ns": None}}


def test_a_periodic_job_runs_back_to_back_first_and_then_at_its_rate(tmp_path):
    answer, known, phases, _ = run(tmp_path, changes={"scenario": PERIODIC})
    assert phases == ["load", "first inference", "warm-up", "back to back", "timed"]
    assert known["spin_ns"] == 50_000
    assert read_frames(tmp_path / "back_to_back")[1].service_ns == (2 * MS,) * 50
    frames = read_frames(tmp_path / "frames")[1]
    # Releases at 0 to 990 ms make 100; the span of 1 s wants one at 1000 ms, which would be beyond it.
    assert frames.scheduled_ns == tuple(index * 10 * MS for index in range(100))
    assert frames.waited_ns == (0,) * 100
    assert frames.response_ns == (2 * MS,) * 100
    assert answer["stopped"] is False


def test_a_model_that_is_too_slow_for_its_rate_drops_frames(tmp_path):
    runs = [2 * MS] * 300 + [25 * MS] * 200
    run(tmp_path, runs=runs, changes={"scenario": PERIODIC})
    frames = read_frames(tmp_path / "frames")[1]
    # Served back to back: at 0 the first, then the newest of those that came within 25 ms.
    assert frames.scheduled_ns[:4] == (0, 20 * MS, 50 * MS, 70 * MS)
    assert frames.dropped_ns[:3] == (10 * MS, 30 * MS, 40 * MS)
    assert len(frames) + len(frames.dropped_ns) == 100


def test_what_was_told_to_stop_keeps_its_frames(tmp_path):
    answer, known, _, _ = run(tmp_path, runs=[2 * MS] * 300 + [Stopped()])
    assert answer == {"stopped": True, "samples": [2 * MS] * 50}
    assert known["steady_peak"] == 80


def test_states_are_fed_back(tmp_path):
    clock = FakeClock()
    engine = FakeEngine(clock)
    scenario = {"kind": "stateful", "states": {"h_out": "h"}, "rate_hz": None}
    timed_pass(request(tmp_path, scenario=scenario), lambda message: None, engine, kernel(clock))
    assert engine._session.states == {"h_out": "h"}
