"""Precision and quantisation of every form that exporters write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import model_of, port

from assess.describe.model import Model, Quantisation

Describe = Callable[..., Model]
node = helper.make_node
MS = "com.microsoft"
S = np.array(0.1, np.float32)


def packed(name: str, dtype: int, dims: list[int], size: int) -> TensorProto:
    return TensorProto(name=name, data_type=dtype, dims=dims, raw_data=bytes(size))


def qdq(weight: Any, scale: Any, **attributes: Any) -> Any:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]), node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("DequantizeLinear", ["w", "ws"], ["wd"], **attributes), node("MatMul", ["xd", "wd"], ["y"]),
    ]  # fmt: skip
    return model_of(
        nodes, {"x": [2, 64]}, ["y"], {"s": S, "z": np.array(128, np.uint8), "w": weight, "ws": scale}, opset=21
    )


@pytest.mark.parametrize(
    ("weight", "scale", "attributes", "granularity", "dtype"),
    [
        (np.zeros((64, 32), np.int8), S, {}, "per-tensor", "int8"),
        (np.zeros((64, 32), np.int8), np.ones(32, np.float32), {"axis": 1}, "per-channel", "int8"),
        (packed("w", TensorProto.INT4, [64, 32], 1024), np.ones((4, 32), np.float32), {"axis": 0, "block_size": 16},
         "block", "int4"),
    ],
)  # fmt: skip
def test_a_qdq_model_computes_in_integers(
    describe_here: Describe, weight: Any, scale: Any, attributes: dict[str, Any], granularity: str, dtype: str
) -> None:
    model = describe_here(qdq(weight, scale, **attributes))
    assert model.quantisation == Quantisation("QDQ", granularity, (dtype,), ("uint8",), 1.0)
    assert (model.precision, model.macs, model.problems) == ("int8", 2 * 64 * 32, ())


def test_weights_alone_in_int4_compute_in_floats(describe_here: Describe) -> None:
    nodes = [node("DequantizeLinear", ["w", "s"], ["wd"], axis=1), node("MatMul", ["x", "wd"], ["y"])]
    weights = {"w": packed("w", TensorProto.INT4, [64, 32], 1024), "s": np.ones(32, np.float32)}
    model = describe_here(model_of(nodes, {"x": [2, 64]}, ["y"], weights, opset=21))
    assert model.quantisation == Quantisation("weight-only", "per-channel", ("int4",), (), 0.0)
    assert (model.precision, dict(model.weight_bytes)) == ("fp32", {"float32": 128, "int4": 1024})
    assert model.parameters == 64 * 32 + 32


def test_matmul_nbits_counts_its_packed_weights(describe_here: Describe) -> None:
    nodes = [node("MatMulNBits", ["x", "w", "s"], ["y"], domain=MS, K=80, N=32, bits=4, block_size=32)]
    # 3 blocks of 32 for 80 inputs: 16 of 96 are padding.
    weights = {"w": np.zeros((32, 3, 16), np.uint8), "s": np.ones(96, np.float32)}
    model = describe_here(model_of(nodes, {"x": [2, 80]}, ["y"], weights))
    assert model.quantisation == Quantisation("weight-only", "block", ("uint4",), (), 0.0)
    assert (model.macs, model.parameters) == (2 * 80 * 32, 80 * 32 + 96)
    assert dict(model.weight_bytes) == {"float32": 384, "uint4": 32 * 3 * 16}
    assert model.outputs[0].shape == (2, 32)


def test_q_operators(describe_here: Describe) -> None:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        node("QLinearConv", ["xq", "s", "z", "w", "ws", "wz", "s", "z"], ["a"], kernel_shape=[3, 3]),
        node("QLinearAdd", ["a", "s", "z", "a", "s", "z", "s", "z"], ["b"], domain=MS),
        node("QLinearGlobalAveragePool", ["b", "s", "z", "s", "z"], ["c"], domain=MS),
        node("DequantizeLinear", ["c", "s", "z"], ["y"]),
    ]
    weights = {"s": S, "z": np.array(128, np.uint8), "w": np.zeros((4, 3, 3, 3), np.int8)}
    weights |= {"ws": np.ones(4, np.float32), "wz": np.zeros(4, np.int8)}
    model = describe_here(model_of(nodes, {"x": [1, 3, 8, 8]}, ["y"], weights))
    assert model.macs == 4 * 6 * 6 * 27
    assert (model.quantisation.weight_granularity, model.quantisation.share_of_macs) == ("per-channel", 1.0)
    assert (model.precision, model.unknown, model.problems) == ("int8", (), ())
    assert model.outputs[0].shape == (1, 4, 1, 1)


def test_dynamic_quantisation(describe_here: Describe) -> None:
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
        node("MatMulInteger", ["xq", "w", "xz", "wz"], ["i"]),
        node("Cast", ["i"], ["f"], to=1), node("Mul", ["f", "xs"], ["y"]),
    ]  # fmt: skip
    weights = {"w": np.zeros((64, 32), np.int8), "wz": np.array(0, np.int8)}
    model = describe_here(model_of(nodes, {"x": [2, 64]}, ["y"], weights))
    assert model.quantisation == Quantisation("dynamic", "per-tensor", ("int8",), ("uint8",), 1.0)
    assert model.precision == "int8"


@pytest.mark.parametrize(
    ("dtype", "name", "precision", "size"),
    [
        (TensorProto.FLOAT16, "float16", "fp16", 2), (TensorProto.BFLOAT16, "bfloat16", "bf16", 2),
        (TensorProto.DOUBLE, "float64", "fp64", 8),
    ],
)  # fmt: skip
def test_floats_of_other_sizes(describe_here: Describe, dtype: int, name: str, precision: str, size: int) -> None:
    weights = {"w": packed("w", dtype, [64, 32], 64 * 32 * size)}
    model = describe_here(
        model_of([node("MatMul", ["x", "w"], ["y"])], {"x": ([2, 64], name)}, [port("y", None, name)], weights)
    )
    assert (model.precision, dict(model.weight_bytes)) == (precision, {name: 64 * 32 * size})
    assert (model.quantisation, model.problems) == (Quantisation(), ())


def test_fp8_weights_and_activations(describe_here: Describe) -> None:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]), node("DequantizeLinear", ["xq", "s"], ["xd"]),
        node("DequantizeLinear", ["w", "s"], ["wd"]), node("MatMul", ["xd", "wd"], ["y"]),
    ]  # fmt: skip
    fp8 = TensorProto.FLOAT8E4M3FN
    weights = {"s": S, "z": packed("z", fp8, [], 1), "w": packed("w", fp8, [64, 32], 2048)}
    model = describe_here(model_of(nodes, {"x": [2, 64]}, ["y"], weights, opset=19))
    assert (model.precision, model.quantisation.format, model.quantisation.share_of_macs) == ("fp8", "QDQ", 0.0)
    assert dict(model.weight_bytes) == {"float8e4m3fn": 2048}
