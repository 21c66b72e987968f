"""Sound models that hostile ones are made of: both shipped ones, and a small one for each way a graph can be built."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper
from onnx_models import model_of, port, weight

from assess.files import shipped


def _ramp(*shape: int) -> np.ndarray:
    return np.linspace(-1.0, 1.0, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def _shipped(folder: str, dims: dict[str, list[int]]) -> ModelProto:
    model = onnx.load(next((shipped("models") / folder).glob("*.onnx")))
    for info in model.graph.input:
        for axis, number in enumerate(dims.get(info.name, [])):
            info.type.tensor_type.shape.dim[axis].dim_value = number
    return model


def mlp() -> ModelProto:
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], name="first", transB=1, alpha=1.0),
        helper.make_node("Relu", ["h"], ["r"], name="relu"),
        helper.make_node("MatMul", ["r", "w2"], ["m"], name="second"),
        helper.make_node("Softmax", ["m"], ["y"], name="softmax", axis=-1),
    ]
    weights = {"w1": _ramp(24, 12), "b1": _ramp(24), "w2": _ramp(24, 5)}
    return model_of(nodes, {"x": [1, 12]}, [port("y", [1, 5])], weights)


def conv() -> ModelProto:
    """Convolutions, pooling, and the shape arithmetic that exporters leave behind."""
    nodes = [
        helper.make_node("Conv", ["x", "k", "kb"], ["c"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("ConvTranspose", ["p", "t"], ["u"], strides=[2, 2], kernel_shape=[2, 2]),
        helper.make_node("Resize", ["u", "", "scales"], ["z"], mode="nearest"),
        helper.make_node("Pad", ["z", "pads"], ["d"], mode="constant"),
        helper.make_node("AveragePool", ["d"], ["a"], kernel_shape=[2, 2], ceil_mode=1),
        helper.make_node("Shape", ["a"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"], axis=0),
        helper.make_node("Concat", ["n", "rest"], ["to"], axis=0),
        helper.make_node("Reshape", ["a", "to"], ["f"]),
        helper.make_node("Slice", ["f", "starts", "ends", "axes"], ["l"]),
        helper.make_node("Split", ["l"], ["y", "y2"], axis=1, num_outputs=2),
    ]
    weights = {
        "k": _ramp(4, 3, 3, 3), "kb": _ramp(4), "t": _ramp(4, 2, 2, 2),
        "scales": np.array([1, 1, 2, 2], np.float32), "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "zero": np.array([0]),
        "rest": np.array([-1]), "starts": np.array([0]), "ends": np.array([64]), "axes": np.array([1]),
    }  # fmt: skip
    return model_of(nodes, {"x": [1, 3, 16, 16]}, ["y", "y2"], weights, opset=18)


def choice() -> ModelProto:
    def branch(operator: str) -> onnx.GraphProto:
        node = helper.make_node(operator, ["x"], [f"{operator}_out"])
        return helper.make_graph([node], operator, [], [port(f"{operator}_out", [4])])

    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "limit"], ["positive"]),
        helper.make_node("If", ["positive"], ["y"], then_branch=branch("Exp"), else_branch=branch("Neg")),
    ]
    return model_of(nodes, {"x": [4]}, [port("y", [4])], {"limit": np.float32(0.5)})


def loop() -> ModelProto:
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("Add", ["v", "step"], ["v2"]),
            helper.make_node("Identity", ["v2"], ["collected"]),
        ],
        "body",
        [port("i", [], "int64"), port("go", [], "bool"), port("v", [3])],
        [port("on", [], "bool"), port("v2", [3]), port("collected", [3])],
        [weight("step", np.ones(3, np.float32))],
    )
    nodes = [helper.make_node("Loop", ["trips", "yes", "x"], ["y", "all"], body=body)]
    return model_of(nodes, {"x": [3]}, ["y", "all"], {"trips": np.array(5), "yes": np.array(True)})


def scan() -> ModelProto:
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "part"], ["next"]), helper.make_node("Tanh", ["next"], ["out"])],
        "body",
        [port("state", [2]), port("part", [2])],
        [port("next", [2]), port("out", [2])],
    )
    nodes = [helper.make_node("Scan", ["s", "x"], ["end", "y"], body=body, num_scan_inputs=1, scan_input_axes=[0])]
    return model_of(nodes, {"s": [2], "x": [6, 2]}, ["end", "y"])


def functions() -> ModelProto:
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    inner = helper.make_function(
        "f", "Leaky", ["a"], ["b"],
        [helper.make_node("LeakyRelu", ["a"], ["b"], alpha=0.1)], imports,
    )  # fmt: skip
    outer = helper.make_function(
        "f", "Block", ["a", "w"], ["b"],
        [helper.make_node("MatMul", ["a", "w"], ["m"]), helper.make_node("Leaky", ["m"], ["b"], domain="f")], imports,
    )  # fmt: skip
    nodes = [
        helper.make_node("Block", ["x", "w"], ["h"], domain="f"),
        helper.make_node("Block", ["h", "w"], ["y"], domain="f"),
    ]
    weights = {"w": _ramp(4, 4)}
    return model_of(nodes, {"x": [1, 4]}, [port("y", [1, 4])], weights, functions=[outer, inner], domains=["f"])


def quantised() -> ModelProto:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "zp"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "zp"], ["xd"]),
        helper.make_node("DequantizeLinear", ["wq", "s", "wz"], ["wd"]),
        helper.make_node("MatMul", ["xd", "wd"], ["m"]),
        helper.make_node("QLinearMatMul", ["xq", "s", "zp", "wq", "s", "wz", "s", "zp"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "zp"], ["qd"]),
        helper.make_node("Add", ["m", "qd"], ["y"]),
    ]
    weights = {
        "s": np.float32(0.1), "zp": np.uint8(128), "wz": np.int8(0),
        "wq": np.arange(-32, 32, dtype=np.int8).reshape(8, 8),
    }  # fmt: skip
    return model_of(nodes, {"x": [2, 8]}, [port("y", [2, 8])], weights)


def recurrent() -> ModelProto:
    nodes = [
        helper.make_node("LSTM", ["x", "w", "r"], ["o", "h"], hidden_size=4),
        helper.make_node("Squeeze", ["h", "axis"], ["g"]),
        helper.make_node("LayerNormalization", ["g", "scale"], ["n"], axis=-1),
        helper.make_node("TopK", ["n", "k"], ["v", "i"]),
        helper.make_node("Einsum", ["v", "v"], ["y"], equation="ij,kj->ik"),
    ]
    weights = {
        "w": _ramp(1, 16, 3), "r": _ramp(1, 16, 4), "axis": np.array([0]), "scale": np.ones(4, np.float32),
        "k": np.array([2]),
    }  # fmt: skip
    return model_of(nodes, {"x": [5, 1, 3]}, [port("y", [1, 1])], weights)


def containers() -> ModelProto:
    nodes = [
        helper.make_node("SplitToSequence", ["x"], ["seq"], axis=0),
        helper.make_node("SequenceAt", ["seq", "at"], ["first"]),
        helper.make_node("Optional", ["first"], ["maybe"]),
        helper.make_node("OptionalGetElement", ["maybe"], ["got"]),
        helper.make_node("SequenceInsert", ["seq", "got"], ["longer"]),
        helper.make_node("ConcatFromSequence", ["longer"], ["y"], axis=0),
    ]
    return model_of(nodes, {"x": [3, 2]}, [port("y", [4, 2])], {"at": np.array(0)}, opset=18)


def contrib() -> ModelProto:
    """Operators of ONNX Runtime's own, whose shapes are told by rules of ours."""
    nodes = [
        helper.make_node("FusedMatMul", ["x", "w"], ["m"], domain="com.microsoft", transB=1, alpha=0.5),
        helper.make_node("Gelu", ["m"], ["g"], domain="com.microsoft"),
        helper.make_node(
            "MatMulNBits", ["g", "b", "bs"], ["n"], domain="com.microsoft", K=16, N=8, bits=4, block_size=16
        ),
        helper.make_node(
            "Attention", ["x", "aw", "ab"], ["a"], domain="com.microsoft", num_heads=2
        ),
        helper.make_node("SkipLayerNormalization", ["x", "a", "gamma"], ["y"], domain="com.microsoft"),
    ]  # fmt: skip
    weights = {
        "w": _ramp(16, 16), "b": np.zeros((8, 1, 8), np.uint8), "bs": _ramp(8), "aw": _ramp(16, 48),
        "ab": _ramp(48), "gamma": _ramp(16),
    }  # fmt: skip
    return model_of(nodes, {"x": [1, 3, 16]}, ["y", "n"], weights)


