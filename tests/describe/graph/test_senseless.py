"""Operators and names that make no sense are problems or refusals, never a traceback of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import model_of, weight

from assess.describe.graph import describe, facts
from assess.describe.model import Model
from assess.errors import AssessError

Describe = Callable[..., Model]


def contrib(operator: str, **attributes: object) -> onnx.ModelProto:
    node = helper.make_node(operator, ["x", "w", "s"], ["y"], name="n", domain="com.microsoft", **attributes)
    weights = {"w": np.zeros((8, 1, 8), np.uint8), "s": np.ones(8, np.float32)}
    return model_of([node], {"x": [1, 16]}, ["y"], weights)


def test_a_model_with_a_sparse_weight_is_described(tmp_path: Path) -> None:
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 6]}, ["y"])
    entry = model.graph.sparse_initializer.add(dims=[6, 6])
    entry.values.CopyFrom(weight("w", np.ones(3, np.float32)))
    entry.indices.CopyFrom(weight("w_indices", np.array([1, 8, 20])))
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    found = describe(path)
    assert found.weight_bytes == {"float32": 12, "int64": 24}
    assert found.parameters == 6


def test_attributes_of_another_type_are_a_problem(describe_here: Describe) -> None:
    found = describe_here(contrib("Attention", num_heads=[1, 2]))
    assert found.problems[0] == (
        "Attention 'n' does not fit its inputs: its inputs or attributes are not those of Attention"
    )
    assert found.unknown[0].type == "Attention"


@pytest.mark.parametrize(
    ("attributes", "packed"),
    [({"N": [1, 2], "K": 16}, 0), ({"N": 8, "K": b"text"}, 0), ({"N": 8, "K": 16, "bits": 4.0}, 128)],
)
def test_packed_weights_of_no_size_are_none(describe_here: Describe, attributes: dict[str, Any], packed: int) -> None:
    assert describe_here(contrib("MatMulNBits", **attributes)).parameters == packed + 8  # The scales.


def test_an_operator_of_too_few_dimensions_has_an_unknown_cost(describe_here: Describe) -> None:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    found = describe_here(model_of([node], {"x": []}, [onnx_port("y")], {"w": np.ones((4, 4), np.float32)}))
    assert [entry.why for entry in found.unknown] == ["its inputs or attributes are not those of MatMul"]


def onnx_port(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4])


def test_an_einsum_whose_equation_is_a_number_has_an_unknown_cost(describe_here: Describe) -> None:
    node = helper.make_node("Einsum", ["x", "x"], ["y"], equation=7)
    found = describe_here(model_of([node], {"x": [4, 4]}, [onnx_port("y")]))
    assert [entry.why for entry in found.unknown] == ["its inputs or attributes are not those of Einsum"]


@pytest.mark.parametrize("version", [-1, 2**31, 2**62, -(2**63)])
def test_operator_sets_of_absurd_versions_have_no_schemas(describe_here: Describe, version: int) -> None:
    model = describe_here(
        model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [4]}, [onnx_port("y")], opset=version)
    )
    assert model.opsets["ai.onnx"] == version


@pytest.mark.parametrize(
    "attributes", [{"num_scan_inputs": [1, 2]}, {"scan_input_axes": 1.5}, {"scan_output_axes": [b"a"]}]
)
def test_a_scan_of_senseless_attributes_is_a_problem(describe_here: Describe, attributes: dict[str, Any]) -> None:
    body = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "body", [onnx_port("a")], [onnx_port("b")])
    node = helper.make_node("Scan", ["x"], ["y"], body=body, **{"num_scan_inputs": 1, **attributes})
    assert describe_here(model_of([node], {"x": [3, 4]}, ["y"])).problems != ()


def test_a_scan_of_more_inputs_than_it_has_is_described(describe_here: Describe) -> None:
    body = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "body", [onnx_port("a")], [onnx_port("b")])
    node = helper.make_node("Scan", ["x"], ["y"], body=body, num_scan_inputs=2**62)
    assert describe_here(model_of([node], {"x": [3, 4]}, ["y"])).nodes == 2


def test_pads_that_make_a_dimension_negative_are_a_problem(describe_here: Describe) -> None:
    weights = {"pads": np.array([-9, 0], np.int64)}
    found = describe_here(model_of([helper.make_node("Pad", ["x", "pads"], ["y"])], {"x": [4]}, ["y"], weights))
    assert found.problems == ("Pad 'y' does not fit its inputs: it would give a dimension of -5",)


def test_a_range_of_more_than_64_bits_is_a_problem(describe_here: Describe) -> None:
    weights = {"a": np.array(-(2**63)), "b": np.array(2**63 - 1), "c": np.array(1)}
    nodes = [helper.make_node("Range", ["a", "b", "c"], ["r"], name="n"), helper.make_node("Size", ["r"], ["y"])]
    assert describe_here(model_of(nodes, {"x": [4]}, ["y"], weights)).problems == (
        "Range 'n' does not fit its inputs: it would give a dimension of 18446744073709551616",
    )


@pytest.mark.parametrize("where", ["node", "operator", "input"])
def test_a_name_as_long_as_a_book_is_refused(describe_here: Describe, where: str) -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [4]}, ["y"])
    if where == "node":
        model.graph.node[0].name = "n" * 16_385
    elif where == "operator":
        model.graph.node[0].op_type = "n" * 16_385
    else:
        model.graph.input[0].name = "n" * 16_385
    with pytest.raises(AssessError, match="is damaged: a name in it has 16385 letters"):
        describe_here(model)


def test_a_size_beyond_64_bits_is_not_computed(describe_here: Describe) -> None:
    model = model_of([helper.make_node("Size", ["x"], ["y"])], {"x": [2**62, 2**62]}, ["y"])
    assert describe_here(model).outputs[0].dtype == "int64"


def test_a_shape_from_no_number_on_is_not_computed(describe_here: Describe) -> None:
    node = helper.make_node("Shape", ["x"], ["y"], start=1.5)
    assert describe_here(model_of([node], {"x": [2, 3]}, ["y"])).problems != ()


def _with_bytes(model: onnx.ModelProto) -> bytes:
    return model.SerializeToString().replace(b"PLACE", b"\xff\xfe\xfd\xfc\xfb")


@pytest.mark.parametrize("where", ["metadata key", "metadata value", "producer", "dimension", "external", "domain"])
def test_what_is_no_text_is_refused(tmp_path: Path, where: str) -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [4]}, ["y"], {"w": np.zeros(4, np.float32)})
    if where == "metadata key":
        model.metadata_props.add(key="PLACE", value="1")
    elif where == "metadata value":
        model.metadata_props.add(key="a", value="PLACE")
    elif where == "producer":
        model.producer_name = "PLACE"
    elif where == "dimension":
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "PLACE"
    elif where == "external":
        model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
        model.graph.initializer[0].external_data.add(key="location", value="PLACE")
    else:
        model.opset_import.add(domain="PLACE", version=1)
    path = tmp_path / "model.onnx"
    path.write_bytes(_with_bytes(model))
    with pytest.raises(AssessError) as caught:
        facts.describe(path, {})
    assert caught.value.problem == "is damaged: a name in it is no text"
