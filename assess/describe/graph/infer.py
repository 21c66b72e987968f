"""The shape and type of one operator's outputs, from the schema that onnx has of it or from a rule of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, TypeProto, numpy_helper, shape_inference

from assess.describe.dtypes import name_of
from assess.describe.graph import contrib, standard
from assess.describe.graph.functions import first_line
from assess.describe.graph.settings import NOTHING, SETTINGS
from assess.describe.graph.shape_rule import Rule
from assess.describe.graph.values import SENSELESS, Operator, Shape, Typed, Value

_ENUMS: Final = {name_of(number): number for number in TensorProto.DataType.values()}

_QUANTISED: Final = frozenset({"int8", "uint8", "int16", "uint16"})

#: A result is remembered for operators that look the same; hostile files have many that do not.
_REMEMBERED: Final = 100_000


class CannotInferError(Exception):
    """Shapes cannot be told; the text says why."""


class ContradictionError(CannotInferError):
    """The operator does not fit its inputs; the text is onnx's."""


class Inference:
    """Infers one operator at a time and remembers what it inferred."""

    def __init__(self) -> None:
        self._schemas: dict[tuple[str, str, int], onnx.defs.OpSchema | None] = {}
        self._memory: dict[Any, list[Typed] | CannotInferError] = {}

    def outputs(self, operator: Operator, node: NodeProto) -> list[Typed]:
        """Dtype, shape and type of each output of `operator`, whose attributes are those of `node`.

        Raises:
            CannotInferError: they are not known, or its inputs do not fit.
        """
        key = (operator.domain, operator.type)
        rule = contrib.RULES.get(key) or standard.RULES.get(key)
        if rule is not None:
            return _possible(self._by_rule(rule, operator))
        schema = self._schema(operator.type, operator.domain, operator.version)
        if schema is None:
            foreign = contrib.RULES.get(("com.microsoft", operator.type)) if operator.domain == "" else None
            if foreign is not None:  # ONNX Runtime also writes some of its operators into the standard domain.
                return _possible(self._by_rule(foreign, operator))
            where = operator.domain or "ai.onnx"
            raise CannotInferError(f"no shape rule for {where} {operator.type}")
        return _possible(self._remembered(schema, operator, node, operator.inputs, len(operator.outputs)))

    def stand_in(self, name: str, operator: Operator, inputs: Sequence[Value | None], outputs: int = 1) -> list[Typed]:
        """What the standard operator `name` would give with the attributes of `operator` and these inputs."""
        # Operator set 13 has attributes where later ones have inputs, and takes all element types.
        schema = self._schema(name, "", 13)
        if schema is None:
            raise CannotInferError(f"no schema of {name}")
        node = NodeProto()
        for key, value in operator.attributes.items():
            if value is not None and not isinstance(value, (TensorProto, onnx.GraphProto)):
                try:
                    node.attribute.append(onnx.helper.make_attribute(key, value))
                except (ValueError, TypeError) as error:
                    raise CannotInferError(f"its attribute {key!r} makes no sense") from error
        # Integers are let in nowhere but in quantised operators: the shape is found with floats in their place.
        first = next((value.dtype for value in inputs if value is not None), "")
        inputs = [_as_float(value) for value in inputs]
        found = self._remembered(schema, operator, node, inputs, outputs)
        return [(first if first in _QUANTISED else dtype, shape, other) for dtype, shape, other in found]

    def _by_rule(self, rule: Rule, operator: Operator) -> list[Typed]:
        try:
            found = rule(operator, self)
        except SENSELESS as error:
            raise ContradictionError(f"its inputs or attributes are not those of {operator.type}") from error
        # Attributes become dimensions; one of another type than that of its name makes a dimension that is none.
        if not all(dim is None or type(dim) is int for _, shape, _ in found for dim in shape or ()):
            raise ContradictionError(f"its attributes are not those of {operator.type}")
        return found

    def _schema(self, name: str, domain: str, version: int) -> onnx.defs.OpSchema | None:
        key = (name, domain, version)
        if key not in self._schemas:
            try:
                self._schemas[key] = onnx.defs.get_schema(name, version, domain)
            except (onnx.defs.SchemaError, TypeError):  # There is none; the version is none that a C integer holds.
                self._schemas[key] = None
        return self._schemas[key]

    def _remembered(
        self,
        schema: onnx.defs.OpSchema,
        operator: Operator,
        node: NodeProto,
        inputs: Sequence[Value | None],
        outputs: int,
    ) -> list[Typed]:
        read = SETTINGS.get(schema.name, NOTHING)
        data = {i: inputs[i] for i in read if i < len(inputs)}
        known = {i: value.known for i, value in data.items() if value is not None and value.known is not None}
        key = (
            schema.name, schema.domain, operator.version, outputs,
            tuple(attribute.SerializeToString(deterministic=True) for attribute in node.attribute),
            tuple(_key(value) for value in inputs),
            tuple((i, str(array.dtype), array.tobytes()) for i, array in known.items()),
        )  # fmt: skip
        result = self._memory.get(key)
        if result is None:
            try:
                result = _infer(schema, operator, node, inputs, outputs, known)
            except CannotInferError as error:
                result = error
            if len(self._memory) < _REMEMBERED:
                self._memory[key] = result
        if isinstance(result, CannotInferError):
            raise result
        return result


