"""Write copies of a model that do more work and say the same; runs in the process that reads untrusted models.

The work is a chain of Max(x, x): the larger of a float and itself is that float to the last bit, NaN and -0 too, and no
optimiser of ONNX Runtime removes it (1.22.1 and 1.32.0 were tried, at every level). It goes where no fusion can be
broken: behind an output of the graph, or before its first operators. For more work than some nodes do on a small
tensor, they do it on copies of the tensor, of which one is taken in the end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from google.protobuf.message import EncodeError  # type: ignore[import-untyped]
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from assess.describe.graph import confined, dims, functions, skeleton
from assess.describe.graph.injected import MOST_ELEMENTS, Injected, Place, Work, node_s, to_answer, work_for
from assess.describe.graph.network import Builder
from assess.describe.graph.parsed import parsed
from assess.describe.graph.tensors import Tensors
from assess.describe.graph.values import Graph, Value
from assess.errors import AssessError

#: Element types of Max, and the operator set since which ONNX Runtime computes it without a conversion.
_TYPES: Final = {"float32": 1, "float64": 1, "float16": 12}
#: Since when Expand is there.
_EXPAND: Final = 8
#: A model of other domains alone gets this operator set: one that every runtime in use has.
_OPSET: Final = 13
#: Fusions end with them; behind others an added node may keep a runtime from joining two operators.
_ENDS: Final = frozenset(
    {
        "Relu", "Sigmoid", "Tanh", "Softmax", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean",
        "ReduceMax", "Concat", "Cast", "Resize",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """A tensor of floats whose shape is known.

    Attributes:
        name: as in the file.
        place: where it is.
        rank: number of its dimensions.
        elements: how many it has.
        safe: no fusion is broken by what is put behind it.
    """

    name: str
    place: Place
    rank: int
    elements: int
    safe: bool = True


def answer(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write the copies that a request asks for, and tell what was added.

    Raises:
        AssessError: as `injected.inject` has it.
    """
    path, folder, added = Path(request["path"]), Path(request["folder"]), request["added_s"]
    read = skeleton.read(path)
    slim = parsed(read.data, path)
    tensors = Tensors(path, read)
    version = _version(slim)
    site = choose(_sites(slim, tensors, path, request["dims"], version), min(added), path)
    data = path.read_bytes()
    full, free = parsed(data, path), _free_prefix(data)
    del data
    _bring_along(full, tensors, folder)
    told = []
    for index, added_s in enumerate(added):
        work = work_for(added_s, site.elements, may_copy=version >= _EXPAND)
        target = folder / f"{free}{index}.onnx"
        _write(_with_work(full, site, work, free), target)
        told.append(to_answer(Injected(target, site.name, site.place, site.elements, work)))
    return told


def choose(sites: Iterable[Site], least_s: float, path: Path) -> Site:
    """The tensor to work on: the smallest at a place where nothing else changes, if one node there is not too much.

    Args:
        sites: that there are.
        least_s: seconds that are to be added, at least.
        path: of the model, for messages.

    Raises:
        AssessError: there are none.
    """
    found = sorted(
        sites,
        key=lambda site: (site.place == "inside", not site.safe, site.place == "input", site.elements, site.name),
    )
    if not found:
        raise AssessError(
            "has no tensor of floats of known shape that depends on its inputs: no work can be added to it",
            where=str(path), hint="test the gate with another model, one in float32",
        )  # fmt: skip
    fine = [site for site in found if node_s(site.elements) <= least_s]
    return fine[0] if fine else min(found, key=lambda site: (site.elements, not site.safe))


def _sites(slim: ModelProto, tensors: Tensors, path: Path, bound: Mapping[str, int], version: int) -> Iterator[Site]:
    """Tensors that can be worked on; shapes are inferred as they are to describe the model."""
    made = {name for node in slim.graph.node for name in node.output if name}
    read = {name for node in slim.graph.node for name in node.input}
    whole = functions.inlined(slim, str(path))
    network = Builder(whole, tensors, dims.bind(whole.graph, bound, str(path))).model(whole.graph)
    outputs = {value.name for value in network.outputs}
    for value, place in _values(network):
        elements = value.elements
        # What is known before it is run is folded away when the model is loaded.
        if value.fixed or value.known is not None or elements is None or not 0 < elements <= MOST_ELEMENTS:
            continue
        if version < _TYPES.get(value.dtype, version + 1) or value.shape is None:
            continue
        if value.name in (read - outputs if place == "input" else made):
            where: Place = "output" if value.name in outputs else place
            yield Site(value.name, where, len(value.shape), elements, _is_safe(value, where))


