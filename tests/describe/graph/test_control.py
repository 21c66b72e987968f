"""Subgraphs: the dearer branch of an If, the turns of a Loop, the length of a Scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import GraphProto, helper
from onnx_models import model_of, port, weight

from assess.describe.model import Model

Describe = Callable[..., Model]
node = helper.make_node


def branch(name: str, size: int) -> GraphProto:
    """A branch that multiplies [1, 8] by a weight of its own, [8, size], and back."""
    weights = [weight(f"{name}1", np.zeros((8, size), np.float32)), weight(f"{name}2", np.zeros((size, 8), np.float32))]
    nodes = [node("MatMul", ["x", f"{name}1"], [f"{name}t"]), node("MatMul", [f"{name}t", f"{name}2"], [name])]
    return helper.make_graph(nodes, name, [], [port(name, [1, 8])], weights)


def choice(condition: str, weights: dict[str, Any] | None = None) -> Any:
    inputs: dict[str, Any] = {"x": [1, 8]} | ({} if weights else {"c": ([], "bool")})
    if_node = node("If", [condition], ["y"], name="if", then_branch=branch("a", 16), else_branch=branch("b", 4))
    return model_of([if_node], inputs, ["y"], weights)


def test_the_dearer_branch_is_counted_and_said(describe_here: Describe) -> None:
    model = describe_here(choice("c"))
    assert model.macs == 2 * 8 * 16
    assert model.nodes == 1 + 2 + 2
    assert model.parameters == 2 * 8 * 16 + 2 * 8 * 4  # Both branches are loaded.
    assert dict(model.absent) == {
        "branch taken": "1 If choose by data ('if'); the branch with more MACs is counted"
    }  # fmt: skip


def test_a_known_condition_selects_its_branch(describe_here: Describe) -> None:
    model = describe_here(choice("c", {"c": np.array(False)}))
    assert (model.macs, dict(model.absent)) == (2 * 8 * 4, {})


def test_a_condition_on_shapes_is_known(describe_here: Describe) -> None:
    nodes = [
        node("Shape", ["x"], ["s"]), node("Gather", ["s", "one"], ["n"]), node("Equal", ["n", "eight"], ["c"]),
        node("If", ["c"], ["y"], then_branch=branch("a", 16), else_branch=branch("b", 4)),
    ]  # fmt: skip
    weights = {"one": np.array(1, np.int64), "eight": np.array(8, np.int64)}
    assert describe_here(model_of(nodes, {"x": [1, 8]}, ["y"], weights)).macs == 2 * 8 * 16


def looped(trips: Any, *, stay: bool = True) -> Any:
    """A Loop that multiplies a carried [1, 8] by [8, 8] and collects every result."""
    body_nodes = [
        node("MatMul", ["state", "w"], ["next"]), node("Identity", ["next"], ["kept"]),
        node("Identity", ["go"], ["on"]) if stay else node("Less", ["turn", "limit"], ["on"]),
    ]  # fmt: skip
    body = helper.make_graph(
        body_nodes, "body", [port("turn", [], "int64"), port("go", [], "bool"), port("state", [1, 8])],
        [port("on", [], "bool"), port("next", [1, 8]), port("kept", [1, 8])],
    )  # fmt: skip
    weights = {"w": np.zeros((8, 8), np.float32), "true": np.array(True), "limit": np.array(9, np.int64)}
    inputs: dict[str, Any] = {"x": [1, 8]}
    if trips is None:
        inputs["n"] = ([], "int64")
    else:
        weights["n"] = np.array(trips, np.int64)
    return model_of(
        [node("Loop", ["n", "true", "x"], ["last", "all"], name="l", body=body)], inputs, ["last", "all"], weights
    )


def test_a_loop_of_known_length_is_multiplied(describe_here: Describe) -> None:
    model = describe_here(looped(5))
    assert (model.macs, model.unknown) == (5 * 64, ())
    assert [(group.type, group.count) for group in model.operators] == [
        ("Loop", 1), ("MatMul", 5), ("Identity", 5), ("Identity", 5),
    ]  # fmt: skip
    assert [port.shape for port in model.outputs] == [(1, 8), (5, 1, 8)]


def test_a_loop_of_unknown_length_counts_once_and_is_reported(describe_here: Describe) -> None:
    for model in (describe_here(looped(None)), describe_here(looped(5, stay=False)), describe_here(looped(2**63 - 1))):
        assert model.macs == 64
        assert [(entry.type, entry.count, entry.why, entry.nodes) for entry in model.unknown] == [
            ("Loop", 1, "trip count is not known; its body is counted once", ("l",))
        ]


def test_a_loop_of_no_turns_costs_nothing(describe_here: Describe) -> None:
    assert describe_here(looped(0)).macs == 0


def test_a_scan_turns_as_often_as_its_input_is_long(describe_here: Describe) -> None:
    body = helper.make_graph(
        [
            node("Add", ["state", "slice"], ["sum"]), node("MatMul", ["sum", "w"], ["next"]),
            node("Identity", ["sum"], ["out"]),
        ],
        "body", [port("state", [1, 8]), port("slice", [1, 8])], [port("next", [1, 8]), port("out", [1, 8])],
    )  # fmt: skip
    scan = node("Scan", ["start", "x"], ["last", "all"], body=body, num_scan_inputs=1)
    weights = {"w": np.zeros((8, 8), np.float32)}
    model = describe_here(model_of([scan], {"start": [1, 8], "x": ["steps", 1, 8]}, ["last", "all"], weights), steps=7)
    assert (model.macs, model.unknown) == (7 * 64, ())
    assert [port.shape for port in model.outputs] == [(1, 8), (7, 1, 8)]


def test_a_loop_in_a_loop_multiplies(describe_here: Describe) -> None:
    inner = helper.make_graph(
        [node("MatMul", ["is", "w"], ["in"]), node("Identity", ["ig"], ["io"])], "inner",
        [port("it", [], "int64"), port("ig", [], "bool"), port("is", [1, 8])],
        [port("io", [], "bool"), port("in", [1, 8])],
    )  # fmt: skip
    outer = helper.make_graph(
        [node("Loop", ["three", "true", "os"], ["on"], body=inner), node("Identity", ["og"], ["oo"])], "outer",
        [port("ot", [], "int64"), port("og", [], "bool"), port("os", [1, 8])],
        [port("oo", [], "bool"), port("on", [1, 8])],
    )  # fmt: skip
    weights = {"w": np.zeros((8, 8), np.float32), "true": np.array(True), "three": np.array(3, np.int64)}
    weights["four"] = np.array(4, np.int64)
    model = describe_here(
        model_of([node("Loop", ["four", "true", "x"], ["y"], body=outer)], {"x": [1, 8]}, ["y"], weights)
    )
    assert (model.macs, model.unknown) == (4 * 3 * 64, ())


def test_a_value_that_grows_in_a_loop_has_an_unknown_shape(describe_here: Describe) -> None:
    body = helper.make_graph(
        [node("Concat", ["s", "s"], ["n"], axis=0), node("Identity", ["g"], ["o"])], "body",
        [port("t", [], "int64"), port("g", [], "bool"), port("s", None)], [port("o", [], "bool"), port("n", None)],
    )  # fmt: skip
    weights = {"true": np.array(True), "n3": np.array(3, np.int64)}
    model = describe_here(
        model_of([node("Loop", ["n3", "true", "x"], ["y"], body=body)], {"x": [2, 8]}, ["y"], weights)
    )
    assert model.outputs[0].shape == (-1, 8)
    assert model.peak_activation_bytes is None


def test_local_functions_are_read_through(describe_here: Describe) -> None:
    imports = [helper.make_opsetid("", 17)]
    body = [node("MatMul", ["a", "b"], ["t"]), node("Relu", ["t"], ["c"])]
    function = helper.make_function("my.own", "Dense", ["a", "b"], ["c"], body, imports)
    call = node("Dense", ["x", "w"], ["y"], domain="my.own")
    model = describe_here(
        model_of(
            [call], {"x": [1, 8]}, ["y"], {"w": np.zeros((8, 4), np.float32)}, functions=[function], domains=["my.own"]
        )
    )
    assert (model.macs, model.parameters, model.nodes) == (32, 32, 2)
