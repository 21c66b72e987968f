"""Turn a model's message into a network: names resolved, shapes inferred, small values computed, in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from assess.describe.graph import control, dims
from assess.describe.graph.folding import fold
from assess.describe.graph.infer import CannotInferError, ContradictionError, Inference, typed
from assess.describe.graph.tensors import Tensors
from assess.describe.graph.values import Graph, Operator, Typed, Value
from assess.errors import AssessError

#: Their results differ from run to run, so that they are not constants even if nothing goes in.
_RANDOM: Final = frozenset(
    {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial"}
)

#: Exporters join the names of all modules around a node, some hundred letters; messages and findings repeat names.
_MOST_LETTERS: Final = 16_384

Scopes = list[dict[str, Value]]


class Builder:
    """Builds the network of one model."""

    def __init__(self, model: ModelProto, tensors: Tensors, bound: Mapping[str, int]) -> None:
        self.tensors = tensors
        self._problems: list[str] = []  # of the graph that is being built
        self._bound = bound
        self._versions = {_standard(entry.domain): entry.version for entry in model.opset_import}
        self._inference = Inference()

    def model(self, graph: GraphProto) -> Graph:
        """The network of the model's main graph, consumers and outputs marked."""
        built = self.graph(graph, [], None)
        for value in built.outputs:
            value.is_output = True
        for operator in built.everywhere():
            for body in operator.bodies.values():
                for value in body.outputs:
                    value.is_output = True
            for read in operator.inputs:
                if read is not None:
                    read.consumers.append(operator)
        return built

    def graph(self, graph: GraphProto, outer: Scopes, given: list[Value] | None) -> Graph:
        """A graph within the scopes around it.

        Args:
            graph: the message.
            outer: the values of the graphs around it, outermost first.
            given: what a Loop or Scan hands to its body; None for the main graph and for branches.
        """
        self._check_names(graph)
        scope: dict[str, Value] = {}
        scopes = [*outer, scope]
        self._add_initializers(graph, scope)
        inputs = []
        for index, info in enumerate(graph.input):
            if given is not None and index < len(given):
                value = given[index]
                value.name = info.name
                self._fill(value, typed(info.type))
            elif info.name in scope:
                continue
            else:
                dtype, _, other = typed(info.type)
                value = Value(info.name, dtype, dims.shape_of(info.type, self._bound), other=other)
            scope[info.name] = value
            inputs.append(value)
        recorded = {info.name: info for info in (*graph.value_info, *graph.output)}
        around, self._problems = self._problems, []
        operators = [self._operator(node, scopes, recorded) for node in graph.node]
        outputs = [self._lookup(info.name, scopes) for info in graph.output]
        built = Graph(inputs, outputs, operators, self._problems)
        self._problems = around
        return built

    def _check_names(self, graph: GraphProto) -> None:
        """Refuse names that are no text, which protobuf hands over as bytes, and those that are whole books."""
        owners = (graph.initializer, graph.input, graph.output, graph.value_info)
        try:
            longest = max((len(owner.name) for group in owners for owner in group), default=0)
            "".join(owner.name for group in owners for owner in group)
            for node in graph.node:
                names = (node.op_type, node.domain, node.name, *node.input, *node.output)
                if len("".join(names)) > _MOST_LETTERS:
                    longest = max(longest, *map(len, names))
        except TypeError as error:
            raise AssessError("is damaged: a name in it is no text", where=str(self.tensors.path)) from error
        if longest > _MOST_LETTERS:
            raise AssessError(f"is damaged: a name in it has {longest} letters", where=str(self.tensors.path))

    def _add_initializers(self, graph: GraphProto, scope: dict[str, Value]) -> None:
        for tensor in graph.initializer:
            dtype, shape = self.tensors.check(tensor, f"initializer {tensor.name!r}")
            scope[tensor.name] = Value(tensor.name, dtype, shape, fixed=True, known=self.tensors.known(tensor))
        for sparse in graph.sparse_initializer:
            name = sparse.values.name
            dtype, shape, elements, stored = self.tensors.check_sparse(sparse, f"sparse initializer {name!r}")
            scope[name] = Value(name, dtype, shape, fixed=True, stored=stored, stored_elements=elements)

    def _operator(self, node: NodeProto, scopes: Scopes, recorded: Mapping[str, Any]) -> Operator:
        operator = Operator(
            node.op_type,
            _standard(node.domain),
            node.name or next(iter(node.output), ""),
            self._versions.get(_standard(node.domain), 1),
            [self._lookup(name, scopes) if name else None for name in node.input],
            [Value(name) if name else None for name in node.output],
            {attribute.name: _content(attribute) for attribute in node.attribute},
        )
        if operator.type == "Constant" and operator.domain == "":
            self._constant(operator)
        elif operator.type in control.RULES and operator.domain == "":
            self._fill_all(operator, control.RULES[operator.type](operator, scopes, self.graph), recorded)
            self._problems += control.problems(operator)
        else:
            self._infer(operator, node, recorded)
        for value in operator.outputs:
            if value is not None:
                value.producer = operator
                scopes[-1][value.name] = value
        return operator

    def _infer(self, operator: Operator, node: NodeProto, recorded: Mapping[str, Any]) -> None:
        why = ""
        found: list[Typed]
        try:
            found = self._inference.outputs(operator, node)
        except CannotInferError as error:
            found, why = [], str(error)
            if isinstance(error, ContradictionError):
                self._problems.append(f"{operator.type} {operator.name!r} does not fit its inputs: {why}")
        self._fill_all(operator, found, recorded, why)
        if operator.inputs and operator.type not in _RANDOM and not _has_graph(operator):
            fixed = all(value is None or value.fixed for value in operator.inputs)
            for value in operator.outputs:
                if value is not None:
                    value.fixed = fixed
        output = operator.output(0)
        if output is not None:
            output.known = fold(operator)

    def _fill_all(self, operator: Operator, found: list[Typed], recorded: Mapping[str, Any], why: str = "") -> None:
        """Set what was inferred; what was not is taken from the file's own record, where it has one."""
        for index, value in enumerate(operator.outputs):
            if value is None:
                continue
            if index < len(found):
                value.dtype, value.shape, value.other = found[index]
            info = recorded.get(value.name)
            if info is not None and (value.shape is None or None in value.shape or not value.dtype):
                dtype, _, other = typed(info.type)
                self._fill(value, (dtype, dims.shape_of(info.type, self._bound), other))
            if value.elements is None:
                value.why_unknown = why

    def _fill(self, value: Value, other: Typed) -> None:
        """Complete what is not known of a value; what is known stays."""
        dtype, shape, proto = other
        value.dtype = value.dtype or dtype
        if value.shape is None:
            value.shape = shape
        elif shape is not None and len(shape) == len(value.shape):
            value.shape = tuple(b if a is None else a for a, b in zip(value.shape, shape, strict=True))
        if value.other is None and value.shape is None:
            value.other = proto

    def _constant(self, operator: Operator) -> None:
        value = operator.output(0)
        if value is None:
            return
        value.fixed = True
        what = f"constant {value.name!r}"
        for name, content in operator.attributes.items():
            if isinstance(content, TensorProto):
                value.dtype, value.shape = self.tensors.check(content, what)
                value.known = self.tensors.known(content)
            elif name == "sparse_value":
                value.dtype, value.shape, value.stored_elements, value.stored = self.tensors.check_sparse(content, what)
            elif name in _CONSTANT_TYPES:
                array = np.asarray(content, dtype=_CONSTANT_TYPES[name])
                value.known = array if name not in ("value_string", "value_strings") else None
                value.dtype = "string" if value.known is None else str(array.dtype)
                value.shape = tuple(array.shape)

    def _lookup(self, name: str, scopes: Scopes) -> Value:
        for scope in reversed(scopes):
            if name in scope:
                return scope[name]
        # The checker says that it is missing; everything computed from it stays unknown.
        value = Value(name, why_unknown="nothing produces it")
        scopes[-1][name] = value
        return value


