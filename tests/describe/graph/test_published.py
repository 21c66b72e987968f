"""Known networks come out with their published numbers of MACs and parameters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, helper
from onnx_models import model_of

from assess.describe.graph import facts
from assess.describe.model import Model

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


@pytest.mark.parametrize(
    ("name", "macs", "parameters", "published"),
    [
        # Parameters include the means and variances of batch normalisation, which the published ones leave out.
        ("resnet50", 4_089_184_256, 25_557_032 + 2 * 26_560, "4.1 G, 25.6 M"),
        ("vgg19", 19_632_062_464, 143_667_240, "19.6 G, 143.7 M"),
        ("squeezenet", 349_151_936, 1_235_496, "0.35 G, 1.24 M"),
        ("densenet121", 2_834_161_664, 7_978_856 + 2 * 83_648, "2.8 G, 8.0 M"),
        ("bvlc_alexnet", 654_560_384, 60_965_224, "0.65 G in two groups, 61 M"),
        ("inception_v1", 1_431_556_352, 6_998_552, "1.4 G, 7.0 M"),
        ("inception_v2", 2_018_851_840, 11_234_792, "2.0 G, 11.2 M"),
        ("shufflenet", 124_664_528, 1_420_152, "0.14 G, 1.4 M"),
        ("zfnet512", 1_481_727_008, 87_250_536, "1.5 G, 87 M"),
    ],
)
def test_a_published_network_has_its_published_numbers(name: str, macs: int, parameters: int, published: str) -> None:
    model = facts.describe(LIGHT / f"light_{name}.onnx", {})
    assert (model.macs, model.parameters) == (macs, parameters), published
    assert (model.unknown, model.problems, dict(model.absent)) == ((), (), {})
    assert model.peak_activation_bytes is not None
    assert [port.meaning for port in model.inputs] == ["image"]


def test_resnet50_peaks_where_its_first_block_begins() -> None:
    # Output of the first pooling (64 x 56 x 56) and two of 256 x 56 x 56, or the first convolution's output, its
    # normalised form and nothing else: 64 x 112 x 112 twice. The larger, in floats of 4 bytes:
    model = facts.describe(LIGHT / "light_resnet50.onnx", {})
    assert model.peak_activation_bytes == 4 * max(3 * 256 * 56 * 56, 2 * 64 * 112 * 112)


#: expansion, channels, repeats, stride: table 2 of Sandler et al., MobileNetV2, 2018.
MOBILENET_V2 = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
]  # fmt: skip


class Net:
    """Collects nodes and weights of a network whose values are numbered."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: dict[str, Any] = {}

    def add(self, name: str, inputs: list[str], **attributes: Any) -> str:
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(name, inputs, [output], **attributes))
        return output

    def weight(self, *shape: int) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.zeros(shape, np.float32)
        return name

    def convolve(self, x: str, size: int, out: int, k: int, stride: int = 1, group: int = 1, relu: bool = True) -> str:
        """Convolution, batch normalisation and, if asked for, ReLU6."""
        x = self.add(
            "Conv", [x, self.weight(out, size // group, k, k)], group=group, strides=[stride] * 2, pads=[k // 2] * 4
        )
        x = self.add("BatchNormalization", [x, *(self.weight(out) for _ in range(4))])
        return self.add("Clip", [x, "zero", "six"]) if relu else x


def test_mobilenet_v2_has_0_30_gmacs_and_3_5_million_parameters(describe_here: Callable[..., Model]) -> None:
    net = Net()
    net.weights = {"zero": np.array(0, np.float32), "six": np.array(6, np.float32)}
    x, size = net.convolve("image", 3, 32, 3, 2), 32
    for expansion, out, repeats, first_stride in MOBILENET_V2:
        for repeat in range(repeats):
            stride, hidden, before = first_stride if repeat == 0 else 1, size * expansion, x
            x = net.convolve(x, size, hidden, 1) if expansion > 1 else x
            x = net.convolve(x, hidden, hidden, 3, stride, group=hidden)
            x = net.convolve(x, hidden, out, 1, relu=False)
            x = net.add("Add", [x, before]) if stride == 1 and size == out else x
            size = out
    x = net.add("Flatten", [net.add("GlobalAveragePool", [net.convolve(x, 320, 1280, 1)])])
    x = net.add("Gemm", [x, net.weight(1280, 1000), net.weight(1000)])
    model = describe_here(
        model_of(net.nodes, {"image": (["batch", 3, 224, 224], "float32")}, [x], net.weights), batch=1
    )
    assert model.macs == 300_774_272  # 0.30 G
    assert model.parameters == 3_504_872 + 2 * 17_056  # 3.5 M, and means and variances
    assert model.unknown == ()
    assert {group.kind for group in model.operators if group.macs} == {"convolution", "depthwise", "matmul"}


LAYERS, HIDDEN, FFN, HEADS, VOCABULARY, POSITIONS = 6, 384, 1536, 12, 30522, 512


def bert() -> onnx.ModelProto:
    """A sentence encoder as PyTorch exports it: shapes read from the input, heads split by Reshape and Transpose."""
    net = Net()
    i64 = lambda *numbers: np.array(numbers, np.int64)  # noqa: E731
    net.weights |= {"zero": i64(0)[0], "one": i64(1)[0], "axis": i64(0), "three": i64(3), "heads": i64(HEADS)}
    net.weights |= {"size": i64(HIDDEN // HEADS), "hidden": i64(HIDDEN), "root": np.array(32**0.5, np.float32)}
    shape = net.add("Shape", ["input_ids"])
    batch = net.add("Unsqueeze", [net.add("Gather", [shape, "zero"]), "axis"])
    steps = net.add("Gather", [shape, "one"])
    ids = net.add("Gather", [net.weight(VOCABULARY, HIDDEN), "input_ids"])
    types = net.add("Gather", [net.weight(2, HIDDEN), "token_type_ids"])
    places = net.add("Gather", [net.weight(POSITIONS, HIDDEN), net.add("Range", ["zero", steps, "one"])])
    x = net.add("Add", [net.add("Add", [ids, types]), places])
    x = net.add("LayerNormalization", [x, net.weight(HIDDEN), net.weight(HIDDEN)])
    split = net.add("Concat", [batch, net.add("Unsqueeze", [steps, "axis"]), "heads", "size"], axis=0)
    joined = net.add("Concat", [batch, net.add("Unsqueeze", [steps, "axis"]), "hidden"], axis=0)

    def dense(x: str, size: int, out: int) -> str:
        return net.add("Add", [net.add("MatMul", [x, net.weight(size, out)]), net.weight(out)])

    for _ in range(LAYERS):
        q, k, v = (net.add("Reshape", [dense(x, HIDDEN, HIDDEN), split]) for _ in range(3))
        q, v = (net.add("Transpose", [t], perm=[0, 2, 1, 3]) for t in (q, v))
        scores = net.add("Div", [net.add("MatMul", [q, net.add("Transpose", [k], perm=[0, 2, 3, 1])]), "root"])
        mixed = net.add("MatMul", [net.add("Softmax", [scores], axis=-1), v])
        mixed = net.add("Reshape", [net.add("Transpose", [mixed], perm=[0, 2, 1, 3]), joined])
        x = net.add("Add", [dense(mixed, HIDDEN, HIDDEN), x])
        x = net.add("LayerNormalization", [x, net.weight(HIDDEN), net.weight(HIDDEN)])
        inner = net.add("Gelu", [dense(x, HIDDEN, FFN)])
        x = net.add("Add", [dense(inner, FFN, HIDDEN), x])
        x = net.add("LayerNormalization", [x, net.weight(HIDDEN), net.weight(HIDDEN)])
    pooled = net.add("Gather", [x, "zero"], axis=1)
    x = net.add("Tanh", [dense(pooled, HIDDEN, HIDDEN)])
    inputs = {name: (["batch", "steps"], "int64") for name in ("input_ids", "token_type_ids")}
    return model_of(net.nodes, inputs, [x], net.weights, opset=20)


def test_a_sentence_encoder_has_22_7_million_parameters(describe_here: Callable[..., Model]) -> None:
    model = describe_here(bert(), batch=1, steps=128)
    embeddings = (VOCABULARY + POSITIONS + 2) * HIDDEN + 2 * HIDDEN
    layer = 4 * (HIDDEN * HIDDEN + HIDDEN) + 2 * HIDDEN * FFN + FFN + HIDDEN + 4 * HIDDEN
    assert model.parameters == embeddings + LAYERS * layer + HIDDEN * HIDDEN + HIDDEN == 22_713_216
    per_layer = 128 * (4 * HIDDEN * HIDDEN + 2 * HIDDEN * FFN) + 2 * 128 * 128 * HIDDEN
    assert model.macs == LAYERS * per_layer + HIDDEN * HIDDEN
    assert (model.unknown, model.problems, dict(model.absent)) == ((), (), {})


def test_an_encoder_says_what_its_ids_may_be(describe_here: Callable[..., Model]) -> None:
    model = describe_here(bert(), batch=1, steps=128)
    ports = {port.name: (port.meaning, port.basis, port.limit, port.shape) for port in model.inputs}
    assert ports == {
        "input_ids": ("token ids", "graph", VOCABULARY, (1, 128)),
        "token_type_ids": ("token types", "graph", 2, (1, 128)),
    }


def test_every_constant_is_known_to_be_one() -> None:
    # The light models make their weights by ConstantOfShape, a node each.
    model = facts.describe(LIGHT / "light_squeezenet.onnx", {})
    fills = [group for group in model.operators if group.type == "ConstantOfShape"]
    assert sum(group.count for group in fills) == 39
    assert {(group.input_bytes, group.output_bytes, group.weight_bytes) for group in fills} == {(0, 0, 0)}
    assert model.weight_bytes == {"float32": 4 * 1_235_496}
