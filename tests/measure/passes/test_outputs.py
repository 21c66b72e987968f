"""What depends on the data: in exact numbers with a runtime of our own, and with real models."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import numpy as np
import onnx
import onnx_models
import pytest
from fakes import FakeClock, RefusedError, kernel
from onnx import helper

from assess.describe.model import Port
from assess.errors import AssessError
from assess.measure.inputs import prepare
from assess.measure.passes.outputs import OutputFacts, Variant, arrays_in, digests_of, outputs_pass
from assess.measure.plain import decode
from assess.measure.variants import Source, vary
from assess.sandbox import Limits
from assess.sandbox import run as in_a_process

US = 1000
X = Port("x", "float32", (2, 3))


class Session:
    """Puts out what `work` makes of its input, after the time that `takes` says."""

    def __init__(self, engine, threads):
        self._engine, self._threads, self._fed, self._out = engine, threads, dict(engine.arrays), {}

    def first(self):
        self._infer()

    def settle(self) -> tuple[str, Callable[[], object]]:
        return "preallocated", self._infer

    def feed(self, arrays):
        self._fed.update(arrays)

    def _infer(self):
        engine = self._engine
        engine.count += 1
        engine.clock.now += engine.takes(self._fed["x"])
        self._out = {"y": engine.work(self._fed["x"], engine.count, self._threads)}

    def outputs(self) -> dict[str, Any]:
        return self._out


class Engine:
    refusals = (RefusedError,)

    def __init__(self, clock, work=lambda x, count, threads: x, takes=lambda x: 100 * US, load=1):
        self.clock, self.work, self.takes, self._load = clock, work, takes, load
        self.count, self.arrays = 0, {}

    def providers(self):
        return ["CPUExecutionProvider"]

    def read_inputs(self, inputs):
        self.arrays = {each["name"]: np.load(each["file"]) for each in inputs}

    def load(self, request):
        self.clock.now += self._load
        return Session(self, request["threads"])


ARRAYS = {"run": np.full((2, 3), 2.0), "zeros": np.zeros((2, 3)), "ones": np.ones((2, 3))}


def request_of(tmp_path, **changes):
    for name, array in ARRAYS.items():
        np.save(tmp_path / f"{name}.npy", array)
    variants = [
        {"name": name, "files": {"x": str(tmp_path / f"{name}.npy")}, "changed": [] if name == "run" else ["x"]}
        for name in ARRAYS
    ]
    return {
        "provider": "CPUExecutionProvider", "threads": 1, "timeout_s": 600.0, "variants": variants,
        "inputs": [{"name": "x", "dtype": "float32", "file": str(tmp_path / "run.npy")}],
        "outputs": [{"name": "y", "dtype": "float32"}], "left_out": {"card": "the model has no card"}, **changes,
    }  # fmt: skip


def look(tmp_path, changes=None, **engine) -> OutputFacts:
    clock = FakeClock()
    answer = outputs_pass(
        request_of(tmp_path, **(changes or {})), lambda message: None, Engine(clock, **engine), kernel(clock)
    )
    return decode(OutputFacts, json.loads(json.dumps(answer, allow_nan=False)), "outputs")


def test_a_model_whose_time_is_constant_has_no_spread(tmp_path):
    facts = look(tmp_path)
    assert facts.variants == (
        Variant("run", (), 100 * US, 1.0),
        Variant("run again", (), 100 * US, 1.0),
        Variant("zeros", ("x",), 100 * US, 1.0),
        Variant("ones", ("x",), 100 * US, 1.0),
        Variant("card", absent="the model has no card"),
    )
    assert (facts.spread, facts.noise, facts.threshold) == (0.0, 0.0, 0.20)
    assert facts.not_finite == ()
    assert facts.deterministic == {"runs": True, "sessions": True, "threads": True}
    assert facts.compared == {
        "runs": "4 inferences in one session",
        "sessions": "2 sessions",
        "threads": "1 and 2 threads",
    }
    assert facts.absent == {}
    body = b"float64 (2, 3) " + np.full((2, 3), 2.0).tobytes()
    assert facts.digests == {"y": hashlib.sha256(body).hexdigest()}


def test_a_round_is_blocks_of_5_ms_for_each_variant(tmp_path):
    # 4 blocks of 1 + 50 inferences of 100 us: 20.4 ms a round, and 2 s end in the 99th.
    assert look(tmp_path).rounds == 99


def test_a_slow_model_has_two_rounds_of_three_inferences(tmp_path):
    assert look(tmp_path, takes=lambda x: 900_000 * US).rounds == 2


def test_a_model_too_slow_for_two_rounds_is_not_timed_but_looked_at(tmp_path):
    facts = look(tmp_path, takes=lambda x: 1_000_000 * US, work=lambda x, count, threads: x / 0.5)
    assert facts.rounds == 0
    assert facts.absent == {"timing": "two rounds of 4 variants would take 32 s, 30 s are left for them"}
    assert {each.name: each.ratio for each in facts.variants} == {
        "run": None,
        "zeros": None,
        "ones": None,
        "card": None,
    }
    assert facts.spread is None
    assert facts.noise is None
    assert facts.deterministic == {"runs": True, "sessions": True, "threads": True}


def test_time_that_depends_on_the_data_is_told_by_variant(tmp_path):
    facts = look(tmp_path, takes=lambda x: (800 if x.any() else 1200) * US)
    ratios = {each.name: (each.service_ns, each.ratio) for each in facts.timed}
    assert ratios == {"run": (800 * US, 1.0), "zeros": (1200 * US, 1.5), "ones": (800 * US, 1.0)}
    assert facts.spread == pytest.approx(0.5)
    assert facts.noise == 0.0
    assert facts.threshold == 0.10


def test_a_host_that_slows_down_slows_all_variants_alike(tmp_path):
    calls = []

    def slower_and_slower(x):
        calls.append(1)
        return 1_000 * US + len(calls) * US

    facts = look(tmp_path, takes=slower_and_slower)
    assert facts.rounds > 10
    assert facts.spread < 0.02
    assert facts.noise < 0.02


def test_nan_and_infinity_are_counted_by_output_and_variant(tmp_path):
    def work(x, count, threads):
        with np.errstate(all="ignore"):
            return np.concatenate([1.0 / x[0], np.log(x[1]) * 0.0])

    facts = look(tmp_path, work=work)
    (found,) = facts.not_finite
    assert (found.output, found.variant, found.nan, found.infinite, found.of) == ("y", "zeros", 3, 3, 6)


def test_bfloat16_outputs_are_looked_at_as_numbers(tmp_path):
    def work(x, count, threads):
        return np.array([0x3F80, 0x7F80, 0x7FC0], np.uint16)

    facts = look(tmp_path, {"outputs": [{"name": "y", "dtype": "bfloat16"}]}, work=work)
    assert {(each.nan, each.infinite, each.of) for each in facts.not_finite} == {(1, 1, 3)}
    assert look(tmp_path, {"outputs": [{"name": "y", "dtype": "uint16"}]}, work=work).not_finite == ()


@pytest.mark.parametrize(
    ("work", "same"),
    [
        (lambda x, count, threads: x + count, {"runs": False, "sessions": False, "threads": False}),
        (lambda x, count, threads: x + threads, {"runs": True, "sessions": True, "threads": False}),
        (lambda x, count, threads: x + (count > 100), {"runs": False, "sessions": False, "threads": False}),
    ],
)
def test_outputs_that_are_not_always_the_same_are_found_out(tmp_path, work, same):
    assert look(tmp_path, work=work).deterministic == same


def test_other_numbers_of_threads_than_the_runs_own_are_tried(tmp_path):
    facts = look(tmp_path, {"threads": 0})
    assert facts.compared["threads"] == "the default, 1 and 2 threads"


def test_sessions_are_not_compared_if_loading_takes_too_long(tmp_path):
    facts = look(tmp_path, load=16 * 10**9)
    assert facts.deterministic == {"runs": True}
    assert facts.absent == {"sessions": "loading takes 16 s", "threads": "loading takes 16 s"}


def test_a_variant_that_the_runtime_refuses_is_absent_with_its_message(tmp_path):
    def work(x, count, threads):
        if not x.any():
            raise RefusedError("division by zero")
        return x

    facts = look(tmp_path, work=work)
    assert Variant("zeros", ("x",), absent="refused: division by zero") in facts.variants
    assert [each.name for each in facts.timed] == ["run", "ones"]


def test_a_refusal_of_the_runs_own_inputs_is_one_of_the_pass(tmp_path):
    def work(x, count, threads):
        raise RefusedError("no")

    clock = FakeClock()
    answer = outputs_pass(request_of(tmp_path), lambda message: None, Engine(clock, work), kernel(clock))
    assert answer == {"refused": "no", "kind": "refused"}


def test_what_is_fed_is_told_beforehand(tmp_path):
    clock, told = FakeClock(), []
    outputs_pass(request_of(tmp_path), told.append, Engine(clock), kernel(clock))
    assert [each["known"]["fed"] for each in told] == ["run", "zeros", "ones"]


def test_no_variant_is_begun_after_the_time_limit(tmp_path):
    facts = look(tmp_path, {"timeout_s": 10.0}, takes=lambda x: 2_500_000 * US)
    assert {each.name: each.absent for each in facts.variants if each.absent} == {
        "zeros": "no time was left", "ones": "no time was left", "card": "the model has no card",
    }  # fmt: skip
    assert facts.absent["timing"] == "there is nothing but the run's own inputs"


def test_an_unknown_provider_is_bad_usage(tmp_path):
    clock = FakeClock()
    with pytest.raises(AssessError, match="no FrobExecutionProvider"):
        outputs_pass(
            request_of(tmp_path, provider="FrobExecutionProvider"), lambda message: None, Engine(clock), kernel(clock)
        )


def test_digests_tell_types_shapes_and_values_apart():
    values = [
        np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32), np.zeros((2, 3), np.int32),
        np.array(["a", "b"], object), np.array(["ab", ""], object), [np.zeros(2)], [{"a": 1.0}], [{"a": 2.0}],
    ]  # fmt: skip
    assert len({digests_of({"y": value})["y"] for value in values}) == len(values)
    assert [array.tolist() for array in arrays_in([{"a": 1.0}, np.zeros(1)])] == ["a", 1.0, [0.0]]


# Real models in real processes.


def measured(tmp_path, model, *ports, outputs=None, **changes) -> OutputFacts:
    path = tmp_path / "model.onnx"
    if isinstance(model, Path):
        path = model
    else:
        onnx.save(model, path)
    described = builders.model(inputs=ports)
    folder = tmp_path / "private"
    folder.mkdir()
    ready = prepare(described, folder, seed=0, feeds={}, card=None, card_folder=tmp_path, available_bytes=None)
    variants, left_out = vary(Source(described, ready, 0, None, tmp_path), folder / "variants")
    request = {
        "pass": "outputs", "model": str(path), "provider": "CPUExecutionProvider", "threads": 1, "left_out": left_out,
        "inputs": [{"name": feed.used.name, "dtype": feed.used.dtype, "file": str(feed.file)} for feed in ready],
        "optimisation": "all", "timeout_s": 60.0, "memory_limit_bytes": None, "outputs": outputs or [],
        "variants": [{"name": each.name, "files": each.files, "changed": each.changed} for each in variants],
        "budget_s": 0.3, **changes,
    }  # fmt: skip
    ending = in_a_process("assess.measure.worker", request, Limits(60.0, None))
    assert ending.cause == "answered", ending
    return decode(OutputFacts, ending.answer, "outputs")


@pytest.mark.slow
def test_a_division_by_the_input_is_not_finite_for_zeros_only(tmp_path):
    model = onnx_models.model_of(
        [helper.make_node("Mul", ["x", "x"], ["xx"]), helper.make_node("Div", ["x", "xx"], ["y"])], {"x": [2, 3]}, ["y"]
    )
    facts = measured(tmp_path, model, X)
    assert {(each.variant, each.nan, each.infinite) for each in facts.not_finite} == {
        ("zeros", 6, 0), ("denormals", 0, 6),  # The square of a denormal is zero.
    }  # fmt: skip
    assert facts.deterministic == {"runs": True, "sessions": True, "threads": True}
    assert [each.name for each in facts.variants if not each.absent] == [
        "run", "run again", "seed 1", "seed 2", "seed 3", "zeros", "ones", "denormals",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_random_operator_is_not_deterministic(tmp_path):
    nodes = [helper.make_node("RandomNormalLike", ["x"], ["r"]), helper.make_node("Add", ["x", "r"], ["y"])]
    facts = measured(tmp_path, onnx_models.model_of(nodes, {"x": [2, 3]}, ["y"]), X)
    assert facts.deterministic["runs"] is False


def loop_of_data():
    """Goes around as often as the input's largest value says, times a thousand, at least 200 times."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Sin", ["v"], ["v2"])], "body",
        [onnx_models.port("i", [], "int64"), onnx_models.port("c", [], "bool"), onnx_models.port("v", [2, 3])],
        [onnx_models.port("c2", [], "bool"), onnx_models.port("v2", [2, 3])],
    )  # fmt: skip
    nodes = [
        helper.make_node("Abs", ["x"], ["a"]),
        helper.make_node("ReduceMax", ["a"], ["m"], keepdims=0),
        helper.make_node("Mul", ["m", "k"], ["mk"]),
        helper.make_node("Add", ["mk", "least"], ["f"]),
        helper.make_node("Cast", ["f"], ["n"], to=onnx.TensorProto.INT64),
        helper.make_node("Loop", ["n", "", "x"], ["y"], body=body),
    ]
    weights = {"k": np.float32(1000.0), "least": np.float32(200.0)}
    return onnx_models.model_of(nodes, {"x": [2, 3]}, ["y"], weights)


