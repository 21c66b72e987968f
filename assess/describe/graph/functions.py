"""Local functions: count what their calls expand to, then replace each call by the function's nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import onnx
from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto
from onnx.inliner import inline_local_functions

from assess.errors import AssessError

#: The largest models have some 50,000 nodes; a few kilobytes of nested functions can ask for billions.
MOST_NODES: Final = 500_000

_Key = tuple[str, str, str]


def inlined(model: ModelProto, where: str) -> ModelProto:
    """The model with the calls of its local functions replaced by what they do.

    Raises:
        AssessError: a function calls itself, or the calls expand to more than MOST_NODES nodes.
    """
    if not model.functions:
        return model
    functions = {_key_of(function): function for function in model.functions}
    total = _Expansion(functions, where).nodes(model.graph.node)
    if total > MOST_NODES:
        raise AssessError(f"its functions expand to more than {MOST_NODES} nodes", where=where)
    try:
        done = inline_local_functions(model, convert_version=False)
        if done.functions:  # A function written for another operator set than the model's stays unless converted.
            done = inline_local_functions(model, convert_version=True)
    except (onnx.checker.ValidationError, RuntimeError) as error:
        raise AssessError(f"its functions cannot be expanded: {first_line(error)}", where=where) from error
    return done


def first_line(error: Exception) -> str:
    """The first line that says something, of the many that onnx writes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def subgraphs(node: NodeProto) -> Iterable[GraphProto]:
    """The graphs among a node's attributes."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _key_of(item: FunctionProto | NodeProto) -> _Key:
    name = item.name if isinstance(item, FunctionProto) else item.op_type
    return "" if item.domain == "ai.onnx" else item.domain, name, getattr(item, "overload", "")


class _Expansion:
    """Counts nodes, each function once however often it is called."""

    def __init__(self, functions: dict[_Key, FunctionProto], where: str) -> None:
        self._functions = functions
        self._where = where
        self._counted: dict[_Key, int] = {}
        self._open: list[_Key] = []

    def nodes(self, nodes: Iterable[NodeProto]) -> int:
        """How many nodes these are, with every call expanded."""
        total = 0
        for node in nodes:
            key = _key_of(node)
            total += self._function(key) if key in self._functions else 1
            total += sum(self.nodes(graph.node) for graph in subgraphs(node))
        return total

    def _function(self, key: _Key) -> int:
        if key in self._counted:
            return self._counted[key]
        if key in self._open:
            raise AssessError(f"function {key[1]!r} calls itself", where=self._where)
        if len(self._open) > 200:
            raise AssessError("functions are nested more than 200 deep", where=self._where)
        self._open.append(key)
        self._counted[key] = self.nodes(self._functions[key].node)
        self._open.pop()
        return self._counted[key]


def every_tensor(model: ModelProto) -> Iterable[TensorProto]:
    """All tensors of a model, those of bodies at any depth too."""
    waiting: list[GraphProto] = [model.graph]
    nodes = [node for function in model.functions for node in function.node]
    while waiting or nodes:
        if waiting:
            graph = waiting.pop()
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
            nodes.extend(graph.node)
        for node in nodes:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
                if attribute.HasField("g"):
                    waiting.append(attribute.g)
                waiting.extend(attribute.graphs)
        nodes = []