def _possible(found: list[Typed]) -> list[Typed]:
    """What was inferred, if tensors can be like that: pads can make dimensions negative, a Range those of 65 bits."""
    for _, shape, _ in found:
        for dim in shape or ():
            if dim is not None and not 0 <= dim < 2**63:
                raise ContradictionError(f"it would give a dimension of {dim}")
    return found


def _as_float(value: Value | None) -> Value | None:
    if value is None or value.dtype not in _QUANTISED:
        return value
    return Value(value.name, "float32", value.shape)


def _key(value: Value | None) -> Any:
    if value is None:
        return None
    other = value.other.SerializeToString() if value.other is not None else None
    return value.dtype, value.shape, other


def _infer(
    schema: onnx.defs.OpSchema,
    operator: Operator,
    node: NodeProto,
    inputs: Sequence[Value | None],
    outputs: int,
    known: dict[int, Any],
) -> list[Typed]:
    names = ["" if value is None else f"i{index}" for index, value in enumerate(inputs)]
    probe = NodeProto(op_type=schema.name, domain=schema.domain, input=names)
    probe.output.extend(f"o{index}" for index in range(outputs))
    # An attribute that the schema does not know is a problem, which the checker names; the shape is known all the same.
    probe.attribute.extend(attribute for attribute in node.attribute if attribute.name in schema.attributes)
    types = {f"i{index}": type_of(value) for index, value in enumerate(inputs) if value is not None}
    data = {f"i{index}": numpy_helper.from_array(np.asarray(array, order="C")) for index, array in known.items()}
    imports = [onnx.helper.make_opsetid(operator.domain, operator.version)]
    try:
        found = shape_inference.infer_node_outputs(schema, probe, types, data, opset_imports=imports)
    except (
        shape_inference.InferenceError,
        onnx.checker.ValidationError,
        RuntimeError,
        ValueError,
        IndexError,
    ) as error:
        untyped = next((v for v in inputs if v is not None and v.other is None and not v.dtype), None)
        if untyped is not None:
            raise CannotInferError(untyped.why_unknown or f"type of {untyped.name!r} is not known") from error
        raise ContradictionError(_plain(error)) from error
    return [typed(found.get(f"o{index}")) for index in range(outputs)]


def _plain(error: Exception) -> str:
    """Onnx's message without the brackets it starts with and the names of our probe."""
    text = first_line(error)
    while text.startswith("[") and "]" in text:
        text = text[text.index("]") + 1 :].strip()
    return text.removeprefix("(op_type:").strip() if text else "its inputs do not fit"


def type_of(value: Value) -> TypeProto:
    """A value's type as onnx writes it."""
    if value.other is not None:
        return value.other  # type: ignore[no-any-return]
    proto = TypeProto()
    proto.tensor_type.elem_type = _ENUMS.get(value.dtype, 0)
    if value.shape is not None:
        proto.tensor_type.shape.SetInParent()
        for dim in value.shape:
            new = proto.tensor_type.shape.dim.add()
            if dim is not None:
                new.dim_value = dim
    return proto


def typed(proto: TypeProto | None) -> Typed:
    """Dtype and shape of a type; its TypeProto too if it is no tensor."""
    kind = proto.WhichOneof("value") if proto is not None else None
    if proto is None or kind is None:
        return "", None, None
    if kind == "tensor_type":
        return name_of(proto.tensor_type.elem_type), _shape(proto.tensor_type), None
    if kind == "sparse_tensor_type":
        return name_of(proto.sparse_tensor_type.elem_type), _shape(proto.sparse_tensor_type), None
    return described(proto), None, proto


def described(proto: TypeProto) -> str:
    """A type in words: "float32", "sequence(float32)", "map(int64, float32)", "optional(float32)"."""
    kind = proto.WhichOneof("value")
    if kind == "sequence_type":
        return f"sequence({described(proto.sequence_type.elem_type)})"
    if kind == "optional_type":
        return f"optional({described(proto.optional_type.elem_type)})"
    if kind == "map_type":
        return f"map({name_of(proto.map_type.key_type)}, {described(proto.map_type.value_type)})"
    return typed(proto)[0]


def _shape(tensor: TypeProto.Tensor | TypeProto.SparseTensor) -> Shape | None:
    if not tensor.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim)
