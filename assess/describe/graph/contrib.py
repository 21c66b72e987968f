"""Shapes of the operators that ONNX Runtime adds to the standard ones, each from a standard stand-in or a formula.

Source of the formulas: ONNX Runtime, docs/ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from assess.describe.graph.contrib_attention import attention, group_query, multi_head
from assess.describe.graph.shape_rule import (
    Infers,
    Rule,
    as_standard,
    dim,
    dtype_of,
    exactly,
    like,
    product,
    shape_of,
)
from assess.describe.graph.values import Operator, Shape, Typed, Value


def _q_concat(operator: Operator, infers: Infers) -> list[Typed]:
    return infers.stand_in("Concat", operator, operator.inputs[2::3])


def _q_gemm(operator: Operator, infers: Infers) -> list[Typed]:
    [(_, shape, other)] = infers.stand_in("Gemm", operator, [operator.input(0), operator.input(3)])
    return [(dtype_of(operator, 8) or "float32", shape, other)]  # Without an output scale it stays in floats.


def _transposed(value: Value | None, flag: int) -> Value | None:
    if value is None or value.shape is None or not flag or len(value.shape) < 2:
        return value
    *rest, rows, columns = value.shape
    return Value(value.name, value.dtype, (*rest, columns, rows))


def _fused_matmul(operator: Operator, infers: Infers) -> list[Typed]:
    a = _transposed(operator.input(0), operator.attributes.get("transA", 0))
    b = _transposed(operator.input(1), operator.attributes.get("transB", 0))
    plain = Operator(operator.type, "", operator.name, operator.version, [a, b], operator.outputs, {})
    return infers.stand_in("MatMul", plain, [a, b])


def _columns(operator: Operator, columns: int | None, rows: int = 0) -> list[Typed]:
    """A matrix multiplication that keeps all dimensions of input `rows` but the last."""
    shape = shape_of(operator, rows)
    return [(dtype_of(operator, rows), None if shape is None else (*shape[:-1], columns), None)]


def _nbits(operator: Operator, _: Infers) -> list[Typed]:
    return _columns(operator, operator.attributes.get("N"))


def _channels_last(name: str) -> Rule:
    """As the standard operator `name`, with the channels behind the spatial dimensions."""

    def rule(operator: Operator, infers: Infers) -> list[Typed]:
        value = operator.input(0)
        if value is None or value.shape is None or len(value.shape) < 3:
            return [("", None, None)] * len(operator.outputs)
        batch, *spatial, channels = value.shape
        first = Value(value.name, value.dtype, (batch, channels, *spatial))
        rest = [operator.input(i) for i in range(1, len(operator.inputs))] if name == "Conv" else []
        [(dtype, shape, other)] = infers.stand_in(name, operator, [first, *rest[:2]])
        moved = None if shape is None else (shape[0], *shape[2:], shape[1])
        return [(dtype, moved, other)] + [("", None, None)] * (len(operator.outputs) - 1)

    return rule


def _pool(name: str, quantised_index: int | None = None) -> Rule:
    """A pooling operator whose attribute `channels_last` says how its input lies."""

    def rule(operator: Operator, infers: Infers) -> list[Typed]:
        if operator.attributes.get("channels_last", 0):
            return _channels_last(name)(operator, infers)
        return infers.stand_in(name, operator, [operator.input(quantised_index or 0)])

    return rule


def _recurrent(operator: Operator, _: Infers) -> list[Typed]:
    shape, hidden = shape_of(operator, 0), operator.attributes.get("hidden_size")
    directions = 2 if operator.attributes.get("direction") == b"bidirectional" else 1
    steps, batch = dim(shape, 0), dim(shape, 1)
    dtype = dtype_of(operator, 0)
    state: Typed = (dtype, (directions, batch, hidden), None)
    return [(dtype, (steps, directions, batch, hidden), None), state, state][: len(operator.outputs)]


def _embed(operator: Operator, _: Infers) -> list[Typed]:
    ids, table = shape_of(operator, 0), operator.input(2)
    batch, steps = dim(ids, 0), dim(ids, 1)
    floats = "float32" if operator.type.startswith("Q") else (table.dtype if table else "")
    output: Typed = (floats, (batch, steps, dim(table.shape if table else None, 1)), None)
    return exactly(operator, [output, ("int32", (batch,), None), output])


def _skip_norm(operator: Operator, _: Infers) -> list[Typed]:
    shape, dtype = shape_of(operator, 0), dtype_of(operator, 0)
    means: Shape | None = None if shape is None else (*shape[:-1], 1)
    same: Typed = (dtype, shape, None)
    return exactly(operator, [same, ("float32", means, None), ("float32", means, None), same])


def _gather_block(operator: Operator, infers: Infers) -> list[Typed]:
    data = operator.input(0)
    shape = data.shape if data else None
    if data is not None and shape is not None and data.dtype == "uint8":  # Two 4-bit numbers in each byte.
        packed = 8 // operator.attributes.get("bits", 4)
        shape = (*shape[:-1], product(shape[-1], packed))
    axis = operator.attributes.get("gather_axis", 0)
    plain = Operator("Gather", "", operator.name, 13, [], operator.outputs, {"axis": axis})
    found = infers.stand_in("Gather", plain, [Value("data", "float32", shape), operator.input(1)])
    return [(dtype_of(operator, 2), found[0][1], None)]


def _quantise(operator: Operator, _: Infers) -> list[Typed]:
    zero = operator.input(2)
    return [(zero.dtype if zero else "uint8", shape_of(operator, 0), None)]


def _reduce_mean(operator: Operator, infers: Infers) -> list[Typed]:
    return infers.stand_in("ReduceMean", operator, [operator.input(0)])


def _cdist(operator: Operator, _: Infers) -> list[Typed]:
    return [(dtype_of(operator, 0), (dim(shape_of(operator, 0), 0), dim(shape_of(operator, 1), 0)), None)]


def _qkv(operator: Operator, _: Infers) -> list[Typed]:
    widths = [operator.attributes.get(name) for name in ("Nq", "Nkv", "Nkv")]
    return exactly(
        operator,
        [_columns(operator, width)[0] for width in widths] + _columns(operator, dim(shape_of(operator, 0), -1)),
    )


def _expand_dims(operator: Operator, _: Infers) -> list[Typed]:
    shape, axis = shape_of(operator, 0), operator.input(1)
    if shape is None or axis is None or axis.known is None or axis.known.size != 1:
        return [(dtype_of(operator, 0), None, None)]
    at = int(axis.known.reshape(-1)[0]) % (len(shape) + 1)
    return [(dtype_of(operator, 0), (*shape[:at], 1, *shape[at:]), None)]


def _halved(operator: Operator, _: Infers) -> list[Typed]:
    width = dim(shape_of(operator, 0), -1)
    return _columns(operator, None if width is None else width // 2)


def _same_named(operator: Operator, infers: Infers) -> list[Typed]:
    """An older form of a standard operator, under its name."""
    if operator.type == "ConvTransposeWithDynamicPads":
        pads = operator.input(2)
        if pads is None or pads.known is None:
            return [("", None, None)]
        attributes = {**operator.attributes, "pads": pads.known.reshape(-1).tolist()}
        plain = Operator("ConvTranspose", "", operator.name, 11, operator.inputs, operator.outputs, attributes)
        return infers.stand_in("ConvTranspose", plain, [operator.input(0), operator.input(1)])
    return infers.stand_in(operator.type, operator, operator.inputs, len(operator.outputs))


def _microsoft(names: Iterable[str], rule: Rule) -> dict[tuple[str, str], Rule]:
    return {("com.microsoft", name): rule for name in names}


#: (domain, operator) -> rule. What is not here and has no schema keeps the shape that the file records, if any.
RULES: Final[dict[tuple[str, str], Rule]] = {
    **_microsoft(
        (
            "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasAdd", "BiasSoftmax", "RotaryEmbedding", "GroupNorm",
            "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "ScaledSiLU", "SwiGLU", "GatedAdd", "GatedRMSNorm",
            "RMSNormRotary", "GemmaRotaryEmbedding", "MRotaryEmbedding", "MoE", "QMoE", "BiasDropout", "Trilu",
            "SimplifiedLayerNormalization", "LayerNormalization", "Inverse", "QOrderedGelu",
            "DecoderMaskedSelfAttention",
        ),
        like(0),
    ),
    **_microsoft(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SkipGroupNorm"), _skip_norm),
    **_microsoft(("FusedConv", "Conv"), as_standard("Conv", 0, 1, 2)),
    **_microsoft(("NhwcFusedConv", "NhwcConv"), _channels_last("Conv")),
    **_microsoft(("NhwcMaxPool",), _channels_last("MaxPool")),
    **_microsoft(("QLinearAveragePool",), _pool("AveragePool")),
    **_microsoft(("QLinearGlobalAveragePool",), _pool("GlobalAveragePool")),
    **_microsoft(("QLinearAdd", "QLinearMul"), as_standard("Add", 0, 3)),
    **_microsoft(("QLinearWhere",), as_standard("Where", 0, 1, 4, typed_by=1)),
    **_microsoft(("QLinearConcat",), _q_concat),
    **_microsoft(("QLinearReduceMean",), _reduce_mean),
    **_microsoft(("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation", "SparseToDenseMatMul"), _fused_matmul),
    **_microsoft(("FusedGemm",), as_standard("Gemm", 0, 1, 2)),
    **_microsoft(("GemmFloat8", "GemmFastGelu"), as_standard("Gemm", 0, 1)),
    **_microsoft(("QGemm",), _q_gemm),
    **_microsoft(("MatMulIntegerToFloat",), as_standard("MatMul", 0, 1, typed_by=2)),
    **_microsoft(("DynamicQuantizeMatMul",), as_standard("MatMul", 0, 1, typed_by=0)),
    **_microsoft(("MatMulInteger16",), as_standard("MatMul", 0, 1)),
    **_microsoft(("QOrderedMatMul",), as_standard("MatMul", 0, 2)),
    **_microsoft(("MatMulNBits", "MatMulBnb4", "MatMulNBitsMlp"), _nbits),
    **_microsoft(("MatMulNBitsQkv",), _qkv),
    **_microsoft(("DynamicQuantizeLSTM",), _recurrent),
    **_microsoft(("Attention", "QAttention", "PackedAttention"), attention),
    **_microsoft(("MultiHeadAttention", "DecoderMaskedMultiHeadAttention"), multi_head),
    **_microsoft(("GroupQueryAttention", "SparseAttention"), group_query),
    **_microsoft(("EmbedLayerNormalization", "QEmbedLayerNormalization"), _embed),
    **_microsoft(("GatherBlockQuantized",), _gather_block),
    **_microsoft(("QuantizeLinear",), _quantise),
    **_microsoft(("DequantizeLinear",), like(0, typed_by=1)),
    **_microsoft(("GatherND", "GridSample", "Pad", "Range", "ConvTransposeWithDynamicPads"), _same_named),
    **_microsoft(("CDist",), _cdist),
    **_microsoft(("ExpandDims",), _expand_dims),
    **_microsoft(("BiasSplitGelu",), _halved),
}  # fmt: skip
