"""What a calibration runs: small models of one operator each, and how much work one inference of them is.

Imported by the worker: the standard library only. Every model but the chain ends in a Slice of one number: an output of
full size would be carried back from a device with memory of its own, and that would be timed too.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from assess.measure.onnx_bytes import model, node, port, tensor

PRODUCT: Final = "matrix product"
CONVOLUTION: Final = "convolution"
DEPTHWISE: Final = "depthwise convolution"
STREAM: Final = "memory bandwidth"
DISPATCH: Final = "dispatch"

#: Edges of square matrices: the smallest fits into a core's cache, the largest into no core's.
_EDGES: Final = (256, 512, 1024, 2048)
#: Accelerators reach their peak later; on a CPU these would take the time of everything else.
_LARGE_EDGES: Final = (4096, 8192)
#: Channels and edge of the image: the stages of a ResNet, whose 3x3 convolutions are the usual ones, and two of a
#: larger image.
_IMAGES: Final = ((256, 14), (128, 28), (64, 56), (64, 112), (256, 56))
#: Convolutions in a row, so that a change of layout before the first and after the last weighs little, as in a network.
DEPTH: Final = 8
_KERNEL: Final = 3
#: Operators in a chain.
_CHAINS: Final = (1, 50, 200, 1000)
#: Length of the vector that a matrix is multiplied with; so short that it stays in the cache.
_VECTOR: Final = 1024

_BYTES: Final = {"float32": 4, "float16": 2, "bfloat16": 2, "uint8": 1, "int8": 1}
#: Element types of activations and weights, by precision; the next is tried where the first does not run. Kernels for
#: x86 multiply uint8 by int8 in one instruction (VPDPBUSD), accelerators int8 by int8.
_TYPES: Final = {
    "fp32": (("float32", "float32"),),
    "fp16": (("float16", "float16"),),
    "bf16": (("bfloat16", "bfloat16"),),
    "int8": (("uint8", "int8"), ("int8", "int8")),
}
PRECISIONS: Final = tuple(_TYPES)

#: A quantised activation: real = 0.02 * (stored - zero point).
_SCALE: Final = 0.02
#: Root mean square of whole numbers drawn from -127 to 127.
_DRAWN: Final = 73.0


class Tensor(NamedTuple):
    """An input or the weights of a model."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def stored_bytes(self) -> int:
        """What it takes."""
        return math.prod(self.shape) * _BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class Task:
    """A model to be timed.

    Attributes:
        what: it computes, for people.
        operator: that does the work.
        work: of one inference: operations (a multiply-accumulate is two), bytes, or operators that are dispatched.
        fed: inputs.
        weights: what is drawn at random and is part of the model; None: nothing.
        amplitude: floating-point weights are drawn from minus to plus this.
        write: the model, given the bytes of the weights.
    """

    what: str
    operator: str
    work: int
    fed: tuple[Tensor, ...]
    weights: Tensor | None
    amplitude: float
    write: Callable[[bytes], bytes]

    @property
    def needed_bytes(self) -> int:
        """About what it takes to run: the weights as drawn, in the model twice, packed for the kernel; inputs, and
        outputs as large, of up to four times the type.
        """
        fed = sum(each.stored_bytes for each in self.fed)
        return 2 * fed if self.weights is None else 4 * (self.weights.stored_bytes + fed)


def tasks(kind: str, precision: str, *, large: bool) -> list[list[Task]]:
    """The models that tell the operations per second of a kind in a precision, the least work first.

    Args:
        kind: `PRODUCT`, `CONVOLUTION` or `DEPTHWISE`.
        precision: one of `PRECISIONS`.
        large: whether matrices for accelerators are among them.

    Returns:
        A list for each pair of element types that stands for the precision; the later ones are for where the first
        does not run.
    """
    edges = _EDGES + (_LARGE_EDGES if large else ())
    found = []
    for activations, weights in _TYPES[precision]:
        if kind == PRODUCT:
            each = [_product(edge, activations, weights) for edge in edges]
        else:
            each = [_convolution(*image, activations, weights, depthwise=kind == DEPTHWISE) for image in _IMAGES]
        found.append(sorted(each, key=lambda task: task.work))
    return found


def product_operations(rows: int, inner: int, columns: int) -> int:
    """Of a matrix product; one multiply-accumulate is two."""
    return 2 * rows * inner * columns


