"""Shapes of the attention operators of ONNX Runtime; formulas from its docs/ContribOperators.md."""

from __future__ import annotations

from assess.describe.graph.shape_rule import (
    Infers,
    added,
    dim,
    dtype_of,
    exactly,
    product,
    shape_of,
)
from assess.describe.graph.values import Operator, Typed


def attention(operator: Operator, _: Infers) -> list[Typed]:
    """Attention, QAttention: input [batch, steps, in], weights [in, q + k + v].

    Past and present are [2, batch, heads, steps, size].
    """
    shape, columns = shape_of(operator, 0), dim(shape_of(operator, 1), -1)
    sizes, heads = operator.attributes.get("qkv_hidden_sizes"), operator.attributes.get("num_heads", 1)
    width = sizes[2] if sizes else None if columns is None else columns // 3
    batch, steps = dim(shape, 0), dim(shape, 1)
    past = next((v.shape for v in operator.inputs[4:] if v and v.shape and len(v.shape) == 5), None)
    total = steps if past is None else added(past[3], steps)
    if operator.attributes.get("past_present_share_buffer", 0) and past:
        total = past[3]
    head = None if width is None else width // max(heads, 1)
    scale = 3 if operator.type == "QAttention" else 0
    dtype = dtype_of(operator, scale)
    output: Typed = (dtype, None if shape is None else (*shape[:-1], width), None)
    return [output, (dtype, (2, batch, heads, total, head), None)][: len(operator.outputs)]


def multi_head(operator: Operator, _: Infers) -> list[Typed]:
    """MultiHeadAttention: query [batch, steps, width] or packed [batch, steps, heads, 3, size]; values may be wider."""
    query, key, value = (shape_of(operator, index) for index in range(3))
    heads = operator.attributes.get("num_heads", 1)
    past = next((v for v in operator.inputs[5:8] if v and v.shape and len(v.shape) == 4), None)
    if query is not None and len(query) == 5:
        width, length = product(query[2], query[4]), query[1]
    else:
        width, length = dim(query, 2), dim(query, 1)
        if key is not None:
            length = key[1] if len(key) in (3, 5) else dim(key, 2)
        if value is not None:
            width = value[2] if len(value) == 3 else product(dim(value, 1), dim(value, 3))
    total = length if past is None else added(dim(past.shape, 2), length)
    batch, steps, dtype = dim(query, 0), dim(query, 1), dtype_of(operator, 0)
    head = None if width is None else width // max(heads, 1)
    present: Typed = (dtype, (batch, heads, total, head), None)
    return exactly(operator, [(dtype, (batch, steps, width), None), present, present])


def group_query(operator: Operator, _: Infers) -> list[Typed]:
    """GroupQueryAttention: query [batch, steps, heads * size], or with keys and values packed behind it."""
    query, key, past = shape_of(operator, 0), shape_of(operator, 1), shape_of(operator, 3)
    heads, kv_heads = operator.attributes.get("num_heads", 1), operator.attributes.get("kv_num_heads", 1)
    width = dim(query, 2)
    if width is not None and key is None:
        width = width * heads // max(heads + 2 * kv_heads, 1)
    batch, steps = dim(query, 0), dim(query, 1)
    total_value = operator.input(6)
    total = steps if past is None else added(dim(past, 2), steps)
    if total_value is not None and total_value.known is not None and total_value.known.size == 1:
        total = max(int(total_value.known.reshape(-1)[0]), dim(past, 2) or 0)
    head = None if width is None else width // max(heads, 1)
    dtype = dtype_of(operator, 0)
    kept: Typed = (dtype_of(operator, 3) or dtype, (batch, kv_heads, total, head), None)
    return exactly(operator, [(dtype, (batch, steps, width), None), kept, kept])
