"""Outputs fed back: a real recurrent cell after k steps is numpy's."""

import builders
import numpy as np
import onnx
import pytest
import real_runs
from onnx import helper
from onnx_models import model_of, port

from assess.describe.model import Port
from assess.errors import AssessError
from assess.measure.onnx_runtime import OnnxRuntime
from assess.measure.scenario_runs import require_states

WIDTH, SEEN = 5, 3
RNG = np.random.default_rng(11)
#: Update, reset and new gates, one below the other, as the ONNX GRU has them.
INPUT_WEIGHTS = RNG.standard_normal((1, 3 * WIDTH, SEEN)).astype(np.float32)
STATE_WEIGHTS = RNG.standard_normal((1, 3 * WIDTH, WIDTH)).astype(np.float32)


def cell(written=(1, 1, WIDTH)):
    """One step of a GRU: `h` of before and an observation give `h_next` and an action."""
    nodes = [
        helper.make_node("GRU", ["seen", "W", "R", "", "", "h"], ["", "state"], hidden_size=WIDTH),
        helper.make_node("Reshape", ["state", "shape"], ["h_next"]),
        helper.make_node("ReduceSum", ["state"], ["action"], keepdims=0),
    ]
    inputs = {"seen": [1, 1, SEEN], "h": [1, 1, WIDTH]}
    weights = {"W": INPUT_WEIGHTS, "R": STATE_WEIGHTS, "shape": np.array(written, np.int64)}
    return model_of(nodes, inputs, [port("h_next", list(written)), port("action", [])], weights)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def step(seen, h):
    """The same in numpy, from the definition of the operator (linear_before_reset = 0)."""
    wz, wr, wn = np.split(INPUT_WEIGHTS[0], 3)
    rz, rr, rn = np.split(STATE_WEIGHTS[0], 3)
    update, reset = sigmoid(wz @ seen + rz @ h), sigmoid(wr @ seen + rr @ h)
    return (1.0 - update) * np.tanh(wn @ seen + rn @ (reset * h)) + update * h


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_after_k_steps_the_state_is_numpys(tmp_path, steps):
    seen, h = RNG.standard_normal(SEEN).astype(np.float32), RNG.standard_normal(WIDTH).astype(np.float32)
    inputs = []
    for name, array in (("seen", seen.reshape(1, 1, SEEN)), ("h", h.reshape(1, 1, WIDTH))):
        np.save(tmp_path / f"{name}.npy", array)
        inputs.append({"name": name, "dtype": "float32", "file": str(tmp_path / f"{name}.npy")})
    engine = OnnxRuntime()
    engine.read_inputs(inputs)
    path = str(real_runs.saved(tmp_path, cell()))
    session = engine.load({"model": path, "provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all"})
    session.first()  # Of the state that was fed: it is not fed back yet.
    session.settle()
    infer = session.feed_back({"h_next": "h"})
    expected = step(seen, h)  # What `first` put out is fed to the next inference.
    for _ in range(steps):
        infer()
        expected = step(seen, expected)
    found = session.outputs()
    assert found["h_next"].reshape(-1) == pytest.approx(expected, abs=1e-4)
    assert found["action"] == pytest.approx(expected.sum(), abs=1e-4)


@pytest.mark.slow
def test_an_output_beside_the_state_may_change_its_shape(tmp_path):
    nodes = [
        helper.make_node("Add", ["count", "one"], ["next"]),
        helper.make_node("Range", ["zero", "next", "one"], ["list"]),
    ]
    weights = {"zero": np.int64(0), "one": np.int64(1)}
    outputs = [port("next", [], "int64"), port("list", ["k"], "int64")]
    model = model_of(nodes, {"count": ([], "int64")}, outputs, weights)
    np.save(tmp_path / "count.npy", np.int64(4))
    engine = OnnxRuntime()
    engine.read_inputs([{"name": "count", "dtype": "int64", "file": str(tmp_path / "count.npy")}])
    path = str(real_runs.saved(tmp_path, model))
    session = engine.load({"model": path, "provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all"})
    session.first()
    assert session.settle()[0] == "runtime"
    infer = session.feed_back({"next": "count"})
    for expected in (6, 7, 8):
        infer()
        assert session.outputs()["next"] == expected
        assert session.outputs()["list"].tolist() == list(range(expected))


STATES = {"kind": "stateful", "states": {"h_next": "h"}}


@pytest.mark.slow
def test_a_recurrent_policy_is_measured_closed_and_at_its_rate(tmp_path):
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    closed = real_runs.run(tmp_path / "closed", cell(), real_runs.job(STATES))
    assert closed["failure"] is None, closed["failure"]
    assert closed["frames"].waited_ns == (0,) * len(closed["frames"])
    opened = real_runs.run(tmp_path / "open", cell(), real_runs.job({**STATES, "rate": "200 Hz"}))
    releases = sorted((*opened["frames"].scheduled_ns, *opened["frames"].dropped_ns))
    assert releases[:20] == [index * 5_000_000 for index in range(20)]


PORTS = {
    "inputs": (Port("seen", "float32", (1, 3)), Port("hidden", "float32", (1, 5))),
    "outputs": (
        Port("action", "float32", (1, 2)), Port("hidden_next", "float32", (1, 5)), Port("half", "float16", (1, 5)),
        Port("open", "float32", (1, -1)), Port("flat", "float32", (5,)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("states", "problem", "hint"),
    [
        ({"hiden_next": "hidden"}, "no output 'hiden_next'", "did you mean 'hidden_next'?"),
        ({"hidden_next": "h"}, "no input 'h'", "expected one of 'seen', 'hidden'"),
        ({"action": "hidden"}, "output 'action' is float32 1x2, input 'hidden' is float32 1x5", "kind 'generate'"),
        ({"flat": "hidden"}, "output 'flat' is float32 5, input 'hidden' is float32 1x5", "one type and shape"),
        ({"half": "hidden"}, "output 'half' is float16 1x5", "one type and shape"),
    ],
)
def test_states_that_the_model_does_not_have_are_refused_before_anything_runs(states, problem, hint):
    with pytest.raises(AssessError) as caught:
        require_states(builders.model(**PORTS), states)
    assert problem in caught.value.problem
    assert hint in caught.value.hint
    assert caught.value.where == "states"


@pytest.mark.parametrize("states", [{"hidden_next": "hidden"}, {"open": "hidden"}])
def test_states_that_fit_as_far_as_the_graph_tells_are_let_through(states):
    require_states(builders.model(**PORTS), states)


@pytest.mark.slow
def test_a_state_whose_shape_only_running_tells_is_refused_by_the_worker(tmp_path):
    model = cell((1, WIDTH))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("h_next", onnx.TensorProto.FLOAT, ["a", "b", "c"]))
    model.graph.node[1].input[1] = "given"
    model.graph.input.append(helper.make_tensor_value_info("given", onnx.TensorProto.INT64, [3]))
    np.save(tmp_path / "given.npy", np.array([1, WIDTH, 1], np.int64))
    with pytest.raises(AssessError, match=r"output 'h_next' has shape \[1, 5, 1\], input 'h' has \[1, 1, 5\]"):
        real_runs.run(tmp_path, model, real_runs.job(STATES), feeds={"given": tmp_path / "given.npy"})