def convolution_operations(channels: int, edge: int, groups: int) -> int:
    """Of a 3x3 convolution that keeps channels and size, padding counted as if it were multiplied too."""
    return 2 * _KERNEL**2 * channels * (channels // groups) * edge**2


def _product(edge: int, activations: str, weights: str) -> Task:
    whole = activations in ("uint8", "int8")
    operator, output = ("MatMulInteger", "int32") if whole else ("MatMul", activations)
    x, w = Tensor("x", activations, (edge, edge)), Tensor("w", weights, (edge, edge))

    def write(raw: bytes) -> bytes:
        nodes = [node(operator, ["x", "w"], "y")]
        return _sliced("product", nodes, (x,), output, 2, [tensor(*w, raw)])

    words = f"{edge} x {edge} by {edge} x {edge}, {_typed(activations, weights)}"
    return Task(words, operator, product_operations(edge, edge, edge), (x,), w, edge**-0.5, write)


def _convolution(channels: int, edge: int, activations: str, weights: str, *, depthwise: bool) -> Task:
    groups = channels if depthwise else 1
    whole = activations in ("uint8", "int8")
    operator = "QLinearConv" if whole else "Conv"
    fan_in = _KERNEL**2 * channels // groups
    x = Tensor("x", activations, (1, channels, edge, edge))
    w = Tensor("w", weights, (channels, channels // groups, _KERNEL, _KERNEL))

    def write(raw: bytes) -> bytes:
        initializers = [tensor(*w, raw)]
        if whole:
            initializers += _quantisation(activations, weights, fan_in)
        nodes = [_conv_node(operator, index, groups) for index in range(DEPTH)]
        # Convolution in bfloat16 is part of ONNX from opset 22 on.
        versions = {"ir": 10, "opset": 22} if activations == "bfloat16" else {}
        return _sliced("convolution", nodes, (x,), activations, 4, initializers, **versions)

    words = (
        f"{DEPTH} of 3 x 3, {channels} to {channels} channels{', depthwise' if depthwise else ''}, "
        f"{edge} x {edge}, {_typed(activations, weights)}"
    )
    # So drawn, activations stay as large as they were: neither infinities nor denormal numbers come up.
    amplitude = math.sqrt(3 / fan_in)
    work = DEPTH * convolution_operations(channels, edge, groups)
    return Task(words, operator, work, (x,), w, amplitude, write)


def _conv_node(operator: str, index: int, groups: int) -> bytes:
    read, written = f"a{index}" if index else "x", "y" if index == DEPTH - 1 else f"a{index + 1}"
    inputs = [read, "w"] if operator == "Conv" else [read, "xs", "xz", "w", "ws", "wz", "xs", "xz"]
    return node(operator, inputs, written, group=groups, kernel_shape=[_KERNEL] * 2, pads=[_KERNEL // 2] * 4)


def _quantisation(activations: str, weights: str, fan_in: int) -> list[bytes]:
    """Scales and zero points, such that outputs are as large as inputs."""
    middle = 128 if activations == "uint8" else 0
    return [
        tensor("xs", "float32", (), struct.pack("<f", _SCALE)),
        tensor("xz", activations, (), bytes([middle])),
        tensor("ws", "float32", (), struct.pack("<f", 1 / (_DRAWN * math.sqrt(fan_in)))),
        tensor("wz", weights, (), b"\0"),
    ]


def streams(working_set_bytes: int) -> Iterator[Task]:
    """Models that do next to nothing with each of many bytes, so many that they come from memory.

    What is counted is read and written by the operator; that a cache may read a line before it is overwritten is not.
    """
    for operator, ports in (("Add", "xw"), ("Neg", "x")):
        arrays = len(ports) + 1
        count = working_set_bytes // (4 * arrays)
        fed = tuple(Tensor(name, "float32", (count,)) for name in ports)
        words = f"{operator} of {count} float32: {len(ports)} read and 1 written"
        yield Task(words, operator, 4 * arrays * count, fed, None, 0.0, _plain(operator, fed, 1))
    columns = working_set_bytes // (4 * _VECTOR)
    fed = (Tensor("w", "float32", (_VECTOR, columns)), Tensor("x", "float32", (1, _VECTOR)))
    words = f"MatMul of a vector by {_VECTOR} x {columns} float32: read"
    work = 4 * (_VECTOR * columns + _VECTOR + columns)
    yield Task(words, "MatMul", work, fed, None, 0.0, _plain("MatMul", fed, 2, ("x", "w")))


def _plain(operator: str, fed: tuple[Tensor, ...], rank: int, order: tuple[str, ...] = ()) -> Callable[[bytes], bytes]:
    nodes = [node(operator, order or [each.name for each in fed], "y")]
    return lambda _: _sliced("stream", nodes, fed, "float32", rank, [])


def chains() -> Iterator[Task]:
    """Chains of an operator on one number: the least that there is to do; to be run without optimisation."""
    for count in _CHAINS:
        names = ["x", *(f"a{index}" for index in range(1, count)), "z"]
        nodes = [node("Neg", [names[index]], names[index + 1]) for index in range(count)]
        written = model("chain", nodes, [port("x", "float32", [1])], [port("z", "float32", [1])])
        fed = (Tensor("x", "float32", (1,)),)
        yield Task(f"{count} of Neg on one float32", "Neg", count, fed, None, 0.0, partial(_written, written))


def _written(model_bytes: bytes, _: bytes) -> bytes:
    """What needs no weights."""
    return model_bytes


def _sliced(
    name: str,
    nodes: list[bytes],
    fed: tuple[Tensor, ...],
    dtype: str,
    rank: int,
    initializers: list[bytes],
    **versions: int,
) -> bytes:
    """A model of which only the first number of `y` is put out."""
    return model(
        name,
        [*nodes, node("Slice", ["y", "first", "after"], "z")],
        [port(*each) for each in fed],
        [port("z", dtype, [1] * rank)],
        [*initializers, _whole_numbers("first", [0] * rank), _whole_numbers("after", [1] * rank)],
        **versions,
    )


def _whole_numbers(name: str, values: list[int]) -> bytes:
    return tensor(name, "int64", (len(values),), struct.pack(f"<{len(values)}q", *values))


def _typed(activations: str, weights: str) -> str:
    return activations if activations == weights else f"{activations} by {weights}"


def drawn(what: Tensor, amplitude: float, seed: int = 0) -> Any:
    """An array of random numbers, always the same; bfloat16 as its raw bits."""
    import numpy

    random = numpy.random.default_rng(seed)
    if what.dtype == "int8":
        return random.integers(-127, 128, what.shape, numpy.int8)
    if what.dtype == "uint8":
        return random.integers(0, 256, what.shape, numpy.uint8)
    values = (random.random(what.shape, numpy.float32) * 2 - 1) * numpy.float32(amplitude)
    if what.dtype == "bfloat16":  # The upper half of a float32.
        return (values.view(numpy.uint32) >> 16).astype(numpy.uint16)
    return values.astype(what.dtype)
