"""Models for the proof of the gate: each of equal blocks, so that a slowdown is made by more blocks of the same kind.

Every block puts out what it was fed (identity matrices, kernels of a single one, residual branches that end in zeros),
so that a model and its slower variants agree to the last bit, and nothing becomes denormal; the runtime computes them
all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

#: The accepted model once more: nothing has changed. The others are named by the percent that they are slower by.
SAME = "same"
VARIANTS = (SAME, "2", "5", "10")

Array = np.ndarray[Any, np.dtype[Any]]
#: Adds nodes and weights to a graph behind a value: (value, unique prefix) -> value.
Block = Callable[["Graph", str, str], str]


class Graph:
    """A graph under construction: one input "x", one output "y" of the same shape."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape, self.nodes, self.weights = list(shape), list[NodeProto](), dict[str, Array]()

    def add(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """A node with one output, which bears its name."""
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def hold(self, name: str, array: Array) -> str:
        """A constant; held anew under the same name it is still one."""
        self.weights[name] = array
        return name

    def model(self, last: str) -> onnx.ModelProto:
        """The model that puts out the value `last`."""
        self.add("Identity", [last], "y")
        ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, self.shape) for name in "xy"]
        held = [numpy_helper.from_array(array, name) for name, array in self.weights.items()]
        graph = helper.make_graph(self.nodes, "network", ports[:1], ports[1:], held)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model and what makes it slower.

    Attributes:
        title: for the table; the time is about that of one core of 2026.
        shape: of input and output.
        blocks: of the accepted model, in order.
        more: for each slower variant the blocks that it has beyond that.
    """

    title: str
    shape: tuple[int, ...]
    blocks: tuple[Block, ...]
    more: Mapping[str, tuple[Block, ...]]

    def build(self, variant: str) -> onnx.ModelProto:
        """A slower variant; of any other name the accepted model."""
        graph = Graph(self.shape)
        value = graph.add("Relu", ["x"], "start")  # From here on no block changes anything, Relu neither.
        for index, block in enumerate([*self.blocks, *self.more.get(variant, ())]):
            value = block(graph, value, f"block{index}")
        return graph.model(value)


def dense(width: int) -> Block:
    """A matrix product with the identity, and Relu."""

    def add(graph: Graph, value: str, prefix: str) -> str:
        weight = graph.hold(f"{prefix}.w", np.eye(width, dtype=np.float32))
        bias = graph.hold(f"{prefix}.b", np.zeros(width, np.float32))
        return graph.add("Relu", [graph.add("Gemm", [value, weight, bias], f"{prefix}.g")], f"{prefix}.r")

    return add


def convolution(channels: int) -> Block:
    """A 3x3 convolution that copies, and Relu."""
    kernel = np.zeros((channels, channels, 3, 3), np.float32)
    kernel[range(channels), range(channels), 1, 1] = 1.0

    def add(graph: Graph, value: str, prefix: str) -> str:
        weight = graph.hold(f"{prefix}.w", kernel)
        return graph.add("Relu", [graph.add("Conv", [value, weight], f"{prefix}.c", pads=[1, 1, 1, 1])], f"{prefix}.r")

    return add


def attention(tokens: int, width: int, heads: int) -> Block:
    """Pre-normalised self-attention around a residual; its last matrix is zero."""

    def add(graph: Graph, value: str, prefix: str) -> str:
        normed = _normed(graph, value, f"{prefix}.n", width)
        apart = graph.hold("apart", np.array([0, tokens, heads, width // heads]))
        together = graph.hold("together", np.array([0, tokens, width]))
        query, key, values = (
            _head(graph, normed, f"{prefix}.{name}", width, apart, order)
            for name, order in (("q", (0, 2, 1, 3)), ("k", (0, 2, 3, 1)), ("v", (0, 2, 1, 3)))
        )
        scores = graph.add("Softmax", [graph.add("MatMul", [query, key], f"{prefix}.s")], f"{prefix}.a", axis=-1)
        mixed = graph.add("MatMul", [scores, values], f"{prefix}.m")
        back = graph.add("Transpose", [mixed], f"{prefix}.b", perm=(0, 2, 1, 3))
        joined = graph.add("Reshape", [back, together], f"{prefix}.j")
        last = graph.hold(f"{prefix}.wo", np.zeros((width, width), np.float32))
        return graph.add("Add", [value, graph.add("MatMul", [joined, last], f"{prefix}.o")], f"{prefix}.r")

    return add


def _head(graph: Graph, value: str, name: str, width: int, apart: str, order: Sequence[int]) -> str:
    product = graph.add("MatMul", [value, _noise(graph, f"{name}.w", width, width)], name)
    return graph.add("Transpose", [graph.add("Reshape", [product, apart], f"{name}.h")], f"{name}.t", perm=order)


def feed_forward(width: int) -> Block:
    """Two pre-normalised layers, four times as wide between, around a residual; the last matrix is zero."""

    def add(graph: Graph, value: str, prefix: str) -> str:
        normed = _normed(graph, value, f"{prefix}.n", width)
        wide = graph.add("MatMul", [normed, _noise(graph, f"{prefix}.w1", width, 4 * width)], f"{prefix}.1")
        active = graph.add("Relu", [wide], f"{prefix}.a")
        last = graph.hold(f"{prefix}.w2", np.zeros((4 * width, width), np.float32))
        return graph.add("Add", [value, graph.add("MatMul", [active, last], f"{prefix}.2")], f"{prefix}.r")

    return add


def _normed(graph: Graph, value: str, name: str, width: int) -> str:
    scale = graph.hold(f"{name}.s", np.ones(width, np.float32))
    return graph.add("LayerNormalization", [value, scale], name, axis=-1)


def _noise(graph: Graph, name: str, rows: int, columns: int) -> str:
    draw = np.random.default_rng(len(graph.weights))
    return graph.hold(name, (draw.standard_normal((rows, columns)) / rows**0.5).astype(np.float32))


def _layers(count: int, tokens: int, width: int, heads: int) -> tuple[Block, ...]:
    return (attention(tokens, width, heads), feed_forward(width)) * count


#: By the name that `--models` takes.
MODELS: Mapping[str, Recipe] = {
    "mlp": Recipe(
        "MLP, 20 us", (1, 64), (dense(64),) * 38,
        {"2": (dense(64),), "5": (dense(64),) * 2, "10": (dense(64),) * 4},
    ),
    "small": Recipe(
        "convolutions, 1.5 ms", (1, 8, 22, 22), (convolution(8),) * 100,
        {"2": (convolution(8),) * 2, "5": (convolution(8),) * 5, "10": (convolution(8),) * 10},
    ),
    "big": Recipe(
        "convolutions, 20 ms", (1, 24, 36, 36), (convolution(24),) * 100,
        {"2": (convolution(24),) * 2, "5": (convolution(24),) * 5, "10": (convolution(24),) * 10},
    ),
    "transformer": Recipe(
        "transformer, 5 ms", (1, 128, 64), _layers(20, 128, 64, 4),
        {"2": (feed_forward(64),), "5": _layers(1, 128, 64, 4), "10": _layers(2, 128, 64, 4)},
    ),
}  # fmt: skip


def write(folder: Path, name: str, variant: str) -> Path:
    """Write a model into a folder if it is not there: "accepted", or a variant of it."""
    path = folder / f"{name}-{variant}.onnx"
    if not path.exists():
        onnx.save(MODELS[name].build(variant), path)
    return path
