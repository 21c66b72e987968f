"""Attention: scores of every query with every key, sums of values by them, and projections if it has them.

A causal mask saves nothing in this count, as in the published figures: masked scores are computed all the same.
"""

from __future__ import annotations

from typing import Final

from assess.describe.graph.cost.rule import Cost, Rule, UnknownCostError, count, rules, shape
from assess.describe.graph.values import Operator

_K: Final = "attention"


def _heads(operator: Operator, index: int, attribute: str) -> tuple[int, int, int, int]:
    """[batch, heads, steps, size] of an input that has these, or [batch, steps, heads * size]."""
    dims = shape(operator, index, _K)
    if len(dims) == 4:
        return dims[0], dims[1], dims[2], dims[3]
    heads = operator.attributes.get(attribute)
    if len(dims) != 3 or not heads:
        raise UnknownCostError(_K, f"input {index} has {len(dims)} dimensions and no number of heads")
    return dims[0], heads, dims[1], dims[2] // heads


def _standard(operator: Operator) -> Cost:
    """Attention of operator set 23: batch x query heads x steps x (past + keys) x (key size + value size)."""
    batch, heads, steps, size = _heads(operator, 0, "q_num_heads")
    keys, value_size = _heads(operator, 1, "kv_num_heads")[2], _heads(operator, 2, "kv_num_heads")[3]
    past = shape(operator, 4, _K, 4)[2] if operator.input(4) is not None else 0
    return Cost(_K, batch * heads * steps * (past + keys) * (size + value_size))


def _flex(operator: Operator) -> Cost:
    """FlexAttention: as attention; what its subgraphs do to the scores is elementwise."""
    batch, heads, steps, size = shape(operator, 0, _K, 4)
    keys, value_size = shape(operator, 1, _K, 4)[2], shape(operator, 2, _K, 4)[3]
    return Cost(_K, batch * heads * steps * keys * (size + value_size))