def _is_safe(value: Value, place: Place) -> bool:
    """Whether no fusion is broken behind it: one that ends in an output joins a DequantizeLinear to what is before."""
    maker = value.producer.type if value.producer is not None else ""
    return maker in _ENDS if place == "inside" else maker != "DequantizeLinear"


def _values(network: Graph) -> Iterator[tuple[Value, Place]]:
    for value in network.inputs:
        yield value, "input"
    for operator in network.operators:
        for output in operator.outputs:
            if output is not None:
                yield output, "inside"


def _version(model: ModelProto) -> int:
    return max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=_OPSET)


def _with_work(model: ModelProto, site: Site, work: Work, free: str) -> ModelProto:
    """A copy with the work in it; names that begin with `free` are free."""
    copy = ModelProto()
    copy.CopyFrom(model)
    if not any(entry.domain in ("", "ai.onnx") for entry in copy.opset_import):
        copy.opset_import.append(helper.make_opsetid("", _OPSET))
    nodes = list(copy.graph.node)
    if site.place == "input":
        added = _chain(site, work, source=site.name, result=f"{free}done", free=free)
        for node in nodes:  # A body that reads it, reads what is the same.
            node.input[:] = [f"{free}done" if name == site.name else name for name in node.input]
        position = 0
    else:
        position = next(index for index, node in enumerate(nodes) if site.name in node.output)
        # Whoever reads it, bodies too, reads the end of the chain from now on.
        nodes[position].output[:] = [f"{free}first" if name == site.name else name for name in nodes[position].output]
        added = _chain(site, work, source=f"{free}first", result=site.name, free=free)
        position += 1
    del copy.graph.node[:]
    copy.graph.node.extend([*nodes[:position], *added, *nodes[position:]])
    return copy


def _free_prefix(data: bytes) -> str:
    """What nothing named in the model's bytes begins with: neither tensors nor its files, which stay as they are."""
    number = 0
    while f"self-test-{number}-".encode() in data:
        number += 1
    return f"self-test-{number}-"


def _chain(site: Site, work: Work, *, source: str, result: str, free: str) -> Iterator[NodeProto]:
    if work.copies > 1:
        shape = np.array([work.copies, *[1] * site.rank], np.int64)
        yield _constant(f"{free}shape", shape)
        yield helper.make_node("Expand", [source, f"{free}shape"], [f"{free}copies"], name=f"{free}Expand")
        source = f"{free}copies"
    for index in range(work.nodes):
        last = index == work.nodes - 1
        target = (result if work.copies == 1 else f"{free}worked") if last else f"{free}{index}"
        yield helper.make_node("Max", [source, source], [target], name=f"{free}Max_{index}")
        source = target
    if work.copies > 1:
        yield _constant(f"{free}one", np.array(0, np.int64))
        yield helper.make_node("Gather", [source, f"{free}one"], [result], name=f"{free}Gather", axis=0)


def _constant(name: str, value: Any) -> NodeProto:
    # No initializer: those are inputs as well in models of an old IR version.
    return helper.make_node("Constant", [], [name], name=f"{name}=", value=numpy_helper.from_array(value))


def _bring_along(model: ModelProto, tensors: Tensors, folder: Path) -> None:
    """Put the files of external data beside the copies; each was found to be in the model's folder."""
    for tensor in functions.every_tensor(model):
        if tensor.data_location == TensorProto.EXTERNAL:
            tensors.check(tensor, f"tensor {tensor.name!r}")
    for location in tensors.external:
        target = folder / location
        if target.exists():
            continue
        with confined.open_beside(tensors.path, location, "the model") as file:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with suppress(OSError):  # Another file system, or one without such links: then it is copied.
                    os.link((tensors.path.parent / location).resolve(strict=True), target)
                    continue
                with target.open("xb") as copy:
                    shutil.copyfileobj(file, copy, 1 << 20)
            except OSError as error:
                raise _unwritable(target, error.strerror or str(error)) from error


def _write(model: ModelProto, target: Path) -> None:
    try:
        data = model.SerializeToString()
        with target.open("xb") as file:
            file.write(data)
    except (ValueError, EncodeError) as error:  # As protobuf says that a message has more than two gigabytes.
        raise AssessError("is too large for one more file of it to be written", where=str(target)) from error
    except OSError as error:
        raise _unwritable(target, error.strerror or str(error)) from error


def _unwritable(target: Path, why: str) -> AssessError:
    return AssessError(f"cannot be written: {why}", where=str(target), hint="set TMPDIR to a folder with more room")
