"""If, Loop and Scan: build their bodies, and say how often these run and what comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from onnx import GraphProto

from assess.describe.graph import cost
from assess.describe.graph.values import Graph, Operator, Shape, Typed, Value

Scopes = list[dict[str, Value]]
Build = Callable[[GraphProto, Scopes, "list[Value] | None"], Graph]

#: A body is built again when a value it carries changes shape; loops in loops multiply that.
_LOOP_DEPTH: Final = 6

#: Beyond this a trip count is not one: exporters write "for ever" as the largest integer.
_MOST_TRIPS: Final = 2**40


def _if(operator: Operator, scopes: Scopes, build: Build) -> list[Typed]:
    """The branch that the condition selects, if it is known; otherwise the one that needs more MACs."""
    condition = operator.input(0)
    names = [n for n in ("then_branch", "else_branch") if isinstance(operator.attributes.get(n), GraphProto)]
    if condition is not None and condition.known is not None and condition.known.size == 1:
        selected = "then_branch" if bool(condition.known.reshape(-1)[0]) else "else_branch"
        names = [name for name in names if name == selected]
    for name in names:
        operator.bodies[name] = build(operator.attributes[name], scopes, None)
    if not names:
        return []
    # Equal in MACs: the one with more operators. Many exporters put nothing but an Identity into one branch.
    operator.taken = max(names, key=lambda name: _weight(operator.bodies[name]))
    outputs = operator.bodies[operator.taken].outputs
    return [(value.dtype, value.shape, value.other) for value in outputs]


def _weight(body: Graph) -> tuple[bool, int, int]:
    # A branch that does not fit inputs of this size is not the one that runs on them.
    return not body.problems, cost.total(body), len(body.operators)


def problems(operator: Operator) -> list[str]:
    """What is wrong in the bodies of an operator; a branch is wrong only if no other branch is right."""
    found = [body.problems for body in operator.bodies.values()]
    if operator.type == "If" and any(not problems for problems in found):
        return []
    return [problem for problems in found for problem in problems]


def _loop(operator: Operator, scopes: Scopes, build: Build) -> list[Typed]:
    body = operator.attributes.get("body")
    if not isinstance(body, GraphProto) or len(scopes) > _LOOP_DEPTH:
        operator.trips = None
        return []
    carried = [_copy(value) for value in operator.inputs[2:]]
    built = _settled(body, scopes, build, [Value("", "int64", ()), Value("", "bool", ())], carried, [])
    operator.bodies["body"] = built
    operator.trips = _loop_trips(operator, built)
    found: list[Typed] = [(v.dtype, v.shape, v.other) for v in built.outputs[1 : 1 + len(carried)]]
    for value in built.outputs[1 + len(carried) :]:
        found.append((value.dtype, None if value.shape is None else (operator.trips, *value.shape), None))
    return found


def _loop_trips(operator: Operator, body: Graph) -> int | None:
    """How often the body runs, if the count is a known number and the condition stays true."""
    limit, condition = operator.input(0), operator.input(1)
    if condition is not None:
        if condition.known is None or condition.known.size != 1:
            return None
        if not bool(condition.known.reshape(-1)[0]):
            return 0
    goes_on = body.outputs[0] if body.outputs else None
    if condition is not None and not _stays_true(goes_on, body):
        return None
    if limit is None or limit.known is None or limit.known.size != 1:
        return None
    trips = int(limit.known.reshape(-1)[0])
    return max(trips, 0) if trips < _MOST_TRIPS else None


def _stays_true(value: Value | None, body: Graph) -> bool:
    """Whether the condition that a body hands on is the one it got, or the constant true."""
    while value is not None and value.producer is not None and value.producer.type in ("Identity", "Cast"):
        value = value.producer.input(0)
    if value is None or (len(body.inputs) > 1 and value is body.inputs[1]):
        return value is not None
    return value.known is not None and value.known.size == 1 and bool(value.known.reshape(-1)[0])


def _scan(operator: Operator, scopes: Scopes, build: Build) -> list[Typed]:
    body = operator.attributes.get("body")
    if not isinstance(body, GraphProto) or len(scopes) > _LOOP_DEPTH or operator.version < 9:
        operator.trips = (
            None  # Operator set 8 has a batch dimension and lengths as an input; nobody writes it any more.
        )
        return []
    count = operator.whole("num_scan_inputs", 0)
    states = [_copy(value) for value in operator.inputs[: len(operator.inputs) - count]]
    axes = _axes(operator, "scan_input_axes", count)
    slices, lengths = [], []
    for value, axis in zip(operator.inputs[len(states) :], axes, strict=False):
        dtype, shape = (value.dtype, value.shape) if value is not None else ("", None)
        part, length = _without_axis(shape, axis)
        lengths.append(length)
        slices.append(Value("", dtype, part))
    operator.trips = next((length for length in lengths if length is not None), None)
    built = _settled(body, scopes, build, [], states, slices)
    operator.bodies["body"] = built
    found: list[Typed] = [(v.dtype, v.shape, v.other) for v in built.outputs[: len(states)]]
    results = built.outputs[len(states) :]
    out_axes = _axes(operator, "scan_output_axes", len(results))
    for value, axis in zip(results, out_axes, strict=False):
        found.append((value.dtype, _with_axis(value.shape, axis, operator.trips), None))
    return found


def _axes(operator: Operator, name: str, count: int) -> list[int]:
    """An attribute that lists axes; that of the others, 0 each, if the file has none or what is no list of them."""
    axes = operator.attributes.get(name)
    if isinstance(axes, list) and axes and all(isinstance(axis, int) for axis in axes):
        return axes
    return [0] * min(count, len(operator.inputs) + len(operator.outputs))


def _settled(
    body: GraphProto, scopes: Scopes, build: Build, first: list[Value], carried: list[Value], last: list[Value]
) -> Graph:
    """The body, built until the values it carries keep their shapes; a dimension that changes is unknown."""
    built = build(body, scopes, [*first, *carried, *last])
    for _ in range(3):
        outputs = built.outputs[1:] if first else built.outputs
        merged = [_merged(old, new) for old, new in zip(carried, outputs, strict=False)]
        if all(a.shape == b.shape for a, b in zip(merged, carried, strict=False)):
            break
        carried = merged
        fresh = [[Value("", value.dtype, value.shape) for value in values] for values in (first, last)]
        built = build(body, scopes, [*fresh[0], *carried, *fresh[1]])
    return built


def _merged(old: Value, new: Value) -> Value:
    if old.shape is None or new.shape is None or len(old.shape) != len(new.shape):
        return Value("", old.dtype, None, other=old.other)
    shape = tuple(a if a == b else None for a, b in zip(old.shape, new.shape, strict=True))
    return Value("", old.dtype, shape)


def _copy(value: Value | None) -> Value:
    # Within the body it is a value of its own: its elements change from one iteration to the next.
    return Value("") if value is None else Value("", value.dtype, value.shape, other=value.other)


def _without_axis(shape: Shape | None, axis: int) -> tuple[Shape | None, int | None]:
    if shape is None or not -len(shape) <= axis < len(shape):
        return None, None
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :], shape[axis]


def _with_axis(shape: Shape | None, axis: int, length: int | None) -> Shape | None:
    if shape is None or not -len(shape) - 1 <= axis <= len(shape):
        return None
    axis %= len(shape) + 1
    return (*shape[:axis], length, *shape[axis:])


RULES: Final[dict[str, Callable[[Operator, Scopes, Build], list[Typed]]]] = {"If": _if, "Loop": _loop, "Scan": _scan}