_CONSTANT_TYPES: Final = {
    "value_int": np.int64, "value_ints": np.int64, "value_float": np.float32, "value_floats": np.float32,
    "value_string": object, "value_strings": object,
}  # fmt: skip


def _standard(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _has_graph(operator: Operator) -> bool:
    return any(isinstance(content, GraphProto) for content in operator.attributes.values())


_FIELDS: Final = {
    AttributeProto.FLOAT: "f", AttributeProto.INT: "i", AttributeProto.STRING: "s", AttributeProto.TENSOR: "t",
    AttributeProto.GRAPH: "g", AttributeProto.SPARSE_TENSOR: "sparse_tensor", AttributeProto.TYPE_PROTO: "tp",
}  # fmt: skip
_LISTS: Final = {
    AttributeProto.FLOATS: "floats", AttributeProto.INTS: "ints", AttributeProto.STRINGS: "strings",
    AttributeProto.TENSORS: "tensors", AttributeProto.GRAPHS: "graphs",
    AttributeProto.SPARSE_TENSORS: "sparse_tensors", AttributeProto.TYPE_PROTOS: "type_protos",
}  # fmt: skip


def _content(attribute: AttributeProto) -> Any:
    kind = attribute.type
    if kind in _FIELDS:
        return getattr(attribute, _FIELDS[kind])
    if kind in _LISTS:
        return list(getattr(attribute, _LISTS[kind]))
    return None