def _linear(operator: Operator) -> Cost:
    """LinearAttention: for each step, query head and key-value pair of sizes: state x query; keys x values per kv head.

    The delta rules also read the state with the key, once more per kv head.
    """
    query, value = shape(operator, 0, _K, 3), shape(operator, 2, _K, 3)
    q_heads, kv_heads = operator.attributes.get("q_num_heads", 1), operator.attributes.get("kv_num_heads", 1)
    pair = (query[2] // q_heads) * (value[2] // kv_heads)
    rule = operator.attributes.get("update_rule", b"gated_delta").decode(errors="replace")
    updates = 2 if "delta" in rule else 1
    return Cost(_K, query[0] * query[1] * pair * (q_heads + updates * kv_heads))


def _projected(past_index: int) -> Rule:
    def rule(operator: Operator) -> Cost:
        """com.microsoft Attention: input [batch, steps, in] x weights [in, q + k + v], then attention over all steps.

        The past is [2, batch, heads, steps, size].
        """
        dims, weight = shape(operator, 0, _K), shape(operator, 1, _K, 2)
        steps = dims[-2]
        batch = count(dims[:-2])
        third = weight[1] // 3
        query, _, value = operator.attributes.get("qkv_hidden_sizes") or (third, third, third)
        past = shape(operator, past_index, _K, 5) if operator.input(past_index) is not None else (2, 0, 0, 0, 0)
        shared = operator.attributes.get("past_present_share_buffer", 0)
        total = past[3] if shared and past[3] else past[3] + steps
        macs = batch * steps * dims[-1] * weight[1] + batch * steps * total * (query + value)
        return Cost(_K, macs)

    return rule


def _q_ordered(operator: Operator) -> Cost:
    """QOrderedAttention: three weights [in, width], then attention."""
    batch, steps, width_in = shape(operator, 0, _K, 3)
    widths = [shape(operator, index, _K, 2)[1] for index in (5, 6, 7)]
    macs = batch * steps * width_in * sum(widths) + batch * steps * steps * (widths[0] + widths[2])
    return Cost(_K, macs)


def _multi_head(past_index: int) -> Rule:
    def rule(operator: Operator) -> Cost:
        """MultiHeadAttention: batch x steps x (past + keys) x (query width + value width); nothing is projected.

        Query [batch, steps, width], packed [batch, steps, heads, 3, size]; keys and values likewise, packed as
        [batch, keys, heads, 2, size], or [batch, heads, keys, size].
        """
        query = shape(operator, 0, _K)
        if len(query) == 5:
            width = value_width = query[2] * query[4]
            keys = query[1]
        else:
            width = query[2]
            keys, value_width = _keys_and_values(operator, width, query[1])
        past = shape(operator, past_index, _K, 4)[2] if operator.input(past_index) is not None else 0
        if operator.attributes.get("past_present_share_buffer", 0) and past:
            keys = 0  # The past is a buffer of full length, into which the new keys are written.
        return Cost(_K, query[0] * query[1] * (past + keys) * (width + value_width))

    return rule


def _keys_and_values(operator: Operator, width: int, steps: int) -> tuple[int, int]:
    if operator.input(1) is None:
        return steps, width
    key = shape(operator, 1, _K)
    if len(key) == 5:
        return key[1], key[2] * key[4]
    keys = key[1] if len(key) == 3 else key[2]
    if operator.input(2) is None:
        return keys, width
    value = shape(operator, 2, _K)
    return keys, value[2] if len(value) == 3 else value[1] * value[3]


def _group_query(operator: Operator) -> Cost:
    """GroupQueryAttention: batch x steps x total x 2 x query width; total is past and present.

    With keys packed into the query, its last dimension is (heads + 2 x kv heads) x size.
    """
    batch, steps, width = shape(operator, 0, _K, 3)
    heads, kv_heads = operator.attributes.get("num_heads", 1), operator.attributes.get("kv_num_heads", 1)
    if operator.input(1) is None:
        width = width * heads // (heads + 2 * kv_heads)
    past = shape(operator, 3, _K, 4)[2] if operator.input(3) is not None else 0
    total = operator.input(6)
    keys = past + steps
    if total is not None and total.known is not None and total.known.size == 1:
        keys = int(total.known.reshape(-1)[0])
    window = operator.attributes.get("local_window_size", -1)
    keys = min(keys, window) if window > 0 else keys
    return Cost(_K, batch * steps * keys * 2 * width)


def _packed(operator: Operator) -> Cost:
    """PackedMultiHeadAttention: tokens without padding; the batch and its longest row are in `token_offset`."""
    query, rows = shape(operator, 0, _K), shape(operator, 4, _K, 2)
    width = query[1] if len(query) == 2 else query[1] * query[3]
    value = shape(operator, 2, _K)[1] if operator.input(2) is not None else width
    return Cost(_K, rows[0] * rows[1] * rows[1] * (width + value))


def _packed_projected(operator: Operator) -> Cost:
    """PackedAttention: tokens [tokens, in] x weights, then attention over the padded rows of `token_offset`."""
    tokens, weight, rows = shape(operator, 0, _K, 2), shape(operator, 1, _K, 2), shape(operator, 3, _K, 2)
    third = weight[1] // 3
    query, _, value = operator.attributes.get("qkv_hidden_sizes") or (third, third, third)
    return Cost(_K, tokens[0] * tokens[1] * weight[1] + rows[0] * rows[1] * rows[1] * (query + value))


RULES: Final[dict[tuple[str, str], Rule]] = {
    ("", "Attention"): _standard,
    ("", "LinearAttention"): _linear,
    ("com.microsoft", "LinearAttention"): _linear,
    ("ai.onnx.preview", "FlexAttention"): _flex,
    **rules("com.microsoft", ("Attention", "DecoderMaskedSelfAttention"), _projected(4)),
    **rules("com.microsoft", ("QAttention",), _projected(8)),
    **rules("com.microsoft", ("QOrderedAttention",), _q_ordered),
    **rules("com.microsoft", ("MultiHeadAttention",), _multi_head(6)),
    **rules("com.microsoft", ("DecoderMaskedMultiHeadAttention",), _multi_head(5)),
    **rules("com.microsoft", ("GroupQueryAttention",), _group_query),
    **rules("com.microsoft", ("PackedMultiHeadAttention",), _packed),
    **rules("com.microsoft", ("PackedAttention",), _packed_projected),
}
