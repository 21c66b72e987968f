"""The most memory that activations take at once, when operators run in the order of the file.

A value lives from the operator that makes it to the last one that reads it; both count while they run. Inputs live
from the start, outputs to the end. Nothing is computed in place.
"""

from __future__ import annotations

from collections.abc import Iterable

from assess.describe.graph.buffers import Buffers
from assess.describe.graph.values import Graph, Operator, Value


def peak_bytes(graph: Graph, buffers: Buffers) -> int:
    """The largest sum of live activations over the execution of `graph`, subgraphs included.

    Raises:
        UnknownSizeError: the size of a value on the way is not known.
    """
    last = _last_uses(graph, buffers)
    live: dict[Value, int] = {}
    for value in graph.inputs:
        live[buffers.root(value)] = buffers.size(value)
    total = peak = sum(live.values())
    for index, operator in enumerate(graph.operators):
        made = {buffers.root(value) for value in operator.outputs if value is not None}
        new = {root: buffers.size(root) for root in made if root.producer is operator}
        peak = max(peak, total + _during(operator, new, buffers))
        live.update(new)
        total += sum(new.values())
        for root in _ending(operator, index, made, last, buffers):
            total -= live.pop(root, 0)
    return peak


def _during(operator: Operator, new: dict[Value, int], buffers: Buffers) -> int:
    """Bytes that come on top of what is live around an operator while it runs."""
    outputs = sum(new.values())
    if not operator.bodies:
        return outputs
    # A branch that does not fit inputs of this size is never run on them.
    possible = [body for body in operator.bodies.values() if not body.problems] or list(operator.bodies.values())
    inner = max(peak_bytes(body, buffers) for body in possible)
    if operator.type == "If":  # The outputs of the branch are the outputs.
        return max(outputs, inner)
    collected = sum(new.get(buffers.root(v), 0) for v in operator.outputs[_carried(operator) :] if v is not None)
    return collected + max(outputs - collected, inner)


def _carried(operator: Operator) -> int:
    """How many of the first outputs are what the last iteration hands on; the others collect every iteration's."""
    if operator.type == "Loop":
        return max(len(operator.inputs) - 2, 0)  # All inputs but the trip count and the condition.
    return len(operator.inputs) - operator.whole("num_scan_inputs", 0)


def _last_uses(graph: Graph, buffers: Buffers) -> dict[Value, int]:
    last: dict[Value, int] = {}
    for index, operator in enumerate(graph.operators):
        for value in _read(operator):
            last[buffers.root(value)] = index
    for value in graph.outputs:
        last[buffers.root(value)] = len(graph.operators)
    return last


def _read(operator: Operator) -> Iterable[Value]:
    """What an operator reads, its bodies included, which see the values around them."""
    yield from (value for value in operator.inputs if value is not None)
    for body in operator.bodies.values():
        yield from body.outputs
        for inner in body.everywhere():
            yield from (value for value in inner.inputs if value is not None)


def _ending(
    operator: Operator, index: int, made: set[Value], last: dict[Value, int], buffers: Buffers
) -> Iterable[Value]:
    """The memory that nobody needs after an operator."""
    candidates = made | {buffers.root(value) for value in _read(operator)}
    return [root for root in candidates if last.get(root, index) == index]
