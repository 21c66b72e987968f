"""One example per operator of the cost table, its arithmetic written out."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

from assess.describe.graph import cost
from assess.describe.graph.values import Operator, Value


def run(name: str, inputs: list[Any], output: tuple[int | None, ...] = (), domain: str = "", **attributes: Any) -> Any:
    """The cost of an operator whose inputs have these shapes (None: left out) and whose first output has this one."""
    values = [
        None if spec is None else spec if isinstance(spec, Value) else Value(f"i{index}", "float32", spec)
        for index, spec in enumerate(inputs)
    ]
    return cost.of(Operator(name, domain, "node", 17, values, [Value("o", "float32", output)], attributes))


MS = "com.microsoft"
NHWC = "com.ms.internal.nhwc"

#: name, inputs, output, attributes, domain, MACs.
CONVOLUTIONS: list[tuple[str, list[Any], tuple[int, ...], dict[str, Any], str, int]] = [
    # 64 x 112 x 112 outputs, each of 3 channels x 7 x 7
    ("Conv", [(1, 3, 224, 224), (64, 3, 7, 7)], (1, 64, 112, 112), {}, "", 64 * 112 * 112 * 3 * 7 * 7),
    # 1-D: 2 rows of 16 x 98 outputs, each of 8 channels x 3
    ("Conv", [(2, 8, 100), (16, 8, 3)], (2, 16, 98), {}, "", 2 * 16 * 98 * 8 * 3),
    # 3-D
    ("Conv", [(1, 2, 8, 8, 8), (4, 2, 3, 3, 3)], (1, 4, 6, 6, 6), {}, "", 4 * 6 * 6 * 6 * 2 * 27),
    # two groups: each output sees 8 of the 16 channels
    ("Conv", [(1, 16, 10, 10), (32, 8, 1, 1)], (1, 32, 10, 10), {"group": 2}, "", 32 * 10 * 10 * 8),
    # depthwise: each output sees one channel
    ("Conv", [(1, 32, 10, 10), (32, 1, 3, 3)], (1, 32, 8, 8), {"group": 32}, "", 32 * 8 * 8 * 9),
    ("FusedConv", [(1, 3, 8, 8), (4, 3, 3, 3)], (1, 4, 6, 6), {}, MS, 4 * 36 * 27),
    ("NhwcFusedConv", [(1, 8, 8, 3), (4, 3, 3, 3)], (1, 6, 6, 4), {}, MS, 4 * 36 * 27),
    ("NhwcConv", [(1, 8, 8, 3), (4, 3, 3, 3)], (1, 6, 6, 4), {}, MS, 4 * 36 * 27),
    ("Conv", [(1, 8, 8, 3), (4, 3, 3, 3)], (1, 6, 6, 4), {}, NHWC, 4 * 36 * 27),
    ("Conv", [(1, 16, 8, 8), (16, 16, 3, 3)], (1, 16, 6, 6), {}, "com.microsoft.nchwc", 16 * 36 * 16 * 9),
    ("QLinearConv", [(1, 3, 8, 8), (), (), (4, 3, 3, 3)], (1, 4, 6, 6), {}, "", 4 * 36 * 27),
    ("QLinearConv", [(1, 8, 8, 3), (), (), (4, 3, 3, 3)], (1, 6, 6, 4), {}, NHWC, 4 * 36 * 27),
    ("ConvInteger", [(1, 3, 8, 8), (4, 3, 3, 3)], (1, 4, 6, 6), {}, "", 4 * 36 * 27),
    ("DeformConv", [(1, 3, 8, 8), (4, 3, 3, 3), (1, 18, 6, 6)], (1, 4, 6, 6), {}, "", 4 * 36 * 27),
    # each of 16 x 5 x 5 inputs goes into 8 channels x 3 x 3
    ("ConvTranspose", [(1, 16, 5, 5), (16, 8, 3, 3)], (1, 8, 11, 11), {}, "", 16 * 25 * 8 * 9),
    ("ConvTransposeWithDynamicPads", [(1, 16, 5, 5), (16, 8, 3, 3)], (1, 8, 9, 9), {}, MS, 16 * 25 * 8 * 9),
    ("CausalConvWithState", [(2, 6, 10), (6, 1, 4)], (2, 6, 10), {}, "", 2 * 6 * 10 * 4),
]

MULTIPLICATIONS: list[tuple[str, list[Any], tuple[int, ...], dict[str, Any], str, int]] = [
    # 5 x 7 outputs, each a sum over 11
    ("MatMul", [(5, 11), (11, 7)], (5, 7), {}, "", 5 * 7 * 11),
    ("MatMul", [(2, 3, 5, 11), (11, 7)], (2, 3, 5, 7), {}, "", 2 * 3 * 5 * 7 * 11),
    # a dot product
    ("MatMul", [(11,), (11,)], (), {}, "", 11),
    ("MatMulInteger", [(5, 11), (11, 7)], (5, 7), {}, "", 5 * 7 * 11),
    ("QLinearMatMul", [(5, 11), (), (), (11, 7)], (5, 7), {}, "", 5 * 7 * 11),
    ("Gemm", [(5, 11), (11, 7), (7,)], (5, 7), {}, "", 5 * 7 * 11),
    ("Gemm", [(11, 5), (7, 11)], (5, 7), {"transA": 1, "transB": 1}, "", 5 * 7 * 11),
    ("FusedGemm", [(5, 11), (11, 7)], (5, 7), {}, MS, 5 * 7 * 11),
    ("QGemm", [(5, 11), (), (), (11, 7)], (5, 7), {}, MS, 5 * 7 * 11),
    ("GemmFloat8", [(5, 11), (11, 7)], (5, 7), {}, MS, 5 * 7 * 11),
    ("FusedMatMul", [(2, 11, 5), (2, 11, 7)], (2, 5, 7), {"transA": 1}, MS, 2 * 5 * 7 * 11),
    ("MatMulIntegerToFloat", [(5, 11), (11, 7)], (5, 7), {}, MS, 5 * 7 * 11),
    ("DynamicQuantizeMatMul", [(5, 11), (11, 7)], (5, 7), {}, MS, 5 * 7 * 11),
    ("MatMulInteger16", [(5, 11), (11, 7)], (5, 7), {}, MS, 5 * 7 * 11),
    ("QOrderedMatMul", [(5, 11), (), (11, 7)], (5, 7), {}, MS, 5 * 7 * 11),
    ("MatMulNBits", [(2, 3, 64), (7, 2, 16)], (2, 3, 7), {"K": 64, "N": 7}, MS, 2 * 3 * 64 * 7),
    ("MatMulBnb4", [(3, 64), (224,)], (3, 7), {"K": 64, "N": 7}, MS, 3 * 64 * 7),
    ("MatMulNBitsQkv", [(3, 64)], (3, 8), {"K": 64, "Nq": 8, "Nkv": 4}, MS, 3 * 64 * (8 + 4 + 4)),
    ("MatMulNBitsMlp", [(3, 64)], (3, 8), {"K": 64, "N": 8}, MS, 3 * 64 * 8 * 2),
    ("CDist", [(5, 11), (7, 11)], (5, 7), {}, MS, 5 * 7 * 11),
    # b, i, j, k: 2 x 3 x 5 x 4
    ("Einsum", [(2, 3, 4), (2, 4, 5)], (2, 3, 5), {"equation": b"bij,bjk->bik"}, "", 2 * 3 * 4 * 5),
    ("Einsum", [(2, 3, 4), (4, 5)], (2, 3, 5), {"equation": b"...j,jk->...k"}, "", 2 * 3 * 4 * 5),
    ("Einsum", [(3, 4), (4, 5)], (3, 5), {"equation": b"ij,jk"}, "", 3 * 4 * 5),
    # first (i, j, k) with j summed away, then (i, k, l)
    ("Einsum", [(3, 4), (4, 5), (5, 6)], (3, 6), {"equation": b"ij,jk,kl->il"}, "", 3 * 4 * 5 + 3 * 5 * 6),
    # a transposition multiplies nothing
    ("Einsum", [(3, 4)], (4, 3), {"equation": b"ij->ji"}, "", 0),
    # 6 tokens, 2 experts each: 8 x 16 and back
    ("MoE", [(6, 8), (6, 4), (4, 16, 8), None, (4, 8, 16)], (6, 8), {"k": 2}, MS, 6 * 2 * (8 * 16 + 16 * 8)),
]

ATTENTIONS: list[tuple[str, list[Any], tuple[int, ...], dict[str, Any], str, int]] = [
    # 2 rows x 4 heads x 5 queries x 7 keys x (8 for the scores + 6 for the values)
    ("Attention", [(2, 4, 5, 8), (2, 2, 7, 8), (2, 2, 7, 6)], (2, 4, 5, 6), {}, "", 2 * 4 * 5 * 7 * (8 + 6)),
    # heads packed: 32 = 4 heads of 8
    (
        "Attention", [(2, 5, 32), (2, 7, 32), (2, 7, 32)], (2, 5, 32), {"q_num_heads": 4, "kv_num_heads": 4}, "",
        2 * 4 * 5 * 7 * (8 + 8),
    ),
    # a past of 3: 10 keys
    (
        "Attention", [(2, 4, 5, 8), (2, 2, 7, 8), (2, 2, 7, 6), None, (2, 2, 3, 8), (2, 2, 3, 6)], (2, 4, 5, 6), {}, "",
        2 * 4 * 5 * 10 * (8 + 6),
    ),
    (
        "FlexAttention", [(2, 4, 5, 8), (2, 2, 7, 8), (2, 2, 7, 6)], (2, 4, 5, 6), {}, "ai.onnx.preview",
        2 * 4 * 5 * 7 * (8 + 6),
    ),
    # state of 8 x 6 per pair: read by 4 query heads, written by 2, read again by 2 for the delta
    (
        "LinearAttention", [(2, 5, 32), (2, 5, 16), (2, 5, 12)], (2, 5, 24),
        {"q_num_heads": 4, "kv_num_heads": 2, "update_rule": b"delta"}, "", 2 * 5 * 8 * 6 * (4 + 2 * 2),
    ),
    # projection 10 x 16 -> 48 for 2 x 10 tokens, then 10 x 10 scores of 16 and sums of 16
    ("Attention", [(2, 10, 16), (16, 48), (48,)], (2, 10, 16), {}, MS, 2 * 10 * 16 * 48 + 2 * 10 * 10 * (16 + 16)),
    ("QAttention", [(2, 10, 16), (16, 48)], (2, 10, 16), {}, MS, 2 * 10 * 16 * 48 + 2 * 10 * 10 * 32),
    (
        "QOrderedAttention", [(2, 10, 16), (), (), (), (), (16, 16), (16, 16), (16, 16)], (2, 10, 16), {}, MS,
        2 * 10 * 16 * 48 + 2 * 10 * 10 * 32,
    ),
    (
        "MultiHeadAttention", [(2, 5, 32), (2, 7, 32), (2, 7, 24)], (2, 5, 24), {"num_heads": 4}, MS,
        2 * 5 * 7 * (32 + 24),
    ),
    ("MultiHeadAttention", [(2, 5, 4, 3, 8)], (2, 5, 32), {"num_heads": 4}, MS, 2 * 5 * 5 * (32 + 32)),
    (
        "DecoderMaskedMultiHeadAttention", [(2, 1, 32), (2, 1, 32), (2, 1, 32), None, None, (2, 4, 9, 8), (2, 4, 9, 8)],
        (2, 1, 32), {"num_heads": 4}, MS, 2 * 1 * (9 + 1) * (32 + 32),
    ),
    # 8 heads of 8 over a past of 9 and 1 new step
    (
        "GroupQueryAttention", [(2, 1, 64), (2, 1, 16), (2, 1, 16), (2, 2, 9, 8), (2, 2, 9, 8)], (2, 1, 64),
        {"num_heads": 8, "kv_num_heads": 2}, MS, 2 * 1 * 10 * 2 * 64,
    ),
    # keys and values packed behind the queries: (8 + 2 + 2) heads of 8
    (
        "GroupQueryAttention", [(2, 5, 96), None, None], (2, 5, 64), {"num_heads": 8, "kv_num_heads": 2}, MS,
        2 * 5 * 5 * 2 * 64,
    ),
    # 13 tokens without padding, of 2 rows of up to 8
    (
        "PackedAttention", [(13, 16), (16, 48), (48,), (2, 8)], (13, 16), {}, MS, 13 * 16 * 48 + 2 * 8 * 8 * 32,
    ),
    ("PackedMultiHeadAttention", [(13, 16), (13, 16), (13, 16), None, (2, 8)], (13, 16), {}, MS, 2 * 8 * 8 * 32),
]  # fmt: skip

OTHERS: list[tuple[str, list[Any], tuple[int, ...], dict[str, Any], str, int]] = [
    # 9 steps x 2 rows x 4 gates x 16 x (8 in + 16 state)
    ("LSTM", [(9, 2, 8), (1, 64, 8), (1, 64, 16)], (9, 1, 2, 16), {"hidden_size": 16}, "", 9 * 2 * 4 * 16 * (8 + 16)),
    # both directions
    ("LSTM", [(9, 2, 8), (2, 64, 8), (2, 64, 16)], (9, 2, 2, 16), {}, "", 9 * 2 * 2 * 4 * 16 * (8 + 16)),
    ("GRU", [(9, 2, 8), (1, 48, 8), (1, 48, 16)], (9, 1, 2, 16), {}, "", 9 * 2 * 3 * 16 * (8 + 16)),
    ("RNN", [(9, 2, 8), (1, 16, 8), (1, 16, 16)], (9, 1, 2, 16), {}, "", 9 * 2 * 16 * (8 + 16)),
    ("DynamicQuantizeLSTM", [(9, 2, 8), (1, 8, 64), (1, 16, 64)], (9, 1, 2, 16), {}, MS, 9 * 2 * 4 * 16 * (8 + 16)),
    # 5 rows, 3 features, 2 targets
    ("LinearRegressor", [(5, 3)], (5, 2), {"coefficients": [0.0] * 6}, "ai.onnx.ml", 5 * 6),
    ("LinearClassifier", [(5, 3)], (5,), {"coefficients": [0.0] * 9}, "ai.onnx.ml", 5 * 9),
    # 4 support vectors of 3 features, a coefficient each
    (
        "SVMRegressor", [(5, 3)], (5, 1), {"support_vectors": [0.0] * 12, "coefficients": [0.0] * 4}, "ai.onnx.ml",
        5 * (12 + 4),
    ),
    ("SVMClassifier", [(5, 3)], (5,), {"support_vectors": [0.0] * 12, "coefficients": [0.0] * 4}, "ai.onnx.ml", 80),
    ("TreeEnsembleClassifier", [(5, 3)], (5,), {}, "ai.onnx.ml", 0),
    ("Relu", [(5, 3)], (5, 3), {}, "", 0),
    ("Softmax", [(5, 3)], (5, 3), {}, "", 0),
    ("SkipLayerNormalization", [(2, 5, 3), (2, 5, 3)], (2, 5, 3), {}, MS, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "inputs", "output", "attributes", "domain", "macs"), CONVOLUTIONS + MULTIPLICATIONS + ATTENTIONS + OTHERS
)
def test_an_operator_costs_what_its_arithmetic_says(
    name: str, inputs: list[Any], output: tuple[int, ...], attributes: dict[str, Any], domain: str, macs: int
) -> None:
    assert run(name, inputs, output, domain, **attributes).macs == macs


def test_every_rule_has_an_example() -> None:
    shown = {(case[4], case[0]) for case in CONVOLUTIONS + MULTIPLICATIONS + ATTENTIONS + OTHERS}
    # The same rule under another domain or name.
    same = {
        (NHWC, "ConvTranspose"), (NHWC, "QLinearConvTranspose"), (MS, "CausalConvWithState"), (MS, "LinearAttention"),
        (MS, "Conv"), (MS, "QLinearConv"), (MS, "TransposeMatMul"), (MS, "FusedMatMulActivation"),
        (MS, "SparseToDenseMatMul"), (MS, "GemmFastGelu"), (MS, "MatMulFpQ4"), (MS, "QMoE"),
        (MS, "DecoderMaskedSelfAttention"),
    }  # fmt: skip
    assert set(cost._RULES) - shown - same == set()


def test_one_channel_per_group_is_depthwise_and_a_single_channel_is_not() -> None:
    assert run("Conv", [(1, 32, 8, 8), (32, 1, 3, 3)], (1, 32, 6, 6), group=32).kind == "depthwise"
    assert run("Conv", [(1, 1, 8, 8), (8, 1, 3, 3)], (1, 8, 6, 6)).kind == "convolution"


def test_a_grouped_query_knows_its_total_from_a_constant() -> None:
    total = Value("total", "int64", (), known=np.array(32))
    inputs = [(1, 1, 64), (1, 1, 16), (1, 1, 16), (1, 2, 99, 8), (1, 2, 99, 8), None, total]
    assert run("GroupQueryAttention", inputs, (1, 1, 64), MS, num_heads=8, kv_num_heads=2).macs == 32 * 2 * 64


@pytest.mark.parametrize(
    ("name", "inputs", "output", "domain", "why"),
    [
        ("Frobnicate", [(1,)], (1,), "com.acme", "no cost rule for com.acme Frobnicate"),
        ("Nonsense", [(1,)], (1,), "", "no cost rule for ai.onnx Nonsense"),
        ("Conv", [(1, 3, 8, 8), None], (1, 4, 6, 6), "", "input 1 is missing"),
        ("MatMul", [(5, None), (11, 7)], (5, 7), "", "shape of 'i0' is not known"),
        ("MatMul", [(5, 11), (11, 7)], (None, 7), "", "shape of 'o' is not known"),
        ("STFT", [(1, 512, 1), ()], (1, 4, 129, 2), "", "its cost depends on the runtime's Fourier transform"),
        ("BeamSearch", [(1, 8)], (1, 1, 8), MS, "how many steps it generates is not known"),
        ("Conv", [(1, 3), (4, 3)], (1, 4), "", "its weight has 2 dimensions, not 3 or more"),
        ("LSTM", [(9, 2), (1, 64, 8), (1, 64, 16)], (9, 2), "", "'i0' has 2 dimensions, not 3"),
    ],
)
def test_what_cannot_be_costed_is_unknown_with_its_reason(
    name: str, inputs: list[Any], output: tuple[int, ...], domain: str, why: str
) -> None:
    found = run(name, inputs, output, domain)
    assert (found.macs, found.why) == (None, why)


def test_the_examples_add_up_in_floats_too() -> None:
    # A guard against a table of zeros: the largest is ResNet-50's first layer.
    assert max(case[5] for case in CONVOLUTIONS) == prod((64, 112, 112, 147)) == 118013952
