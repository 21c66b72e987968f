"""Networks of known cost for the other scripts: they are made to take a given time on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IDENTITY = "identity"
#: Four layers, as a control policy has; its weights stay in a cache of the second level.
MLP = "MLP, 20 us"
#: As long, by dozens of small operators: what each operator costs around its arithmetic shows here.
DEEP_MLP = "MLP of many layers, 20 us"
CONVOLUTIONS = "convolutions, 3 ms"


class Network(NamedTuple):
    """A model file with input "x" and output "y" of one shape, and an array to feed.

    Attributes:
        name: for the tables.
        path: of the model.
        array: of the input, as `.npy`.
        shape: of both ports.
    """

    name: str
    path: Path
    array: Path
    shape: tuple[int, ...]


def identity() -> onnx.ModelProto:
    """Four numbers copied: all that is timed is the way to the runtime and back."""
    return _model([helper.make_node("Identity", ["x"], ["y"])], [1, 4], [])


def dense(layers: int, width: int) -> onnx.ModelProto:
    """Matrix products with a Relu after each: a small one is all call overhead."""
    rng = np.random.default_rng(0)
    weights = [(rng.standard_normal((width, width)) / width**0.5).astype(np.float32) for _ in range(layers)]
    nodes, last = [], "x"
    for index in range(layers):
        out = "y" if index == layers - 1 else f"r{index}"
        nodes.append(helper.make_node("MatMul", [last, f"w{index}"], [f"m{index}"]))
        nodes.append(helper.make_node("Relu", [f"m{index}"], [out]))
        last = out
    return _model(nodes, [1, width], weights)


def convolutions(size: int, channels: int = 32, layers: int = 2) -> onnx.ModelProto:
    """3x3 convolutions over a picture: all arithmetic."""
    rng = np.random.default_rng(0)
    shape = (channels, channels, 3, 3)
    weights = [(rng.standard_normal(shape) / 17).astype(np.float32) for _ in range(layers)]
    names = ["x", *(f"c{index}" for index in range(1, layers)), "y"]
    nodes = [
        helper.make_node("Conv", [names[index], f"w{index}"], [names[index + 1]], pads=[1, 1, 1, 1])
        for index in range(layers)
    ]
    return _model(nodes, [1, channels, size, size], weights)


def networks(folder: Path, time_ns: Callable[[Network], float]) -> list[Network]:
    """Networks of about the time that their names say, by what `time_ns` says of trials on this machine."""
    width, layers, size = 192, 32, 96
    width = round(width * (20e3 / time_ns(save(folder, "trial 1", dense(4, width)))) ** 0.5 / 8) * 8
    layers = max(1, round(layers * 20e3 / time_ns(save(folder, "trial 2", dense(layers, 64)))))
    size = round(size * (3e6 / time_ns(save(folder, "trial 3", convolutions(size)))) ** 0.5)
    return [
        save(folder, IDENTITY, identity()),
        save(folder, MLP, dense(4, width)),
        save(folder, DEEP_MLP, dense(layers, 64)),
        save(folder, CONVOLUTIONS, convolutions(size)),
    ]


def save(folder: Path, name: str, model: onnx.ModelProto) -> Network:
    """Write a model, and noise to feed."""
    stem = "".join(letter if letter.isalnum() else "-" for letter in name)
    path, array = folder / f"{stem}.onnx", folder / f"{stem}.npy"
    onnx.save(model, path)
    shape = tuple(dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim)
    np.save(array, np.random.default_rng(1).standard_normal(shape).astype(np.float32))
    return Network(name, path, array, shape)


def _model(
    nodes: list[onnx.NodeProto], shape: list[int], weights: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]
) -> onnx.ModelProto:
    held = [numpy_helper.from_array(array, f"w{index}") for index, array in enumerate(weights)]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    graph = helper.make_graph(nodes, "network", ports[:1], ports[1:], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