def external() -> ModelProto:
    """Its weight lies in `weights.bin` beside it, 64 bytes."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=[16])
    for key, value in (("location", "weights.bin"), ("offset", "0"), ("length", "64")):
        tensor.external_data.add(key=key, value=value)
    return model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [16]}, [port("y", [16])], {"w": tensor})


def sparse() -> ModelProto:
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 6]}, [port("y", [1, 6])])
    entry = model.graph.sparse_initializer.add(dims=[6, 6])
    entry.values.CopyFrom(weight("w", np.ones(3, np.float32)))
    entry.indices.CopyFrom(weight("w_indices", np.array([1, 8, 20])))
    return model


@cache
def seeds() -> dict[str, bytes]:
    """Every seed by name, serialised; the same bytes each time."""
    built = {
        "ppocr": _shipped("ppocr-text-direction", {"x": [1, 3, 48, 192]}),
        "reachy": _shipped("reachy-mini-inverse-kinematics", {}),
    }
    for make in (
        mlp, conv, choice, loop, scan, functions, quantised, recurrent, containers, contrib, external, sparse,
    ):  # fmt: skip
        built[make.__name__] = make()
    return {name: model.SerializeToString(deterministic=True) for name, model in built.items()}


def parsed(name: str) -> ModelProto:
    """A seed as a message, to be changed."""
    return ModelProto.FromString(seeds()[name])


def write(folder: Path, data: bytes) -> None:
    """A model and the external data that some seeds need."""
    (folder / "model.onnx").write_bytes(data)
    (folder / "weights.bin").write_bytes(bytes(64))
