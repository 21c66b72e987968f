"""Peaks of live activations, each worked out by hand. All values are floats of 4 bytes unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import TensorProto, helper
from onnx_models import model_of, port

from assess.describe.model import Model

Describe = Callable[..., Model]
node = helper.make_node


def test_a_chain_holds_one_input_and_one_output_at_a_time(describe_here: Describe) -> None:
    nodes = [node("Relu", ["x"], ["a"]), node("Sigmoid", ["a"], ["b"]), node("Tanh", ["b"], ["y"])]
    assert describe_here(model_of(nodes, {"x": [100]}, ["y"])).peak_activation_bytes == 2 * 400


def test_a_residual_is_held_until_it_is_added(describe_here: Describe) -> None:
    # x lives until the Add; at Sigmoid: x, a, b; at Add: x, b, y.
    nodes = [node("Relu", ["x"], ["a"]), node("Sigmoid", ["a"], ["b"]), node("Add", ["x", "b"], ["y"])]
    assert describe_here(model_of(nodes, {"x": [100]}, ["y"])).peak_activation_bytes == 3 * 400


def test_views_take_no_memory_of_their_own(describe_here: Describe) -> None:
    nodes = [
        node("Reshape", ["x", "shape"], ["a"]), node("Unsqueeze", ["a", "axis"], ["b"]), node("Identity", ["b"], ["c"]),
        node("Relu", ["c"], ["y"]),
    ]  # fmt: skip
    weights = {"shape": np.array([10, 10], np.int64), "axis": np.array([0], np.int64)}
    assert describe_here(model_of(nodes, {"x": [100]}, ["y"], weights)).peak_activation_bytes == 2 * 400


def test_a_view_keeps_its_source_alive(describe_here: Describe) -> None:
    # x is read last by Add through its view r: at Sigmoid x, a, b are live.
    nodes = [
        node("Flatten", ["x"], ["r"]), node("Relu", ["x"], ["a"]), node("Sigmoid", ["a"], ["b"]),
        node("Add", ["r", "b"], ["y"]),
    ]  # fmt: skip
    assert describe_here(model_of(nodes, {"x": [1, 100]}, ["y"])).peak_activation_bytes == 3 * 400


def test_outputs_stay_to_the_end(describe_here: Describe) -> None:
    # a is an output: at Tanh a, b and y are live.
    nodes = [node("Relu", ["x"], ["a"]), node("Sigmoid", ["a"], ["b"]), node("Tanh", ["b"], ["y"])]
    assert describe_here(model_of(nodes, {"x": [100]}, ["a", "y"])).peak_activation_bytes == 3 * 400


def test_weights_are_no_activations(describe_here: Describe) -> None:
    nodes = [node("MatMul", ["x", "w"], ["y"])]
    model = describe_here(model_of(nodes, {"x": [1, 100]}, ["y"], {"w": np.zeros((100, 50), np.float32)}))
    assert (model.peak_activation_bytes, model.weight_bytes) == (400 + 200, {"float32": 20000})


def scale(value: float = 0.1) -> np.ndarray:
    return np.array(value, np.float32)


def test_a_qdq_model_holds_its_activations_in_bytes(describe_here: Describe) -> None:
    # x (400) is quantised to 100; between Dequantize and Quantize everything is held as 100 bytes.
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]), node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("DequantizeLinear", ["w", "s"], ["wd"]), node("MatMul", ["xd", "wd"], ["a"]),
        node("Relu", ["a"], ["r"]), node("QuantizeLinear", ["r", "s", "z"], ["rq"]),
        node("DequantizeLinear", ["rq", "s", "z"], ["rd"]), node("DequantizeLinear", ["w", "s"], ["vd"]),
        node("MatMul", ["rd", "vd"], ["b"]), node("QuantizeLinear", ["b", "s", "z"], ["y"]),
    ]  # fmt: skip
    weights = {"s": scale(), "z": np.array(128, np.uint8), "w": np.zeros((100, 100), np.int8)}
    model = describe_here(model_of(nodes, {"x": [1, 100]}, [port("y", None, "uint8")], weights))
    assert model.peak_activation_bytes == 400 + 100
    by_type = {group.type: group for group in model.operators if group.type == "MatMul"}
    matmul = by_type["MatMul"]
    assert (matmul.input_bytes, matmul.output_bytes, matmul.weight_bytes) == (100, 100, 10_000)
    assert (matmul.precision, matmul.count, matmul.macs) == ("int8", 2, 10_000)
    assert model.weight_bytes == {"int8": 10_000}


def test_the_peak_of_a_branch_adds_to_what_is_live_around_it(describe_here: Describe) -> None:
    # Around the If: x (400), c (1) and a (400), which Add reads after it. Its branch holds t and u: 800.
    branch = helper.make_graph(
        [node("Relu", ["x"], ["t"]), node("Sigmoid", ["t"], ["u"])], "then", [], [port("u", [100])]
    )
    other = helper.make_graph([node("Identity", ["x"], ["v"])], "else", [], [port("v", [100])])
    nodes = [
        node("Tanh", ["x"], ["a"]), node("If", ["c"], ["b"], then_branch=branch, else_branch=other),
        node("Add", ["a", "b"], ["y"]),
    ]  # fmt: skip
    model = describe_here(model_of(nodes, {"x": [100], "c": ([1], "bool")}, ["y"]))
    assert model.peak_activation_bytes == 400 + 1 + 400 + 800


def test_an_unknown_shape_on_the_way_is_named(describe_here: Describe) -> None:
    model = describe_here(model_of([node("NonZero", ["x"], ["y"])], {"x": [100]}, [port("y", None, "int64")]))
    assert model.peak_activation_bytes is None
    assert model.absent["peak_activation_bytes"] == "shape of 'y' (output of NonZero) is not known"
    assert model.outputs[0].shape == (1, -1)


def test_sequences_have_no_fixed_size(describe_here: Describe) -> None:
    nodes = [node("SequenceConstruct", ["x"], ["s"]), node("ConcatFromSequence", ["s"], ["y"], axis=0)]
    model = describe_here(model_of(nodes, {"x": [100]}, ["y"]))
    assert model.absent["peak_activation_bytes"] == "'s' is a sequence(float32), which has no fixed size"


def test_half_precision_halves_it(describe_here: Describe) -> None:
    half = model_of([node("Relu", ["x"], ["y"])], {"x": ([100], "float16")}, [port("y", None, "float16")])
    assert describe_here(half).peak_activation_bytes == 400
    assert half.graph.input[0].type.tensor_type.elem_type == TensorProto.FLOAT16
