"""Small ONNX models for tests, built in a line or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper

DTYPES = {
    "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16,
    "int64": TensorProto.INT64, "int32": TensorProto.INT32, "uint8": TensorProto.UINT8, "int8": TensorProto.INT8,
    "bool": TensorProto.BOOL, "float64": TensorProto.DOUBLE, "string": TensorProto.STRING,
}  # fmt: skip


def port(name: str, shape: Sequence[int | str | None] | None, dtype: str = "float32") -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, DTYPES[dtype], shape)


def weight(name: str, array: Any) -> TensorProto:
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def model_of(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Any],
    outputs: Sequence[str | onnx.ValueInfoProto],
    weights: Mapping[str, Any] | None = None,
    *,
    opset: int = 17,
    functions: Sequence[onnx.FunctionProto] = (),
    metadata: Mapping[str, str] | None = None,
    domains: Sequence[str] = ("com.microsoft",),
) -> ModelProto:
    """A model; an input is a shape, or a shape and a dtype; a weight an array or a TensorProto."""
    ports = []
    for name, spec in inputs.items():
        shape, dtype = spec if isinstance(spec, tuple) else (spec, "float32")
        ports.append(port(name, shape, dtype))
    tensors = []
    for name, array in (weights or {}).items():
        tensors.append(array if isinstance(array, TensorProto) else weight(name, array))
    ends = [out if isinstance(out, onnx.ValueInfoProto) else port(out, None) for out in outputs]
    graph = helper.make_graph(list(nodes), "graph", ports, ends, tensors)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=10)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    return model


def saved_chain(path, *, layers=1, width=8):
    """A chain of MatMul with weights of a fixed seed, written to a file; the file's name."""
    rng = np.random.default_rng(0)
    weights = {f"w{index}": rng.standard_normal((width, width)).astype(np.float32) for index in range(layers)}
    names = ["x", *(f"m{index}" for index in range(1, layers)), "y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(layers)]
    onnx.save(model_of(nodes, {"x": [1, width]}, ["y"], weights), path)
    return str(path)
