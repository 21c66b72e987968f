"""What each operator computes in, and how the model is quantised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from assess.describe.dtypes import FLOATS, INTEGER, precision_of
from assess.describe.graph.buffers import DEQUANTISE, QUANTISE
from assess.describe.graph.values import Operator, Value
from assess.describe.model import OperatorGroup, Precision, Quantisation
from assess.describe.totals import share_in_integers

_DYNAMIC: Final = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"})
_WEIGHT_ONLY: Final = frozenset(
    {"MatMulNBits", "MatMulBnb4", "MatMulFpQ4", "GatherBlockQuantized", "QMoE", "MatMulNBitsMlp", "MatMulNBitsQkv"}
)
_INTEGER_INPUTS: Final = frozenset({"ConvInteger", "MatMulInteger", "MatMulInteger16", "MatMulIntegerToFloat"})
_Q_OPERATORS: Final = frozenset({"QGemm", "QAttention", "QEmbedLayerNormalization"})

#: Operator -> input with its weight, input with the weight's scale or zero point, which tells the granularity.
_SCALED: Final[dict[str, tuple[int, int]]] = {
    "QLinearConv": (3, 4), "QLinearMatMul": (3, 4), "QGemm": (3, 4), "QAttention": (1, 4), "ConvInteger": (1, 3),
    "MatMulInteger": (1, 3), "MatMulIntegerToFloat": (1, 3), "DynamicQuantizeMatMul": (1, 2),
    "DynamicQuantizeLSTM": (1, 8),
}  # fmt: skip

#: Views of a tensor keep how it is quantised.
_VIEWS: Final = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Transpose"})


def _is_q_operator(operator: Operator) -> bool:
    return operator.type.startswith(("QLinear", "QOrdered")) or operator.type in _Q_OPERATORS


def precision(operator: Operator) -> Precision:
    """What an operator computes in: integers if its activations and weights come quantised, else its floats."""
    if operator.type in _DYNAMIC and operator.type != "DynamicQuantizeLinear":
        return "int8"
    if operator.type in DEQUANTISE | QUANTISE | _INTEGER_INPUTS or _is_q_operator(operator):
        return _stored_precision(operator)
    data = [value for value in operator.inputs if value is not None and value.dtype in FLOATS]
    quantised = [source.dtype for value in data[:2] if (source := _quantised_source(value)) is not None]
    if quantised and len(quantised) == min(len(data), 2) and any(not value.fixed for value in data[:2]):
        return precision_of(quantised[0])
    dtypes = [value.dtype for value in (*operator.inputs, *operator.outputs) if value is not None and value.dtype]
    floats = [dtype for dtype in dtypes if dtype in FLOATS or dtype.startswith("float8")]
    return precision_of((floats or dtypes or [""])[0])


def _stored_precision(operator: Operator) -> Precision:
    """Of the first input or output that is not a float."""
    for value in (*operator.inputs[:1], *operator.outputs, *operator.inputs):
        if value is not None and value.dtype not in FLOATS and precision_of(value.dtype) != "other":
            return precision_of(value.dtype)
    return "other"


def _quantised_source(value: Value) -> Value | None:
    """The quantised tensor that a float value is the dequantised form of; None if it is not one."""
    while value.producer is not None and value.producer.type in _VIEWS:
        before = value.producer.input(0)
        if before is None:
            return None
        value = before
    if value.producer is None or value.producer.type not in DEQUANTISE:
        return None
    return value.producer.input(0)


def quantisation(operators: Sequence[Operator], groups: Iterable[OperatorGroup]) -> Quantisation:
    """How a model of these operators is quantised."""
    formats: set[str] = set()
    granularities: set[str] = set()
    weights: set[str] = set()
    activations: set[str] = set()
    for operator in operators:
        if found := _format(operator):
            formats.add(found)
        activations.update(_activations(operator))
        for weight, scale in _weights(operator):
            if weight.dtype != "int32":  # The bias: its scale is that of input times weight.
                weights.add(_dtype(operator, weight))
                granularities.add(_granularity(operator, weight, scale))
    if formats > {"weight-only"} and activations and not any(o.type in _WEIGHT_ONLY for o in operators):
        formats.discard("weight-only")  # Every QDQ model dequantises its weights too.
    return Quantisation(
        format=_one(formats),
        weight_granularity=_one(granularities),
        weight_dtypes=tuple(sorted(weights)),
        activation_dtypes=tuple(sorted(activations)),
        share_of_macs=share_in_integers(groups),
    )


def _format(operator: Operator) -> str:
    if operator.type in _DYNAMIC:
        return "dynamic"
    if operator.type in _WEIGHT_ONLY:
        return "weight-only"
    first = operator.input(0)
    if operator.type in DEQUANTISE and first is not None:
        if first.fixed:
            return "weight-only" if first.dtype != "int32" else ""
        # What an integer operator made is dequantised where the integers end: that is no pair around an operator.
        return "" if first.producer is not None and _is_q_operator(first.producer) else "QDQ"
    return "QOperator" if _is_q_operator(operator) else ""


def _activations(operator: Operator) -> list[str]:
    first, output = operator.input(0), operator.output(0)
    if operator.type in QUANTISE | {"DynamicQuantizeLinear"} and first and output and not first.fixed:
        return [output.dtype]
    if operator.type.startswith("Dynamic"):
        return ["uint8"]
    if _is_q_operator(operator) and first and not first.fixed and precision_of(first.dtype) in INTEGER:
        return [first.dtype]
    return []


def _weights(operator: Operator) -> list[tuple[Value, Value | None]]:
    """The quantised weights that an operator reads, each with the scale that tells its granularity."""
    if operator.type in DEQUANTISE:
        first = operator.input(0)
        return [(first, operator.input(1))] if first is not None and first.fixed else []
    if operator.type in _WEIGHT_ONLY:
        index = {"GatherBlockQuantized": 0, "QMoE": 2}.get(operator.type, 1)
        weight = operator.input(index)
        return [(weight, None)] if weight is not None and weight.fixed else []
    if operator.type in _SCALED:
        weight_index, scale_index = _SCALED[operator.type]
        weight = operator.input(weight_index)
        return [(weight, operator.input(scale_index))] if weight is not None and weight.fixed else []
    return []


def _dtype(operator: Operator, weight: Value) -> str:
    if operator.type in _WEIGHT_ONLY and weight.dtype in ("uint8", "int8"):
        bits = operator.whole("bits", operator.whole("expert_weight_bits", 4))
        return f"uint{bits}"
    return weight.dtype


def _granularity(operator: Operator, weight: Value, scale: Value | None) -> str:
    if operator.type in _WEIGHT_ONLY:
        return "block"
    if scale is None or scale.shape is None or scale.elements == 1:
        return "per-tensor"
    if operator.attributes.get("block_size", 0) or (
        len(scale.shape) > 1 and len(scale.shape) == len(weight.shape or ())
    ):
        return "block"
    return "per-channel"


def _one(names: set[str]) -> str:
    if not names:
        return "none"
    return next(iter(names)) if len(names) == 1 else "mixed"
