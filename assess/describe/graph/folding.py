"""Compute small integer values from shapes, so that what a Reshape or Expand makes of them is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from assess.describe.graph.values import SENSELESS, Operator, Value

Array = npt.NDArray[Any]

#: Shapes, axes and the like; anything larger is data.
_MOST_ELEMENTS: Final = 1024


def fold(operator: Operator) -> Array | None:
    """The first output's value, if it is small and follows from what is known; None otherwise."""
    output = operator.output(0)
    if output is None or operator.domain not in ("", "ai.onnx"):
        return None
    rule = _FOLDS.get(operator.type)
    if rule is None:
        return None
    elements = output.elements
    if elements is None or elements > _MOST_ELEMENTS:
        return None
    arrays: list[Array | None] = []
    for value in [] if operator.type in ("Shape", "Size") else operator.inputs:
        if value is not None and value.known is None:
            return None
        arrays.append(None if value is None else value.known)
    try:
        with np.errstate(all="ignore"):
            found = rule(operator, arrays)
            return None if found is None else np.asarray(found)
    except SENSELESS:
        return None  # An invalid operator: its shape inference or the checker names what is wrong with it.


def _shape(operator: Operator, _: Sequence[Any]) -> Array | None:
    shape = operator.inputs[0].shape if operator.inputs and operator.inputs[0] else None
    if shape is None:
        return None
    start, end = operator.attributes.get("start", 0), operator.attributes.get("end")
    part = shape[start:end]
    return None if None in part else np.array(part, np.int64)


def _size(operator: Operator, _: Sequence[Any]) -> Array | None:
    value: Value | None = operator.input(0)
    elements = value.elements if value else None
    return None if elements is None else np.array(elements, np.int64)


def _cast(operator: Operator, arrays: Sequence[Any]) -> Array:
    to = operator.attributes.get("to", TensorProto.FLOAT)
    return np.asarray(arrays[0].astype(helper.tensor_dtype_to_np_dtype(to)))


def _constant_of_shape(operator: Operator, arrays: Sequence[Any]) -> Array:
    tensor = operator.attributes.get("value")
    fill = np.zeros(1, np.float32) if tensor is None else numpy_helper.to_array(tensor)
    return np.full(tuple(arrays[0]), fill.reshape(-1)[0], fill.dtype)


def _axes(operator: Operator, arrays: Sequence[Any]) -> tuple[int, ...] | None:
    """Axes, an attribute up to operator set 12 and an input since."""
    axes = operator.attributes.get("axes")
    if axes is None and len(arrays) > 1 and arrays[1] is not None:
        axes = arrays[1].reshape(-1).tolist()
    return None if axes is None else tuple(int(axis) for axis in axes)


def _unsqueeze(operator: Operator, arrays: Sequence[Any]) -> Array:
    return np.expand_dims(arrays[0], _axes(operator, arrays) or ())


def _squeeze(operator: Operator, arrays: Sequence[Any]) -> Array:
    return np.asarray(np.squeeze(arrays[0], _axes(operator, arrays)))


def _slice(operator: Operator, arrays: Sequence[Any]) -> Array:
    data = arrays[0]
    if "starts" in operator.attributes:
        starts, ends = operator.attributes["starts"], operator.attributes["ends"]
        axes, steps = operator.attributes.get("axes"), None
    else:
        rest = [None if array is None else array.reshape(-1).tolist() for array in (*arrays[1:], None, None)]
        starts, ends, axes, steps = rest[:4]
    cut = [slice(None)] * data.ndim
    for index, axis in enumerate(axes if axes is not None else range(len(starts))):
        step = steps[index] if steps else 1
        end = ends[index]
        # A backward slice up to "before the first" has no end that Python could spell.
        stop = None if (step < 0 and end < -data.shape[axis]) else end
        cut[axis] = slice(starts[index], stop, step)
    return np.asarray(data[tuple(cut)])


