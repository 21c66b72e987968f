"""The memory pass on a runtime whose memory is known to the byte, and on ONNX Runtime."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fakes import FakeClock, FakeMemory, RefusedError
from onnx import helper, save
from onnx_models import model_of

from assess import sandbox
from assess.measure.attribution import Attribution
from assess.measure.engine import Kernel
from assess.measure.null_model import INPUT, NULL_MODEL
from assess.measure.passes.attribution import memory_pass
from assess.measure.plain import decode
from assess.measure.resident import Resident
from assess.sandbox import Limits

MB = 2**20


class Process:
    """A process whose memory is what its runtime takes: 10 MB for a null session, then 30 + 20 MB a model."""

    method = "VmHWM"

    def __init__(self):
        self.anonymous, self.code, self.peak = 50 * MB, 8 * MB, 0

    def take(self, size):
        self.anonymous += size
        self.peak = max(self.peak, self.anonymous + self.code)

    def restart(self):
        self.peak = self.anonymous + self.code

    def peak_bytes(self):
        return self.peak

    def look(self, model_files):
        return Resident(self.anonymous, self.code)


class Model:
    def __init__(self, process, clock, leak, profile):
        self._process, self._clock, self._leak, self._profile = process, clock, leak, profile
        self._took = 30 * MB
        process.take(35 * MB)
        process.take(-5 * MB)

    def first(self):
        self._took += 20 * MB
        self._process.take(20 * MB)

    def settle(self):
        return "preallocated", self._infer

    def _infer(self):
        self._clock.now += 100_000
        self._took += self._leak
        self._process.take(self._leak)

    def outputs(self):
        return {"y": np.zeros(256, np.float32)}

    def end_profiling(self):
        events = [{"args": {"mem_arena_held": str(held), "mem_arena_held_delta": "5"}} for held in (105, 140, 120)]
        Path(self._profile).write_text(json.dumps([{"name": "model_run"}, *events]))
        return self._profile

    def __del__(self):
        self._process.take(-self._took)


class Null:
    def __init__(self, process):
        process.take(10 * MB)

    def feed(self, arrays):
        assert set(arrays) == {INPUT}

    def first(self):
        pass


class Runtime:
    refusals = (RefusedError,)

    def __init__(self, process, clock, *, leak=0, most=99):
        self.process, self.clock, self.leak, self.left = process, clock, leak, most

    def providers(self):
        return ["CPUExecutionProvider"]

    def read_inputs(self, inputs):
        self.process.take(4096)

    def load(self, request):
        if request["model"] == NULL_MODEL:
            return Null(self.process)
        self.left -= 1
        if self.left < 0:
            raise RefusedError("std::bad_alloc")
        return Model(self.process, self.clock, self.leak, request.get("profile"))


def run(tmp_path, *, memory=None, trim=lambda: 0, **options):
    process, clock, told = Process(), FakeClock(), []
    np.save(tmp_path / "x.npy", np.zeros(1024, np.float32))
    request = {
        "provider": "CPUExecutionProvider", "model": "m.onnx", "budget_s": 1.5, "scratch": str(tmp_path),
        "inputs": [{"name": "x", "dtype": "float32", "file": str(tmp_path / "x.npy")}],
    }  # fmt: skip
    system = Kernel(clock, memory or process, lambda: 1, lambda: None, clock.sleep)
    answer = memory_pass(request, told.append, Runtime(process, clock, **options), system, process.look, trim)
    return answer, told


def test_each_part_in_exact_numbers(tmp_path):
    answer, told = run(tmp_path)
    found = decode(Attribution, answer["attribution"], "")
    assert found.load_peak == 45 * MB + 4096
    assert found.steady == 60 * MB + 4096
    at_load, at_steady = found.at_load, found.at_steady
    assert (at_load.weights, at_load.runtime, at_load.temporary) == (30 * MB, 10 * MB, 5 * MB)
    assert (at_steady.weights, at_steady.arena, at_steady.runtime) == (30 * MB, 20 * MB - 1024, 10 * MB)
    assert (at_steady.inputs_and_outputs, at_steady.remainder) == (4096 + 1024, 0)
    assert (found.second_model, found.update_slot) == (50 * MB, 50 * MB)
    assert found.arena_held == 40  # 140, less 100 that were there before the first operator.
    assert not found.growth.is_real
    assert found.absent == {}
    assert [each["phase"] for each in told if "phase" in each] == [
        "load", "first inference", "growth", "second model",
    ]  # fmt: skip
    assert not (tmp_path / "arena").exists()


def test_a_leak_is_found(tmp_path):
    answer, _ = run(tmp_path, leak=100)
    found = decode(Attribution, answer["attribution"], "")
    assert found.growth.bytes_per_10000 == pytest.approx(1_000_000)
    assert found.growth.is_real


def test_what_is_known_is_told_before_a_second_model_is_loaded(tmp_path):
    answer, told = run(tmp_path, most=2)
    found = decode(Attribution, answer["attribution"], "")
    assert found.second_model is None
    assert found.absent["second model"] == "a second one could not be loaded beside it: std::bad_alloc"
    assert found.absent["arena held"] == "no profile could be taken: std::bad_alloc"
    (early,) = (each["known"]["attribution"] for each in told if "known" in each)
    assert decode(Attribution, early, "").at_steady == found.at_steady
    assert early["absent"] == dict.fromkeys(("second model", "arena held"), "the process ended before it could be told")


def test_a_model_that_is_refused_is_an_answer(tmp_path):
    answer, _ = run(tmp_path, most=0)
    assert answer == {"refused": "std::bad_alloc", "kind": "out of memory"}


@pytest.mark.parametrize("memory", ["plan9 has none", FakeMemory()])
def test_a_system_that_does_not_tell_says_so(tmp_path, memory):
    answer, _ = run(tmp_path, memory=memory)
    assert answer["absent"].startswith("the system does not tell what is resident by kind")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_weights_and_arena_of_a_real_model_are_what_they_must_be(tmp_path):
    width, rows = 1024, 1024
    random = np.random.default_rng(0)
    weights = {name: random.random((width, width), np.float32) for name in ("a", "b")}
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["h"]),
        helper.make_node("Sigmoid", ["h"], ["s"]),
        helper.make_node("MatMul", ["s", "b"], ["y"]),
    ]
    save(model_of(nodes, {"x": [rows, width]}, ["y"], weights), tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", np.ones((rows, width), np.float32))
    request = {
        "pass": "memory", "model": str(tmp_path / "m.onnx"), "provider": "CPUExecutionProvider", "threads": 1,
        "optimisation": "all", "memory_limit_bytes": None, "budget_s": 1.0, "scratch": str(tmp_path),
        "inputs": [{"name": "x", "dtype": "float32", "file": str(tmp_path / "x.npy")}],
    }  # fmt: skip
    ending = sandbox.run("assess.measure.worker", request, Limits(120.0, None))
    found = decode(Attribution, ending.answer["attribution"], "")
    assert found.at_steady.inputs_and_outputs == 2 * rows * width * 4
    # Beside the prepacked copies, 1.22 keeps the weights as they were read; 1.32 does not.
    matrices, version = 2 * width * width * 4, tuple(map(int, onnxruntime.__version__.split(".")[:2]))
    copies = round(found.at_steady.weights / matrices)
    assert copies == 1 or (copies == 2 and version < (1, 32))
    assert found.at_steady.weights == pytest.approx(copies * matrices, rel=0.1)
    # One activation of 4 MiB is live beside the output; the arena takes powers of two, twice at most.
    assert 4 * MB <= found.at_steady.arena + MB // 2 <= 4 * 4 * MB + MB
    assert found.at_steady.remainder < 2 * MB
    assert found.second_model > 0.9 * matrices
