"""What makes a file invalid by the ONNX specification, as onnx's own checker sees it, weights left out."""

from __future__ import annotations

import re

import onnx
from onnx import GraphProto, ModelProto, TensorProto, TypeProto

from assess.describe.graph.functions import subgraphs


def problems(model: ModelProto, mark: str) -> list[str]:
    """The first thing the checker finds wrong with `model`, in one line; empty if nothing.

    Args:
        model: without the payload of its large tensors; changed here, so that what was left out is not missed.
        mark: what the `doc_string` of a tensor without its payload starts with.
    """
    _forgive_graph(model.graph, mark)
    # A newer IR than this onnx knows is no fault of the file.
    model.ir_version = min(model.ir_version, onnx.IR_VERSION)
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            entry.version = min(entry.version, onnx.defs.onnx_opset_version())
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        return [_in_one_line(str(error))]
    return []


def _forgive_graph(graph: GraphProto, mark: str) -> None:
    for tensor in graph.initializer:
        _forgive_tensor(tensor, mark)
    for sparse in graph.sparse_initializer:
        for tensor in (sparse.values, sparse.indices):
            if tensor.doc_string.startswith(mark) or tensor.data_location == TensorProto.EXTERNAL:
                graph.ClearField("sparse_initializer")
                return
    for info in (*graph.input, *graph.output):
        _forgive_type(info.type)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _forgive_tensor(attribute.t, mark)
            for tensor in attribute.tensors:
                _forgive_tensor(tensor, mark)
        for inner in subgraphs(node):
            _forgive_graph(inner, mark)


def _forgive_tensor(tensor: TensorProto, mark: str) -> None:
    """Make a tensor without its payload an empty one, which needs none; `Tensors.check` has looked at it already."""
    if tensor.doc_string.startswith(mark) or tensor.data_location == TensorProto.EXTERNAL:
        del tensor.dims[:]
        tensor.dims.append(0)
        tensor.ClearField("data_location")
        del tensor.external_data[:]


def _forgive_type(type_proto: TypeProto) -> None:
    """Exporters leave out the shape of an output that they do not know, and every runtime takes it."""
    if type_proto.WhichOneof("value") == "tensor_type" and not type_proto.tensor_type.HasField("shape"):
        type_proto.tensor_type.shape.SetInParent()


def _in_one_line(text: str) -> str:
    text = text.split("==> Context:")[0]
    return re.sub(r"\s+", " ", text).strip()
