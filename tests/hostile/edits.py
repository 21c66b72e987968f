"""Changes to a sound model, each one absurd number, name or type in it, drawn by a generator that is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

ABSURD: Final = (0, -1, 1, -2, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63))
_FLOATS: Final = (0.0, -1.0, float("nan"), float("inf"), 1e38, -1e-38)
_NAMES: Final = sorted({schema.name for schema in onnx.defs.get_all_schemas()})


def graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph and all those within it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs(attribute.g)


def _nodes(model: ModelProto) -> list[NodeProto]:
    found = [node for graph in graphs(model.graph) for node in graph.node]
    return found + [node for function in model.functions for node in function.node]


def _tensors(model: ModelProto) -> list[TensorProto]:
    return [tensor for graph in graphs(model.graph) for tensor in graph.initializer]


def dimension(model: ModelProto, random: Random) -> None:
    """One dimension of an input, an output or an initializer."""
    infos = [info for graph in graphs(model.graph) for info in (*graph.input, *graph.output)]
    dims = [dim for info in infos for dim in info.type.tensor_type.shape.dim]
    if dims and random.random() < 0.6:
        random.choice(dims).dim_value = random.choice(ABSURD)
        return
    tensors = [tensor for tensor in _tensors(model) if tensor.dims]
    if tensors:
        tensor = random.choice(tensors)
        tensor.dims[random.randrange(len(tensor.dims))] = random.choice(ABSURD)


def rank(model: ModelProto, random: Random) -> None:
    """More dimensions than there are, or fewer."""
    info = random.choice([*model.graph.input, *model.graph.output] or [model.graph.value_info.add()])
    shape = info.type.tensor_type.shape
    if random.random() < 0.5:
        del shape.dim[:]
    else:
        for _ in range(random.choice([1, 10, 100])):
            shape.dim.add(dim_value=random.choice([1, 1, 2, 2**20]))


def number(model: ModelProto, random: Random) -> None:
    """One integer that says how an operator works: a shape, an axis, a trip count."""
    whole = [
        tensor for tensor in _tensors(model) if tensor.data_type == TensorProto.INT64 and len(tensor.raw_data) >= 8
    ]
    if not whole:
        return dimension(model, random)
    tensor = random.choice(whole)
    at = 8 * random.randrange(len(tensor.raw_data) // 8)
    value = random.choice(ABSURD).to_bytes(8, "little", signed=True)
    tensor.raw_data = tensor.raw_data[:at] + value + tensor.raw_data[at + 8 :]


def payload(model: ModelProto, random: Random) -> None:
    """An initializer that holds something else than it declares."""
    tensors = _tensors(model)
    if not tensors:
        return dimension(model, random)
    tensor = random.choice(tensors)
    change = random.randrange(7)
    if change == 0:
        tensor.data_type = random.choice([0, 8, 14, 16, 17, 21, 22, 23, 24, 999, -1])
    elif change == 1:
        tensor.raw_data = tensor.raw_data[: len(tensor.raw_data) // 2]
    elif change == 2:
        tensor.raw_data += bytes(3)
    elif change == 3:
        tensor.float_data.extend([1.0, 2.0])
    elif change == 4:
        tensor.ClearField("raw_data")
    elif change == 5:
        tensor.dims.extend([random.choice(ABSURD)] * random.choice([1, 70]))
    else:
        tensor.segment.begin, tensor.segment.end = 2**62, -1
    return None


def attribute(model: ModelProto, random: Random) -> None:
    """The value of one attribute."""
    found = [entry for node in _nodes(model) for entry in node.attribute]
    if not found:
        return extra_attribute(model, random)
    entry = random.choice(found)
    if entry.type == AttributeProto.INT:
        entry.i = random.choice(ABSURD)
    elif entry.type == AttributeProto.FLOAT:
        entry.f = random.choice(_FLOATS)
    elif entry.type == AttributeProto.INTS:
        change = random.randrange(3)
        if change == 0 and entry.ints:
            entry.ints[random.randrange(len(entry.ints))] = random.choice(ABSURD)
        elif change == 1:
            del entry.ints[:]
        else:
            entry.ints.extend([random.choice(ABSURD)] * random.choice([1, 1000]))
    elif entry.type == AttributeProto.STRING:
        entry.s = random.choice([b"", b"\xff\xfe", b"z" * 100_000, b"i" * 5000 + b"->i", b"NOTSET"])
    else:
        entry.name = "renamed"
    return None


def attribute_type(model: ModelProto, random: Random) -> None:
    """An attribute of another type than its operator's, or that refers to what is not there."""
    found = [entry for node in _nodes(model) for entry in node.attribute]
    if not found:
        return extra_attribute(model, random)
    entry = random.choice(found)
    name = entry.name
    change = random.randrange(4)
    if change == 0:
        entry.type = random.choice(range(15))
    elif change == 1:
        entry.ref_attr_name = "nowhere"
    else:
        other = onnx.helper.make_attribute(name, random.choice([7, 1.5, b"text", [1, 2], [0.5], [b"a", b"b"]]))
        entry.CopyFrom(other)
    return None


