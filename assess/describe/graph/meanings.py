"""What the inputs mean, told by how the graph uses them and, failing that, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from assess.describe.dtypes import FLOATS
from assess.describe.graph.values import Operator, Value
from assess.describe.model import Port

#: What an index goes through before it reaches its table.
_PASSING: Final = frozenset(
    {"Cast", "Reshape", "Unsqueeze", "Squeeze", "Identity", "Flatten", "Transpose", "Slice", "Expand", "Concat", "Tile"}
)
#: What a signal or an image goes through before its first convolution.
_PREPARING: Final = _PASSING | {
    "Sub", "Add", "Mul", "Div", "Pad", "QuantizeLinear", "DequantizeLinear", "BatchNormalization", "Clip", "Split",
    "Resize",
}  # fmt: skip
_CONVOLUTIONS: Final = frozenset({"Conv", "QLinearConv", "ConvInteger", "FusedConv", "NhwcConv", "NhwcFusedConv"})
_STEPS: Final = 64  # operators looked at from one input on

_INTEGERS: Final = frozenset({"int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64"})

#: Name patterns in order of trust: the first that fits wins.
_NAMES: Final[tuple[tuple[str, str], ...]] = (
    (r"token_?type|segment", "token types"),
    (r"position", "position ids"),
    (r"mask", "mask"),
    (r"past|cache|state|hidden|^(h|c)_?[0-9n]?$|^(h|c)_in$", "state"),
    (r"input_?ids|token", "token ids"),
    (r"^(sr|sample_?rate|sampling_?rate)$", "sample rate"),
    (r"audio|wav|speech|pcm|waveform", "audio"),
    (r"mel|spectrogram|fbank|feats?$", "audio features"),
    (r"image|img|pixel|frame", "image"),
    (r"obs", "observation"),
)


def port(value: Value) -> Port:
    """An input of the model with its meaning and, for integers, the limit its values must stay below."""
    shape = tuple(-1 if dim is None else dim for dim in value.shape or ())
    meaning, basis, limit = _meaning(value, shape)
    return Port(value.name, value.dtype, shape, meaning, basis, limit)


def _meaning(value: Value, shape: tuple[int, ...]) -> tuple[str, str, int | None]:
    named = _by_name(value.name)
    if value.dtype in _INTEGERS or value.dtype == "bool":
        rows, table = _table(value)
        if rows is not None:
            usual = named if named in ("token types", "position ids", "token ids") else ""
            return table or usual or "token ids", "graph", rows
        if named == "mask":
            return named, "name", 2 if value.dtype in _INTEGERS else None
    if _feeds_state(value):
        return "state", "graph", None
    if _is_image(value, shape, named):
        return "image", "graph", None
    if named:
        return named, "name", None
    if value.dtype in FLOATS and _is_signal(value, shape):
        return "audio", "graph", None
    if value.shape is not None and all(dim == 1 for dim in shape):
        return "scalar", "graph", None
    return "", "", None


def _by_name(name: str) -> str:
    last = re.split(r"[/:.]", name.lower())
    for pattern, meaning in _NAMES:
        if any(re.search(pattern, part) for part in last):
            return meaning
    return ""


def _reached(value: Value, through: frozenset[str]) -> Iterator[tuple[Operator, Value]]:
    """The operators that read `value`, directly or through others that pass it on, and what each reads of it."""
    pending, seen = [value], {value}
    steps = 0
    while pending and steps < _STEPS:
        current = pending.pop(0)
        for operator in current.consumers[:_STEPS]:
            steps += 1
            yield operator, current
            if operator.type in through:
                for output in operator.outputs:
                    if output is not None and output not in seen:
                        seen.add(output)
                        pending.append(output)


def _table(value: Value) -> tuple[int | None, str]:
    """Rows of the smallest table that an integer input indexes, and what it means if the operator tells."""
    rows: list[int] = []
    meaning = ""
    for operator, read in _reached(value, _PASSING):
        index = next((i for i, given in enumerate(operator.inputs) if given is read), 0)
        if operator.type == "Gather" and index == 1 and operator.attributes.get("axis", 0) == 0:
            table = operator.input(0)
        elif operator.type == "EmbedLayerNormalization" and index in (0, 1, 8):
            table = operator.input({0: 2, 1: 4, 8: 3}[index])
            meaning = {0: "token ids", 1: "token types", 8: "position ids"}[index]
        elif operator.type == "GatherBlockQuantized" and index == 1:
            table = operator.input(0)
        elif operator.type == "OneHot" and index == 0:
            depth = operator.input(1)
            if depth is not None and depth.known is not None and depth.known.size == 1:
                rows.append(int(depth.known.reshape(-1)[0]))
            continue
        else:
            continue
        if table is not None and table.fixed and table.shape and table.shape[0]:
            rows.append(table.shape[0])
    return min(rows, default=None), meaning


_STATE_INPUTS: Final = {"LSTM": (5, 6), "GRU": (5,), "RNN": (5,), "DynamicQuantizeLSTM": (5, 6)}


def _feeds_state(value: Value) -> bool:
    for operator, read in _reached(value, _PASSING | {"Split", "Gather"}):
        positions = _STATE_INPUTS.get(operator.type, ())
        if any(operator.input(index) is read for index in positions):
            return True
        if operator.type in ("GroupQueryAttention", "MultiHeadAttention") and read in operator.inputs[3:8]:
            return value.shape is not None and len(value.shape) == 4
    return False


def _is_image(value: Value, shape: tuple[int, ...], named: str) -> bool:
    if len(shape) != 4 or value.dtype not in (*FLOATS, "uint8", "int8") or named in ("state", "mask", "audio features"):
        return False
    channels_first, channels_last = shape[1] in (1, 3, 4), shape[3] in (1, 3, 4)
    if min(shape[2:] if channels_first else shape[1:3]) < 8:  # No image is smaller; a bundle of features may be.
        return False
    convolved = any(op.type in _CONVOLUTIONS for op, _ in _reached(value, _PREPARING))
    return (channels_first or channels_last) and (convolved or 3 in shape[1::2] or value.dtype == "uint8")


def _is_signal(value: Value, shape: tuple[int, ...]) -> bool:
    """One channel over time, which goes into a one-dimensional convolution."""
    if not shape or len(shape) > 3 or shape[-1] < 64 or (len(shape) == 3 and shape[1] != 1):
        return False
    for operator, read in _reached(value, _PREPARING):
        if operator.type in _CONVOLUTIONS and operator.input(0) is read and read.shape is not None:
            return len(read.shape) == 3 and read.shape[1] == 1
    return False
