"""Shapes of ONNX Runtime's own operators are those that ONNX Runtime puts out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_models import model_of

from assess.describe.model import Model

MS = "com.microsoft"
random = np.random.default_rng(0)


def F(*shape: int) -> np.ndarray:  # noqa: N802
    return random.random(shape).astype(np.float32)


def U(*shape: int) -> np.ndarray:  # noqa: N802
    return random.integers(0, 255, shape).astype(np.uint8)


f = np.float32
s = np.array(0.1, np.float32)
z = np.array(128, np.uint8)

#: operator, names of inputs, what is fed, weights, attributes, number of outputs
CASES: list[Any] = [
    ("FusedConv", ["x", "w"], {"x": F(1, 3, 8, 8)}, {"w": F(4, 3, 3, 3)}, {"activation": "Relu"}, 1),
    ("FusedMatMul", ["x", "w"], {"x": F(2, 5, 3)}, {"w": F(7, 3)}, {"transB": 1}, 1),
    ("FusedMatMul", ["x", "w"], {"x": F(2, 5, 3), "w": F(2, 5, 7)}, {}, {"transA": 1}, 1),
    ("FusedGemm", ["x", "w", "c"], {"x": F(5, 3)}, {"w": F(3, 7), "c": F(7)}, {"activation": "Relu"}, 1),
    ("Gelu", ["x"], {"x": F(2, 3)}, {}, {}, 1),
    ("FastGelu", ["x"], {"x": F(2, 3)}, {}, {}, 1),
    ("QuickGelu", ["x"], {"x": F(2, 3)}, {}, {}, 1),
    ("BiasGelu", ["x", "b"], {"x": F(2, 3)}, {"b": F(3)}, {}, 1),
    ("SkipLayerNormalization", ["x", "k", "g", "b"], {"x": F(2, 5, 8), "k": F(2, 5, 8)}, {"g": F(8), "b": F(8)}, {}, 1),
    ("SkipLayerNormalization", ["x", "k", "g"], {"x": F(2, 5, 8), "k": F(2, 5, 8)}, {"g": F(8)}, {}, 4),
    ("SkipSimplifiedLayerNormalization", ["x", "k", "g"], {"x": F(2, 5, 8), "k": F(2, 5, 8)}, {"g": F(8)}, {}, 1),
    (
        "EmbedLayerNormalization",
        ["i", "t", "w", "p", "s", "g", "b"],
        {"i": np.zeros((2, 5), np.int32), "t": np.zeros((2, 5), np.int32)},
        {"w": F(10, 8), "p": F(9, 8), "s": F(2, 8), "g": F(8), "b": F(8)},
        {},
        2,
    ),
    ("Attention", ["x", "w", "b"], {"x": F(2, 5, 16)}, {"w": F(16, 48), "b": F(48)}, {"num_heads": 4}, 1),
    (
        "Attention",
        ["x", "w", "b", "", "p"],
        {"x": F(2, 5, 16), "p": F(2, 2, 4, 3, 4)},
        {"w": F(16, 48), "b": F(48)},
        {"num_heads": 4, "unidirectional": 1},
        2,
    ),
    (
        "MultiHeadAttention",
        ["q", "k", "v"],
        {"q": F(2, 5, 32), "k": F(2, 7, 32), "v": F(2, 7, 24)},
        {},
        {"num_heads": 4},
        1,
    ),
    (
        "MultiHeadAttention",
        ["q", "k", "v", "", "", "", "pk", "pv"],
        {"q": F(2, 1, 32), "k": F(2, 1, 32), "v": F(2, 1, 32), "pk": F(2, 4, 6, 8), "pv": F(2, 4, 6, 8)},
        {},
        {"num_heads": 4},
        3,
    ),
    (
        "GroupQueryAttention",
        ["q", "k", "v", "pk", "pv", "sl", "tl"],
        {"q": F(2, 1, 64), "k": F(2, 1, 16), "v": F(2, 1, 16), "pk": F(2, 2, 9, 8), "pv": F(2, 2, 9, 8)},
        {"sl": np.array([9, 9], np.int32), "tl": np.array(10, np.int32)},
        {"num_heads": 8, "kv_num_heads": 2},
        3,
    ),
    (
        "GroupQueryAttention",
        ["q", "", "", "pk", "pv", "sl", "tl"],
        {"q": F(2, 1, 96), "pk": F(2, 2, 9, 8), "pv": F(2, 2, 9, 8)},
        {"sl": np.array([9, 9], np.int32), "tl": np.array(10, np.int32)},
        {"num_heads": 8, "kv_num_heads": 2},
        3,
    ),
    (
        "RotaryEmbedding",
        ["x", "p", "c", "s"],
        {"x": F(2, 5, 32), "p": np.zeros((2, 5), np.int64)},
        {"c": F(9, 4), "s": F(9, 4)},
        {"num_heads": 4},
        1,
    ),
    (
        "MatMulNBits",
        ["x", "w", "s"],
        {"x": F(2, 3, 64)},
        {"w": U(7, 2, 16), "s": F(14)},
        {"K": 64, "N": 7, "bits": 4, "block_size": 32},
        1,
    ),
    (
        "QAttention",
        ["x", "w", "b", "xs", "ws", "", "xz", "wz"],
        {"x": U(2, 5, 16)},
        {"w": U(16, 48), "b": F(48), "xs": s, "ws": s, "xz": z, "wz": z},
        {"num_heads": 4},
        1,
    ),
    ("QGemm", ["x", "s", "z", "w", "s", "z", "", "s", "z"], {"x": U(5, 3)}, {"w": U(3, 7), "s": s, "z": z}, {}, 1),
    ("QGemm", ["x", "s", "z", "w", "s", "z"], {"x": U(5, 3)}, {"w": U(3, 7), "s": s, "z": z}, {}, 1),
    ("QLinearAdd", ["x", "s", "z", "y", "s", "z", "s", "z"], {"x": U(2, 3), "y": U(3)}, {"s": s, "z": z}, {}, 1),
    ("QLinearMul", ["x", "s", "z", "y", "s", "z", "s", "z"], {"x": U(2, 3), "y": U(2, 1)}, {"s": s, "z": z}, {}, 1),
    ("QLinearSigmoid", ["x", "s", "z", "s", "z"], {"x": U(2, 3)}, {"s": s, "z": z}, {}, 1),
    ("QLinearLeakyRelu", ["x", "s", "z", "s", "z"], {"x": U(2, 3)}, {"s": s, "z": z}, {"alpha": 0.1}, 1),
    (
        "QLinearAveragePool",
        ["x", "s", "z", "s", "z"],
        {"x": U(1, 3, 8, 8)},
        {"s": s, "z": z},
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        1,
    ),
    (
        "QLinearAveragePool",
        ["x", "s", "z", "s", "z"],
        {"x": U(1, 8, 8, 3)},
        {"s": s, "z": z},
        {"kernel_shape": [2, 2], "strides": [2, 2], "channels_last": 1},
        1,
    ),
    ("QLinearGlobalAveragePool", ["x", "s", "z", "s", "z"], {"x": U(1, 3, 8, 8)}, {"s": s, "z": z}, {}, 1),
    (
        "QLinearConcat",
        ["s", "z", "x", "s", "z", "y", "s", "z"],
        {"x": U(2, 3), "y": U(2, 5)},
        {"s": s, "z": z},
        {"axis": 1},
        1,
    ),
    (
        "QLinearSoftmax",
        ["x", "s", "z", "s", "z"],
        {"x": U(2, 3)},
        {"s": np.array(0.1, f), "z": z},
        {"axis": -1, "opset": 13},
        1,
    ),
    (
        "QLinearWhere",
        ["c", "x", "s", "z", "y", "s", "z", "s", "z"],
        {"c": np.ones((2, 3), bool), "x": U(2, 3), "y": U(3)},
        {"s": s, "z": z},
        {},
        1,
    ),
    ("DynamicQuantizeMatMul", ["x", "w", "s"], {"x": F(5, 3)}, {"w": U(3, 7), "s": s}, {}, 1),
    ("MatMulIntegerToFloat", ["x", "w", "s", "s", "z", "z"], {"x": U(5, 3)}, {"w": U(3, 7), "s": s, "z": z}, {}, 1),
    (
        "DynamicQuantizeLSTM",
        ["x", "w", "r", "", "", "", "", "", "ws", "wz", "rs", "rz"],
        {"x": F(9, 2, 8)},
        {
            "w": U(1, 8, 64),
            "r": U(1, 16, 64),
            "ws": np.array([0.1], f),
            "wz": np.array([128], np.uint8),
            "rs": np.array([0.1], f),
            "rz": np.array([128], np.uint8),
        },
        {"hidden_size": 16},
        3,
    ),
    ("NhwcMaxPool", ["x"], {"x": U(1, 8, 8, 3)}, {}, {"kernel_shape": [2, 2], "strides": [2, 2]}, 1),
    (
        "GatherBlockQuantized",
        ["w", "i", "s"],
        {"i": np.zeros((2, 5), np.int64)},
        {"w": U(10, 16), "s": F(10, 2)},
        {"block_size": 16, "bits": 4, "quantize_axis": 1, "gather_axis": 0},
        1,
    ),
    ("QuantizeLinear", ["x", "s", "z"], {"x": F(2, 3)}, {"s": s, "z": z}, {}, 1),
    ("DequantizeLinear", ["x", "s", "z"], {"x": U(2, 3)}, {"s": s, "z": z}, {}, 1),
    ("CDist", ["x", "y"], {"x": F(5, 3), "y": F(7, 3)}, {}, {"metric": "euclidean"}, 1),
    ("Trilu", ["x"], {"x": F(5, 3)}, {}, {}, 1),
    (
        "MoE",
        ["x", "r", "a", "", "b"],
        {"x": F(6, 8), "r": F(6, 4)},
        {"a": F(4, 16, 8), "b": F(4, 8, 16)},
        {"k": 2, "activation_type": "relu"},
        1,
    ),
    (
        "MatMulBnb4",
        ["x", "w", "a"],
        {"x": F(3, 64)},
        {"w": U(224), "a": F(14)},
        {"K": 64, "N": 7, "block_size": 32, "quant_type": 1},
        1,
    ),
    ("Inverse", ["x"], {"x": F(3, 3)}, {}, {}, 1),
    ("ExpandDims", ["x", "a"], {"x": F(3, 3)}, {"a": np.array(1, np.int32)}, {}, 1),
]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_shapes_are_those_of_onnx_runtime(describe_here: Callable[..., Model], case: Any) -> None:
    name, reads, fed, weights, attributes, count = case
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    if tuple(int(part) for part in onnxruntime.__version__.split(".")[:2]) < (1, 32):
        pytest.skip("older versions lack some of these operators, and crash on others")
    outputs = [f"y{index}" for index in range(count)]
    inputs = {key: (list(array.shape), str(array.dtype)) for key, array in fed.items()}
    made = model_of([helper.make_node(name, reads, outputs, domain=MS, **attributes)], inputs, outputs, weights)
    model = describe_here(made)
    for output in made.graph.output:
        output.ClearField("type")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(None, fed)
    assert [(port.dtype, port.shape) for port in model.outputs] == [(str(r.dtype), r.shape) for r in results]
    assert model.problems == ()
