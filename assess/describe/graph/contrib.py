"""Shapes of operators that onnx has no inference for, above all those that ONNX Runtime adds: stand-ins and formulas.

Source of the formulas: ONNX Runtime, docs/ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from assess.describe.graph.values import Operator, Shape, Typed, Value


class Infers(Protocol):
    """What can infer the shapes of a standard operator."""

    def stand_in(self, name: str, operator: Operator, inputs: Sequence[Value | None], outputs: int = 1) -> list[Typed]:
        """Shapes of the standard operator `name` with the attributes of `operator`."""


Rule = Callable[[Operator, Infers], list[Typed]]


def _dim(shape: Shape | None, axis: int) -> int | None:
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _shape(operator: Operator, index: int) -> Shape | None:
    value = operator.input(index)
    return value.shape if value else None


def _dtype(operator: Operator, index: int) -> str:
    value = operator.input(index)
    return value.dtype if value else ""


def _product(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first * second


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second


def _like(index: int, dtype_of: int | None = None) -> Rule:
    """All outputs are as input `index`; with the element type of another input if one is named."""

    def rule(operator: Operator, _: Infers) -> list[Typed]:
        dtype = _dtype(operator, index if dtype_of is None else dtype_of)
        return [(dtype, _shape(operator, index), None) for _ in operator.outputs]

    return rule


def _as(name: str, *indices: int, outputs: int = 1, dtype_of: int | None = None) -> Rule:
    """As the standard operator `name` of the inputs at `indices`, quantisation parameters left out."""

    def rule(operator: Operator, infers: Infers) -> list[Typed]:
        found = infers.stand_in(name, operator, [operator.input(index) for index in indices], outputs)
        if dtype_of is not None:
            found = [(_dtype(operator, dtype_of) or dtype, shape, other) for dtype, shape, other in found]
        return found + [("", None, None)] * (len(operator.outputs) - len(found))

    return rule


def _q_concat(operator: Operator, infers: Infers) -> list[Typed]:
    return infers.stand_in("Concat", operator, operator.inputs[2::3])


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
    shape = _shape(operator, rows)
    return [(_dtype(operator, rows), None if shape is None else (*shape[:-1], columns), None)]


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
    shape, hidden = _shape(operator, 0), operator.attributes.get("hidden_size")
    directions = 2 if operator.attributes.get("direction") == b"bidirectional" else 1
    steps, batch = _dim(shape, 0), _dim(shape, 1)
    dtype = _dtype(operator, 0)
    state: Typed = (dtype, (directions, batch, hidden), None)
    return [(dtype, (steps, directions, batch, hidden), None), state, state][: len(operator.outputs)]


def _attention(operator: Operator, _: Infers) -> list[Typed]:
    """Attention, QAttention: input [batch, steps, in], weights [in, q + k + v].

    Past and present are [2, batch, heads, steps, size].
    """
    shape, columns = _shape(operator, 0), _dim(_shape(operator, 1), -1)
    sizes, heads = operator.attributes.get("qkv_hidden_sizes"), operator.attributes.get("num_heads", 1)
    width = sizes[2] if sizes else None if columns is None else columns // 3
    batch, steps = _dim(shape, 0), _dim(shape, 1)
    past = next((v.shape for v in operator.inputs[4:] if v and v.shape and len(v.shape) == 5), None)
    total = steps if past is None else _sum(past[3], steps)
    if operator.attributes.get("past_present_share_buffer", 0) and past:
        total = past[3]
    head = None if width is None else width // max(heads, 1)
    scale = 3 if operator.type == "QAttention" else 0
    dtype = _dtype(operator, scale)
    output: Typed = (dtype, None if shape is None else (*shape[:-1], width), None)
    return [output, (dtype, (2, batch, heads, total, head), None)][: len(operator.outputs)]


def _multi_head(operator: Operator, _: Infers) -> list[Typed]:
    """MultiHeadAttention: query [batch, steps, width] or packed [batch, steps, heads, 3, size]; values may be wider."""
    query, key, value = (_shape(operator, index) for index in range(3))
    heads = operator.attributes.get("num_heads", 1)
    past = next((v for v in operator.inputs[5:8] if v and v.shape and len(v.shape) == 4), None)
    if query is not None and len(query) == 5:
        width, length = _product(query[2], query[4]), query[1]
    else:
        width, length = _dim(query, 2), _dim(query, 1)
        if key is not None:
            length = key[1] if len(key) in (3, 5) else _dim(key, 2)
        if value is not None:
            width = value[2] if len(value) == 3 else _product(_dim(value, 1), _dim(value, 3))
    total = length if past is None else _sum(_dim(past.shape, 2), length)
    batch, steps, dtype = _dim(query, 0), _dim(query, 1), _dtype(operator, 0)
    head = None if width is None else width // max(heads, 1)
    present: Typed = (dtype, (batch, heads, total, head), None)
    return _exactly(operator, [(dtype, (batch, steps, width), None), present, present])


def _group_query(operator: Operator, _: Infers) -> list[Typed]:
    """GroupQueryAttention: query [batch, steps, heads * size], or with keys and values packed behind it."""
    query, key, past = _shape(operator, 0), _shape(operator, 1), _shape(operator, 3)
    heads, kv_heads = operator.attributes.get("num_heads", 1), operator.attributes.get("kv_num_heads", 1)
    width = _dim(query, 2)
    if width is not None and key is None:
        width = width * heads // max(heads + 2 * kv_heads, 1)
    batch, steps = _dim(query, 0), _dim(query, 1)
    total_value = operator.input(6)
    total = steps if past is None else _sum(_dim(past, 2), steps)
    if total_value is not None and total_value.known is not None and total_value.known.size == 1:
        total = max(int(total_value.known.reshape(-1)[0]), _dim(past, 2) or 0)
    head = None if width is None else width // max(heads, 1)
    dtype = _dtype(operator, 0)
    kept: Typed = (_dtype(operator, 3) or dtype, (batch, kv_heads, total, head), None)
    return _exactly(operator, [(dtype, (batch, steps, width), None), kept, kept])


def _exactly(operator: Operator, found: list[Typed]) -> list[Typed]:
    """As many as the operator has outputs; those that no formula is here for stay unknown."""
    return (found + [("", None, None)] * len(operator.outputs))[: len(operator.outputs)]


def _embed(operator: Operator, _: Infers) -> list[Typed]:
    ids, table = _shape(operator, 0), operator.input(2)
    batch, steps = _dim(ids, 0), _dim(ids, 1)
    floats = "float32" if operator.type.startswith("Q") else (table.dtype if table else "")
    output: Typed = (floats, (batch, steps, _dim(table.shape if table else None, 1)), None)
    return _exactly(operator, [output, ("int32", (batch,), None), output])


def _skip_norm(operator: Operator, _: Infers) -> list[Typed]:
    shape, dtype = _shape(operator, 0), _dtype(operator, 0)
    means: Shape | None = None if shape is None else (*shape[:-1], 1)
    same: Typed = (dtype, shape, None)
    return _exactly(operator, [same, ("float32", means, None), ("float32", means, None), same])


def _gather_block(operator: Operator, infers: Infers) -> list[Typed]:
    data = operator.input(0)
    shape = data.shape if data else None
    if data is not None and shape is not None and data.dtype == "uint8":  # Two 4-bit numbers in each byte.
        packed = 8 // operator.attributes.get("bits", 4)
        shape = (*shape[:-1], _product(shape[-1], packed))
    axis = operator.attributes.get("gather_axis", 0)
    plain = Operator("Gather", "", operator.name, 13, [], operator.outputs, {"axis": axis})
    found = infers.stand_in("Gather", plain, [Value("data", "float32", shape), operator.input(1)])
    return [(_dtype(operator, 2), found[0][1], None)]


def _quantise(operator: Operator, _: Infers) -> list[Typed]:
    zero = operator.input(2)
    return [(zero.dtype if zero else "uint8", _shape(operator, 0), None)]


def _reduce_mean(operator: Operator, infers: Infers) -> list[Typed]:
    return infers.stand_in("ReduceMean", operator, [operator.input(0)])


def _cdist(operator: Operator, _: Infers) -> list[Typed]:
    return [(_dtype(operator, 0), (_dim(_shape(operator, 0), 0), _dim(_shape(operator, 1), 0)), None)]


def _qkv(operator: Operator, _: Infers) -> list[Typed]:
    widths = [operator.attributes.get(name) for name in ("Nq", "Nkv", "Nkv")]
    return _exactly(
        operator, [_columns(operator, width)[0] for width in widths] + _columns(operator, _dim(_shape(operator, 0), -1))
    )


def _halved(operator: Operator, _: Infers) -> list[Typed]:
    width = _dim(_shape(operator, 0), -1)
    return _columns(operator, None if width is None else width // 2)


def _regressed(operator: Operator, _: Infers) -> list[Typed]:
    """Linear, tree and support vector regressors: a row of targets for each row of features."""
    rows = _dim(_shape(operator, 0), 0) if len(_shape(operator, 0) or ()) > 1 else 1
    targets = operator.attributes.get("n_targets", operator.attributes.get("targets", 1))
    return [("float32", (rows, targets), None)]


def _vectorised(operator: Operator, _: Infers) -> list[Typed]:
    widths = operator.attributes.get("inputdimensions")
    return [("float32", (_dim(_shape(operator, 0), 0), sum(widths) if widths else None), None)]


def _to_float(operator: Operator, _: Infers) -> list[Typed]:
    return [("float32", _shape(operator, 0), None)]


def _dropout(operator: Operator, _: Infers) -> list[Typed]:
    """The mask has the shape of the data, which onnx does not say of its oldest form."""
    mask = "bool" if operator.version >= 10 else _dtype(operator, 0)
    return _exactly(operator, [(_dtype(operator, 0), _shape(operator, 0), None), (mask, _shape(operator, 0), None)])


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
    ("", "Dropout"): _dropout,
    ("", "MeanVarianceNormalization"): _like(0),
    ("", "GroupNormalization"): _like(0),
    ("", "InstanceNormalization"): _like(0),
    ("ai.onnx.ml", "Imputer"): _like(0),
    ("ai.onnx.ml", "Scaler"): _to_float,
    ("ai.onnx.ml", "Normalizer"): _to_float,
    ("ai.onnx.ml", "LinearRegressor"): _regressed,
    ("ai.onnx.ml", "SVMRegressor"): _regressed,
    ("ai.onnx.ml", "TreeEnsembleRegressor"): _regressed,
    ("ai.onnx.ml", "FeatureVectorizer"): _vectorised,
    **_microsoft(
        (
            "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasAdd", "BiasSoftmax", "RotaryEmbedding", "GroupNorm",
            "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "ScaledSiLU", "SwiGLU", "GatedAdd", "GatedRMSNorm",
            "RMSNormRotary", "GemmaRotaryEmbedding", "MRotaryEmbedding", "MoE", "QMoE", "BiasDropout", "Trilu",
            "SimplifiedLayerNormalization", "LayerNormalization", "Inverse", "QOrderedGelu",
            "DecoderMaskedSelfAttention",
        ),
        _like(0),
    ),
    **_microsoft(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SkipGroupNorm"), _skip_norm),
    **_microsoft(("FusedConv", "Conv"), _as("Conv", 0, 1, 2)),
    **_microsoft(("NhwcFusedConv", "NhwcConv"), _channels_last("Conv")),
    **_microsoft(("NhwcMaxPool",), _channels_last("MaxPool")),
    **_microsoft(("QLinearAveragePool",), _pool("AveragePool")),
    **_microsoft(("QLinearGlobalAveragePool",), _pool("GlobalAveragePool")),
    **_microsoft(("QLinearAdd", "QLinearMul"), _as("Add", 0, 3)),
    **_microsoft(("QLinearWhere",), _as("Where", 0, 1, 4)),
    **_microsoft(("QLinearConcat",), _q_concat),
    **_microsoft(("QLinearReduceMean",), _reduce_mean),
    **_microsoft(("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation", "SparseToDenseMatMul"), _fused_matmul),
    **_microsoft(("FusedGemm",), _as("Gemm", 0, 1, 2)),
    **_microsoft(("GemmFloat8", "GemmFastGelu"), _as("Gemm", 0, 1)),
    **_microsoft(("QGemm",), _as("Gemm", 0, 3, dtype_of=8)),
    **_microsoft(("MatMulIntegerToFloat",), _as("MatMul", 0, 1, dtype_of=2)),
    **_microsoft(("DynamicQuantizeMatMul",), _as("MatMul", 0, 1, dtype_of=0)),
    **_microsoft(("MatMulInteger16",), _as("MatMul", 0, 1)),
    **_microsoft(("QOrderedMatMul",), _as("MatMul", 0, 2)),
    **_microsoft(("MatMulNBits", "MatMulBnb4", "MatMulNBitsMlp"), _nbits),
    **_microsoft(("MatMulNBitsQkv",), _qkv),
    **_microsoft(("DynamicQuantizeLSTM",), _recurrent),
    **_microsoft(("Attention", "QAttention", "PackedAttention"), _attention),
    **_microsoft(("MultiHeadAttention", "DecoderMaskedMultiHeadAttention"), _multi_head),
    **_microsoft(("GroupQueryAttention", "SparseAttention"), _group_query),
    **_microsoft(("EmbedLayerNormalization", "QEmbedLayerNormalization"), _embed),
    **_microsoft(("GatherBlockQuantized",), _gather_block),
    **_microsoft(("QuantizeLinear",), _quantise),
    **_microsoft(("DequantizeLinear",), _like(0, dtype_of=1)),
    **_microsoft(("GatherND", "GridSample", "Pad", "Range", "ConvTransposeWithDynamicPads"), _same_named),
    **_microsoft(("CDist",), _cdist),
    **_microsoft(("BiasSplitGelu",), _halved),
}  # fmt: skip
