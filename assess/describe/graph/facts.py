"""Put together what is known of a model: a file in, the facts of `Model` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import onnx
from onnx import GraphProto, ModelProto, TensorProto

from assess.describe import totals
from assess.describe.graph import confined, dims, functions, meanings, quantised, skeleton, validity
from assess.describe.graph.buffers import Buffers, UnknownSizeError
from assess.describe.graph.groups import Executed, executed, grouped, unknown_costs
from assess.describe.graph.liveness import peak_bytes
from assess.describe.graph.network import Builder
from assess.describe.graph.parsed import parsed
from assess.describe.graph.tensors import Tensors
from assess.describe.graph.values import Graph, Value
from assess.describe.graph.weights import Weights
from assess.describe.model import Model, ModelFile, Port
from assess.errors import AssessError

_LICENCE_KEYS: Final = frozenset(
    {
        "license",
        "licence",
        "license_name",
        "licence_name",
        "license_id",
        "spdx",
        "spdx_license_identifier",
        "model_license",
    }
)


def describe(path: Path, bound: Mapping[str, int]) -> Model:
    """Describe the model at `path`; its files are named and measured, but their sha256 is left empty.

    Raises:
        AssessError: it cannot be read, or a dimension has no number.
    """
    read = skeleton.read(path)
    tensors = Tensors(path, read)
    model = functions.inlined(_sound(read.data, path), str(path))
    used = dims.bind(model.graph, bound, str(path))
    network = Builder(model, tensors, used).model(model.graph)
    for tensor in functions.every_tensor(model):
        # Also where nothing leads: a runtime opens the files of branches that are never taken and of deep bodies.
        if tensor.data_location == TensorProto.EXTERNAL:
            tensors.check(tensor, f"tensor {tensor.name!r}")
    fed = {info.name for info in dims.true_inputs(model.graph)}
    nodes, ir_version, absent = _count(model.graph), model.ir_version, _newer(model)
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    problems = [*tensors.problems, *network.problems, *validity.problems(model, read.mark)]
    buffers, weights = Buffers(network), Weights(network)
    runs = list(executed(network))
    groups = grouped(runs, weights, buffers)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    licence = next((value for key, value in metadata.items() if _key(key) in _LICENCE_KEYS and value), "")
    weight_bytes = _by_dtype(weights)
    return Model(
        name=path.name,
        sha256="",
        files=_files(path, tensors),
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        licence=licence,
        licence_basis="metadata" if licence else "",
        metadata=metadata,
        ir_version=ir_version,
        opsets=opsets,
        dims=used,
        inputs=tuple(meanings.port(value) for value in network.inputs if value.name in fed),
        outputs=tuple(_output(value) for value in network.outputs),
        nodes=nodes,
        parameters=sum(stored.elements for stored in weights.stored.values()),
        weight_bytes=weight_bytes,
        macs=totals.total_macs(groups),
        unknown=unknown_costs(runs),
        peak_activation_bytes=_peak(network, buffers, absent),
        operators=groups,
        precision=totals.main_precision(groups, weight_bytes),
        quantisation=quantised.quantisation([run.operator for run in runs], groups),
        problems=tuple(dict.fromkeys(problems)),
        absent={**absent, **_branches(runs), **_shapeless(network.outputs)},
    )


def _sound(data: bytes, path: Path) -> ModelProto:
    model = parsed(data, path)
    if not model.HasField("graph"):
        raise AssessError("is not an ONNX model: it holds no graph", where=str(path))
    if not all(isinstance(text, str) for text in _texts(model)):
        raise AssessError("is damaged: a name in it is no text", where=str(path))
    return model


def _texts(model: ModelProto) -> Iterable[object]:
    """What is told of a model as it is written there, names within graphs apart; protobuf gives bytes for no UTF-8."""
    yield from (model.producer_name, model.producer_version)
    for entry in model.metadata_props:
        yield from (entry.key, entry.value)
    yield from (entry.domain for entry in model.opset_import)
    for function in model.functions:
        yield from (function.domain, function.name, function.overload)
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        yield from (dim.dim_param for dim in dims.tensor_of(info.type).shape.dim)
    for tensor in functions.every_tensor(model):
        for entry in tensor.external_data:
            yield from (entry.key, entry.value)


def _files(path: Path, tensors: Tensors) -> tuple[ModelFile, ...]:
    first = ModelFile(path.name, confined.regular_file(path), "")
    return (first, *(ModelFile(name, size, "") for name, size in sorted(tensors.external.items())))


def _by_dtype(weights: Weights) -> dict[str, int]:
    found: dict[str, int] = {}
    for stored in weights.stored.values():
        for dtype, size in stored.by_dtype.items():
            found[dtype] = found.get(dtype, 0) + size
    return dict(sorted(found.items()))


def _output(value: Value) -> Port:
    return Port(value.name, value.dtype, tuple(-1 if dim is None else dim for dim in value.shape or ()))


def _count(graph: GraphProto) -> int:
    return sum(1 + sum(_count(inner) for inner in functions.subgraphs(node)) for node in graph.node)


def _peak(network: Graph, buffers: Buffers, absent: dict[str, str]) -> int | None:
    try:
        return peak_bytes(network, buffers)
    except UnknownSizeError as error:
        absent["peak_activation_bytes"] = str(error)
        return None


def _key(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _newer(model: ModelProto) -> dict[str, str]:
    known = onnx.defs.onnx_opset_version()
    found = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    if found <= known:
        return {}
    return {"operator set": f"version {found} is newer than {known}, the newest that onnx {onnx.__version__} knows"}


def _shapeless(outputs: Iterable[Value]) -> dict[str, str]:
    return {
        f"shape of output {value.name!r}": value.why_unknown or "not even its number of dimensions is known"
        for value in outputs
        if value.shape is None and value.other is None
    }


def _branches(runs: Iterable[Executed]) -> dict[str, str]:
    """Which If operators choose by data, so that what they cost is that of one of two branches."""
    chosen = [run.operator.name for run in runs if run.operator.type == "If" and len(run.operator.bodies) > 1]
    if not chosen:
        return {}
    names = ", ".join(repr(name) for name in chosen[:3]) + (" ..." if len(chosen) > 3 else "")
    return {"branch taken": f"{len(chosen)} If choose by data ({names}); the branch with more MACs is counted"}