def _reshape(operator: Operator, arrays: Sequence[Any]) -> Array:
    data, shape = arrays[0], arrays[1].tolist()
    if not operator.attributes.get("allowzero", 0):
        shape = [data.shape[i] if dim == 0 else dim for i, dim in enumerate(shape)]
    return np.asarray(data.reshape(shape))


def _divide(_: Operator, arrays: Sequence[Any]) -> Array:
    first, second = arrays
    if first.dtype.kind in "iu":  # Towards zero, as C does, where numpy goes down.
        quotient = np.abs(first) // np.abs(second)
        return np.asarray((np.sign(first) * np.sign(second) * quotient).astype(first.dtype))
    return np.asarray(first / second)


def _mod(operator: Operator, arrays: Sequence[Any]) -> Array:
    return np.asarray(np.fmod(*arrays) if operator.attributes.get("fmod", 0) else np.mod(*arrays))


def _reduce(function: Callable[..., Any]) -> Callable[[Operator, Sequence[Any]], Array]:
    def rule(operator: Operator, arrays: Sequence[Any]) -> Array:
        axes = _axes(operator, arrays)
        if axes is None and operator.attributes.get("noop_with_empty_axes", 0):
            return np.asarray(arrays[0])
        keep = bool(operator.attributes.get("keepdims", 1))
        return np.asarray(function(arrays[0], axis=axes, keepdims=keep)).astype(arrays[0].dtype)

    return rule


def _numpy(function: Callable[..., Any]) -> Callable[[Operator, Sequence[Any]], Array]:
    """A rule of an elementwise operator that numpy has under another name; the element type stays."""
    return lambda operator, arrays: np.asarray(function(*arrays))


_FOLDS: Final[dict[str, Callable[[Operator, Sequence[Any]], Array | None]]] = {
    "Shape": _shape,
    "Size": _size,
    "Cast": _cast,
    "ConstantOfShape": _constant_of_shape,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Slice": _slice,
    "Reshape": _reshape,
    "Div": _divide,
    "Mod": _mod,
    "Identity": lambda operator, arrays: np.asarray(arrays[0]),
    "Gather": lambda operator, arrays: np.take(arrays[0], arrays[1], axis=operator.attributes.get("axis", 0)),
    "Concat": lambda operator, arrays: np.concatenate(arrays, axis=operator.attributes["axis"]),
    "Range": lambda operator, arrays: np.arange(*(array.reshape(-1)[0] for array in arrays), dtype=arrays[0].dtype),
    "Expand": lambda operator, arrays: arrays[0] * np.ones(tuple(arrays[1]), arrays[0].dtype),
    "Tile": lambda operator, arrays: np.tile(arrays[0], tuple(arrays[1])),
    "Transpose": lambda operator, arrays: np.transpose(arrays[0], operator.attributes.get("perm")),
    "Add": _numpy(np.add), "Sub": _numpy(np.subtract), "Mul": _numpy(np.multiply), "Pow": _numpy(np.power),
    "Neg": _numpy(np.negative), "Abs": _numpy(np.abs), "Sign": _numpy(np.sign), "Sqrt": _numpy(np.sqrt),
    "Floor": _numpy(np.floor), "Ceil": _numpy(np.ceil), "Round": _numpy(np.round),
    "Equal": _numpy(np.equal), "Greater": _numpy(np.greater), "Less": _numpy(np.less),
    "GreaterOrEqual": _numpy(np.greater_equal), "LessOrEqual": _numpy(np.less_equal),
    "And": _numpy(np.logical_and), "Or": _numpy(np.logical_or), "Xor": _numpy(np.logical_xor),
    "Not": _numpy(np.logical_not), "Where": _numpy(np.where),
    "Min": lambda operator, arrays: np.minimum.reduce([*np.broadcast_arrays(*arrays)]),
    "Max": lambda operator, arrays: np.maximum.reduce([*np.broadcast_arrays(*arrays)]),
    "ReduceProd": _reduce(np.prod), "ReduceSum": _reduce(np.sum), "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
}  # fmt: skip
