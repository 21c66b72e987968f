"""Bind the symbolic dimensions of the inputs to numbers, and say which ones still need one."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from shlex import quote

from onnx import GraphProto, TypeProto, ValueInfoProto

from assess.describe.graph.values import Shape
from assess.errors import AssessError


def true_inputs(graph: GraphProto) -> list[ValueInfoProto]:
    """The inputs that must be fed: those without a default among the initializers."""
    defaults = {tensor.name for tensor in graph.initializer} | {s.values.name for s in graph.sparse_initializer}
    return [info for info in graph.input if info.name not in defaults]


def bind(graph: GraphProto, dims: Mapping[str, int], where: str) -> dict[str, int]:
    """Replace every dynamic dimension of the inputs, in place, by the number that `dims` gives.

    A dynamic dimension without a name is called after its input and axis, e.g. `pixels.0`.

    Returns:
        The dimensions that the model has and their numbers.

    Raises:
        AssessError: a dimension has no number, a name is not one of the model's, or a number is not positive.
    """
    users: dict[str, list[tuple[str, int]]] = {}
    for info in true_inputs(graph):
        for name, axis in _dynamic(info, where):
            users.setdefault(name, []).append((info.name, axis))
    _check_names(users, dims, where)
    missing = [name for name in users if name not in dims]
    if missing:
        raise AssessError(_request(missing, users), where=where, hint=_options(missing, users))
    for info in graph.input:
        for axis, dim in enumerate(tensor_of(info.type).shape.dim):
            if not dim.HasField("dim_value") or dim.dim_value < 0:
                name = _name(dim.dim_param, info.name, axis)
                if name in users:
                    dim.dim_value = dims[name]
    return {name: dims[name] for name in users}


def shape_of(type_proto: TypeProto, dims: Mapping[str, int]) -> Shape | None:
    """The shape that a type records, names replaced by their numbers; None if it records none."""
    tensor = tensor_of(type_proto)
    if not tensor.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else dims.get(dim.dim_param)
        for dim in tensor.shape.dim
    )


def tensor_of(type_proto: TypeProto) -> TypeProto.Tensor | TypeProto.SparseTensor:
    """The part of a type that has element type and shape."""
    if type_proto.HasField("sparse_tensor_type"):
        return type_proto.sparse_tensor_type
    return type_proto.tensor_type


def _dynamic(info: ValueInfoProto, where: str) -> list[tuple[str, int]]:
    kind = info.type.WhichOneof("value")
    if kind not in ("tensor_type", "sparse_tensor_type"):
        return []  # Sequences, maps and optionals have no shape to bind.
    tensor = tensor_of(info.type)
    if not tensor.HasField("shape"):
        raise AssessError(
            f"input {info.name!r} has no shape, not even a number of dimensions",
            where=where,
            hint="export the model with the shapes of its inputs",
        )
    return [
        (_name(dim.dim_param, info.name, axis), axis)
        for axis, dim in enumerate(tensor.shape.dim)
        if not dim.HasField("dim_value") or dim.dim_value < 0  # -1 is how some exporters write it.
    ]


def _name(recorded: str, owner: str, axis: int) -> str:
    # "?" is how some exporters write that there is no name; two of them need not be equal.
    return recorded if any(char.isalnum() for char in recorded) else f"{owner}.{axis}"


def _check_names(users: Mapping[str, list[tuple[str, int]]], dims: Mapping[str, int], where: str) -> None:
    for name, number in dims.items():
        if name not in users:
            near = get_close_matches(name, users, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else ""
            known = ", ".join(repr(user) for user in users) or "none"
            raise AssessError(f"has no dynamic dimension {name!r}; it has: {known}", where=where, hint=hint)
        if number < 1:
            raise AssessError(f"dimension {name!r} must be at least 1, not {number}", where=where)


def _request(missing: list[str], users: Mapping[str, list[tuple[str, int]]]) -> str:
    parts = [f"{name!r} ({', '.join(f'axis {axis} of {user}' for user, axis in users[name])})" for name in missing]
    if len(parts) == 1:
        return f"dimension {parts[0]} is dynamic and has no number"
    return f"dimensions {', '.join(parts)} are dynamic and have no number"


def _options(missing: list[str], users: Mapping[str, list[tuple[str, int]]]) -> str:
    # 1 suits a batch, which is what the first axis nearly always is; nobody can guess a length or a height.
    return " ".join(
        f"--dim {quote(name)}={1 if all(axis == 0 for _, axis in users[name]) else 'N'}" for name in missing
    )