@pytest.mark.slow
def test_a_loop_whose_count_is_data_takes_as_long_as_the_data_says(tmp_path):
    facts = measured(tmp_path, loop_of_data(), X)
    by_name = {each.name: each for each in facts.timed}
    assert by_name["ones"].service_ns > 3 * by_name["zeros"].service_ns  # 1200 times around, and 200.
    assert facts.spread > 2.0
    assert facts.noise < 0.5


@pytest.mark.slow
def test_a_model_of_bfloat16_is_looked_at(tmp_path):
    port = onnx_models.port("y", [2, 3], "bfloat16")
    model = onnx_models.model_of([helper.make_node("Identity", ["x"], ["y"])], {"x": ([2, 3], "bfloat16")}, [port])
    facts = measured(
        tmp_path, model, Port("x", "bfloat16", (2, 3)), outputs=[{"name": "y", "dtype": "bfloat16"}]
    )  # fmt: skip
    assert facts.not_finite == ()
    assert facts.deterministic["runs"] is True


@pytest.mark.slow
def test_a_shipped_model_is_finite_and_deterministic(tmp_path):
    path = Path(__file__).parents[3] / "models/ppocr-text-direction/text-direction.onnx"
    facts = measured(tmp_path, path, Port("x", "float32", (1, 3, 48, 192), "image", "card"))
    assert facts.not_finite == ()
    assert (facts.deterministic["runs"], facts.deterministic["sessions"]) == (True, True)
    assert facts.rounds >= 2
    assert len(facts.timed) == 7
    assert all(0.2 < each.ratio < 5.0 for each in facts.timed)
