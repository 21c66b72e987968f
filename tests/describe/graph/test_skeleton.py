"""Weights are counted without being read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import DTYPES, model_of, weight

from assess.describe.graph import describe, facts, skeleton


def test_a_skeleton_keeps_all_but_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = model_of(
        [helper.make_node("MatMul", ["x", "w"], ["t"]), helper.make_node("Reshape", ["t", "s"], ["y"])],
        {"x": [1, 512]}, ["y"], {"w": np.ones((512, 512), np.float32), "s": np.array([-1], np.int64)},
    )  # fmt: skip
    path.write_bytes(model.SerializeToString())
    read = skeleton.read(path)
    kept = onnx.ModelProto.FromString(read.data)
    assert len(read.data) < 1000 < 2**20 < path.stat().st_size
    assert [payload.raw_bytes for payload in read.payloads] == [512 * 512 * 4]
    assert kept.graph.initializer[0].doc_string == f"{read.mark}0"
    del kept.graph.initializer[0], model.graph.initializer[0]
    assert kept == model


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "float64"])
def test_numbers_in_typed_fields_are_counted(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "model.onnx"
    add = helper.make_node("Add", ["x", "w"], ["y"])
    for held, problems in ((3000, 0), (2999, 1)):
        tensor = helper.make_tensor("w", DTYPES[dtype], [held], [300 - i % 600 for i in range(held)])
        tensor.dims[0] = 3000
        path.write_bytes(model_of([add], {"x": ([1], dtype)}, ["y"], {"w": tensor}).SerializeToString())
        assert len(facts.describe(path, {}).problems) == problems


def test_constants_in_nodes_and_subgraphs_are_weights_too(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    value = weight("", np.ones((64, 64), np.float32))
    nodes = [helper.make_node("Constant", [], ["w"], value=value), helper.make_node("MatMul", ["x", "w"], ["y"])]
    path.write_bytes(model_of(nodes, {"x": [1, 64]}, ["y"]).SerializeToString())
    model = facts.describe(path, {})
    assert (model.parameters, model.weight_bytes, model.macs) == (4096, {"float32": 16384}, 4096)


PEAK = """
import json, resource, sys
from pathlib import Path
from assess.describe.graph import {how}
model = describe(Path(sys.argv[1]){dims})
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024
print(json.dumps([model.parameters, model.macs, peak]))
"""
WHOLE = PEAK.format(how="describe", dims="")
#: Without the hashing, which takes half a minute for 10 GB and a megabyte of memory.
READING = PEAK.format(how="facts; describe = facts.describe", dims=", {}")


def peak(path: Path, script: str) -> tuple[int, int, int]:
    """Parameters, MACs, and the most memory that any of the processes took."""
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    parameters, macs, rss = json.loads(done.stdout)
    return parameters, macs, rss


@pytest.mark.slow
def test_ten_gigabytes_of_external_data_take_less_than_300_mb(tmp_path: Path) -> None:
    size, count = 16384, 10  # 10 matrices of 16384 x 16384 floats are 10.7 GB
    with (tmp_path / "weights.bin").open("wb") as file:
        file.truncate(count * size * size * 4)
    tensors, nodes = {}, []
    for index in range(count):
        tensor = TensorProto(name=f"w{index}", data_type=1, data_location=TensorProto.EXTERNAL, dims=[size, size])
        tensor.external_data.add(key="location", value="weights.bin")
        tensor.external_data.add(key="offset", value=str(index * size * size * 4))
        tensor.external_data.add(key="length", value=str(size * size * 4))
        tensors[tensor.name] = tensor
        nodes.append(helper.make_node("MatMul", ["x" if index == 0 else f"t{index - 1}", tensor.name], [f"t{index}"]))
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(nodes, {"x": [1, size]}, [f"t{count - 1}"], tensors).SerializeToString())
    parameters, macs, rss = peak(path, READING)
    assert (parameters, macs) == (count * size * size, count * size * size)
    assert rss < 300e6


@pytest.mark.slow
def test_a_single_file_of_more_than_2_gib_is_read(tmp_path: Path) -> None:
    # Written by hand, as protobuf does not serialise so much: the tensor's raw data is a hole in the file.
    rows = 600_000
    payload = rows * 1024 * 4
    head = TensorProto(name="w", data_type=1, dims=[rows, 1024]).SerializeToString() + b"\x4a" + _length(payload)
    model = model_of([helper.make_node("Gather", ["w", "x"], ["y"])], {"x": ([1], "int64")}, ["y"])
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    tensor = b"\x2a" + _length(len(head) + payload) + head
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.write(model.SerializeToString() + b"\x3a" + _length(len(tensor) + payload + len(graph)) + tensor)
        file.seek(payload, 1)
        file.write(graph)
    parameters, macs, rss = peak(path, WHOLE)
    assert (parameters, macs) == (rows * 1024, 0)
    assert rss < 300e6


def _length(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def test_the_identity_covers_external_data(tmp_path: Path) -> None:
    tensor = TensorProto(name="w", data_type=1, data_location=TensorProto.EXTERNAL, dims=[4])
    tensor.external_data.add(key="location", value="w.bin")
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [4]}, ["y"], {"w": tensor})
                     .SerializeToString())  # fmt: skip
    (tmp_path / "w.bin").write_bytes(bytes(16))
    first = describe(path)
    (tmp_path / "w.bin").write_bytes(bytes(15) + b"\1")
    second = describe(path)
    assert [file.name for file in first.files] == ["model.onnx", "w.bin"]
    assert first.files[0] == second.files[0]
    assert first.sha256 != second.sha256


@pytest.mark.slow
def test_a_chain_of_50_000_nodes_takes_seconds(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", [f"t{i}"], [f"t{i + 1}"]) for i in range(50_000)]
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(nodes, {"t0": [8]}, ["t50000"]).SerializeToString())
    model = facts.describe(path, {})
    assert (model.nodes, model.peak_activation_bytes) == (50_000, 2 * 8 * 4)
    assert [(group.type, group.count) for group in model.operators] == [("Relu", 50_000)]