def extra_attribute(model: ModelProto, random: Random) -> None:
    """An attribute that a node does not have, though another operator has one of this name."""
    name = random.choice(
        ["axis", "axes", "perm", "to", "group", "dilations", "start", "end", "keepdims", "body", "value", "bits", "N"]
    )
    value = random.choice([random.choice(ABSURD), 1.5, b"text", [random.choice(ABSURD)], [1.5], [b"a"]])
    random.choice(_nodes(model)).attribute.append(onnx.helper.make_attribute(name, value))


def operator(model: ModelProto, random: Random) -> None:
    """Another operator in the place of one."""
    node = random.choice(_nodes(model))
    change = random.randrange(6)
    if change == 0:
        node.op_type = random.choice(["", "\x00", "N" * 10_000, "Loop", "Scan", "If", "Constant"])
    elif change == 1:
        node.domain = random.choice(["com.microsoft", "acme", "", "ai.onnx.ml", "ai.onnx.training", "f"])
    else:
        node.op_type = random.choice(_NAMES)
        node.domain = random.choice(["", "", "", "com.microsoft", "ai.onnx.ml"])


def wiring(model: ModelProto, random: Random) -> None:
    """Who reads what: circles, values of nobody, values of two makers, nodes out of order."""
    graph = random.choice([graph for graph in graphs(model.graph) if graph.node] or [model.graph])
    if not graph.node:  # The change before this one took the last.
        return
    node = random.choice(graph.node)
    made = [name for other in graph.node for name in other.output if name]
    change = random.randrange(8)
    if change == 0 and node.input:
        node.input[random.randrange(len(node.input))] = random.choice(made)
    elif change == 1 and node.input:
        node.input[random.randrange(len(node.input))] = random.choice([*node.output, "", "nowhere"])
    elif change == 2 and node.output:
        node.output[random.randrange(len(node.output))] = random.choice([*made, *(i.name for i in graph.input), ""])
    elif change == 3:
        order = list(graph.node)
        random.shuffle(order)
        copies = [NodeProto.FromString(other.SerializeToString()) for other in order]
        del graph.node[:]
        graph.node.extend(copies)
    elif change == 4:
        graph.node.remove(node)
    elif change == 5:
        graph.node.extend([node] * random.choice([1, 3, 50]))
    elif change == 6:
        del node.input[random.randrange(len(node.input) + 1) :]
        del node.output[random.randrange(len(node.output) + 1) :]
    else:
        node.input.extend(random.choices(made, k=random.choice([1, 200])))


def interface(model: ModelProto, random: Random) -> None:
    """What goes in and comes out of the model, or of a body in it."""
    graph = random.choice(list(graphs(model.graph)))
    change = random.randrange(6)
    if change == 0:
        del graph.output[:]
    elif change == 1:
        del graph.input[:]
    elif change == 2:
        graph.input.extend(list(graph.input))
    elif change == 3:
        random.choice([*graph.input, *graph.output] or [graph.output.add()]).name = random.choice(
            ["", "x", "y", "\u202e", "a" * 50_000]
        )
    elif change == 4:
        graph.output.add(name="nowhere").type.tensor_type.elem_type = random.choice([1, 0, 999, -5])
    else:
        _other_type(random.choice([*graph.input, *graph.output] or [graph.output.add()]).type, random)


def _other_type(type_proto: onnx.TypeProto, random: Random) -> None:
    kind = random.randrange(5)
    if kind == 0:
        type_proto.tensor_type.elem_type = random.choice([0, 8, 14, 23, 999, -1])
    elif kind == 1:
        type_proto.sequence_type.elem_type.optional_type.elem_type.tensor_type.elem_type = 1
    elif kind == 2:
        type_proto.map_type.key_type = 7
        type_proto.map_type.value_type.map_type.key_type = 99
    elif kind == 3:
        type_proto.sparse_tensor_type.elem_type = 1
        type_proto.sparse_tensor_type.shape.dim.add(dim_value=2**62)
    else:
        type_proto.Clear()


def versions(model: ModelProto, random: Random) -> None:
    """Operator sets and the format's own version."""
    change = random.randrange(5)
    if change == 0:
        del model.opset_import[:]
    elif change == 1:
        random.choice(model.opset_import or [model.opset_import.add()]).version = random.choice(
            [0, -1, 1, 5, 8, 9999, 2**31, 2**62]
        )
    elif change == 2:
        model.opset_import.add(domain="", version=random.choice([1, 7, 13]))
    elif change == 3:
        model.opset_import.add(domain=random.choice(["x" * 10_000, "ai.onnx", "\n"]), version=1)
    else:
        model.ir_version = random.choice([0, -1, 1, 3, 99, 2**40])


#: Each kind of change, and how many mutants of it there are.
EDITS: Final[dict[str, tuple[Callable[[ModelProto, Random], None], int]]] = {
    "dimension": (dimension, 30), "rank": (rank, 10), "number": (number, 20), "payload": (payload, 25),
    "attribute": (attribute, 30), "attribute type": (attribute_type, 20), "extra attribute": (extra_attribute, 15),
    "operator": (operator, 25), "wiring": (wiring, 30), "interface": (interface, 20), "versions": (versions, 15),
}  # fmt: skip


def edited(model: ModelProto, kind: str, random: Random) -> bytes:
    """The model with one or two changes of a kind."""
    change, _ = EDITS[kind]
    for _ in range(random.choice([1, 1, 2])):
        change(model, random)
    return model.SerializeToString(deterministic=True)
