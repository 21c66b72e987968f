"""Rows about the nodes of a model, made in the process that reads it; `nodes.NodeFact` says what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onnx import GraphProto, NodeProto

from assess.describe.graph import cost, dims, functions, skeleton
from assess.describe.graph.network import Builder
from assess.describe.graph.parsed import parsed
from assess.describe.graph.tensors import Tensors
from assess.describe.graph.values import Graph, Operator

#: Name, operator, inputs, outputs, path, MACs, runs, whether it is named, whether it is fixed.
Row = tuple[str, str, list[str], list[str], list[str], int | None, int, bool, bool]


def with_costs(path: Path, bound: Mapping[str, int]) -> list[Row]:
    """A row for each node, shapes inferred and MACs counted.

    Raises:
        AssessError: the model cannot be read, or a dimension has no number.
    """
    read = skeleton.read(path)
    given = parsed(read.data, path)
    model = functions.inlined(given, str(path))
    network = Builder(model, Tensors(path, read), dims.bind(model.graph, bound, str(path))).model(model.graph)
    return list(_rows(model.graph, network, [], 1, indexed=not given.functions))


def names_only(path: Path) -> list[Row]:
    """A row for each node, nothing inferred: also for what a runtime made of a model.

    Raises:
        AssessError: the model cannot be read.
    """
    model = parsed(skeleton.read(path).data, path)
    return list(_rows(model.graph, None, [], 1, indexed=not model.functions))


def _rows(graph: GraphProto, built: Graph | None, path: list[str], runs: int, *, indexed: bool) -> Iterator[Row]:
    index = 0
    for position, node in enumerate(graph.node):
        operator = built.operators[position] if built else None
        # Inlining functions changes the indices that ONNX Runtime counts by.
        made_up = f"{node.op_type}_{index}" if indexed else next(iter(node.output), "")
        constant = _spelled(node) == "Constant"
        index += not constant
        name = node.name or made_up
        macs = None if operator is None else 0 if operator.bodies else cost.of(operator).macs
        fixed = constant or (operator is not None and operator.fixed)
        yield name, _spelled(node), [*node.input], [*node.output], path, macs, runs, bool(node.name), fixed
        for attribute in node.attribute:
            if attribute.HasField("g") and _may_run(operator, attribute.name):
                body, times = _body(operator, attribute.name, runs)
                inner = [*path, f"{name}.{attribute.name}"]
                yield from _rows(attribute.g, body, inner, times, indexed=indexed)


def _may_run(operator: Operator | None, attribute: str) -> bool:
    """Not the branch of an If whose condition is a constant that selects the other one."""
    return operator is None or operator.type != "If" or not operator.bodies or attribute in operator.bodies


def _body(operator: Operator | None, attribute: str, runs: int) -> tuple[Graph | None, int]:
    """What was built of a subgraph, and how often it runs."""
    if operator is None:
        return None, runs
    if operator.type == "If":
        return operator.bodies.get(attribute), runs if attribute == operator.taken else 0
    return operator.bodies.get(attribute), runs * (1 if operator.trips is None else operator.trips)


def _spelled(node: NodeProto) -> str:
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}:{node.op_type}"


def answer(request: Mapping[str, Any]) -> list[Row]:
    """The rows that a request asks for."""
    path = Path(request["path"])
    return with_costs(path, request["dims"]) if request["nodes"] == "costs" else names_only(path)
