"""A model survives the way through JSON, and one that was tampered with does not."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from assess.describe import totals
from assess.describe.model import Model, ModelFile, OperatorGroup, Port, Quantisation, UnknownCost
from assess.describe.model_json import from_json, to_json

SHA = "0" * 63 + "1"


def group(name: str, macs: int | None, **changes: Any) -> OperatorGroup:
    kind = "unknown" if macs is None else "matmul"
    return replace(OperatorGroup(name, "ai.onnx", kind, "fp32", 2, macs, 400, 200, 80_000, ("float32",)), **changes)


MODEL = Model(
    name="model.onnx", sha256=SHA, files=(ModelFile("model.onnx", 100_000, SHA),), producer="pytorch 2.8",
    licence="MIT", licence_basis="metadata", metadata={"license": "MIT"}, ir_version=8, opsets={"ai.onnx": 17},
    dims={"batch": 1}, inputs=(Port("x", "float32", (1, 100), "image", "graph"),),
    outputs=(Port("y", "float32", (1, -1)),), nodes=5, parameters=20_100, weight_bytes={"float32": 80_400},
    macs=40_000, unknown=(UnknownCost("Odd", "ai.onnx", 2, "no cost rule for ai.onnx Odd", ("n",)),),
    peak_activation_bytes=None,
    operators=(group("MatMul", 10_000), group("Gemm", 20_000, count=1, precision="int8"), group("Odd", None)),
    precision="fp32", quantisation=Quantisation("mixed", share_of_macs=0.5),
    absent={"peak_activation_bytes": "shape of 'y' is not known"},
)  # fmt: skip


def test_a_model_survives_json() -> None:
    assert from_json(json.loads(json.dumps(to_json(MODEL)))) == replace(MODEL, precision="fp32")


def changed(path: str, value: Any) -> dict[str, Any]:
    data = to_json(MODEL)
    place: Any = data
    *way, last = path.split(".")
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("surprise", 1, "surprise: unknown key"),
        ("inputs.0.colour", "red", "inputs.0.colour: unknown key"),
        ("macs", "40000", "macs: input should be a valid integer"),
        ("nodes", True, "nodes: input should be a valid integer"),
        ("macs", 40_001, "macs: 40001, but the operators add up to 40000"),
        ("nodes", -1, "nodes: -1 is negative"),
        ("operators.0.count", -2, "operators.0.count: -2 is negative"),
        ("operators.0.kind", "magic", "operators.0.kind: input should be 'convolution'"),
        ("precision", "int8", "precision: 'int8', but the operators make it 'fp32'"),
        ("quantisation.share_of_macs", 1.0, "quantisation.share_of_macs: 1.0, but the operators make it 0.5"),
        ("sha256", "1" * 64, "sha256: is not that of the files"),
        ("files.0.sha256", "abc", "files.0.sha256: is not 64 hexadecimal digits"),
        ("files.0.name", "other.onnx", "files.0.name: 'other.onnx' is not the model's own name 'model.onnx'"),
        ("files", [], "files: there must be one at least"),
        ("parameters", 20_099, "parameters: 20099, but the bytes of the weights are those of 20100"),
        ("parameters", 20_101, "parameters: 20101, but the weights have bytes for 20100 at most"),
        ("unknown", [], "unknown: ai.onnx Odd of unknown cost is missing here"),
        ("unknown.0.type", "Even", "operators: ai.onnx Even of unknown cost is missing here"),
        ("unknown.0.why", "", "unknown.0.why: is empty"),
        ("absent", {}, "absent.peak_activation_bytes: missing key: why the peak is not known"),
        ("peak_activation_bytes", 1, "absent.peak_activation_bytes: the peak is known"),
        ("inputs.0.shape", [1, -1], "inputs: 'x' has a negative dimension"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_path(path: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        from_json(changed(path, value))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("path", ["macs", "problems", "absent", "quantisation"])
def test_a_missing_key_is_named(path: str) -> None:
    data = to_json(MODEL)
    del data[path]
    with pytest.raises(ValueError, match=f"^{path}: missing key$"):
        from_json(data)


def test_a_missing_key_of_a_part_is_named() -> None:
    data = to_json(MODEL)
    del data["inputs"][0]["limit"]
    with pytest.raises(ValueError, match=r"^inputs\.0\.limit: missing key$"):
        from_json(data)


def test_the_identity_of_several_files_is_that_of_their_list() -> None:
    one, two = ModelFile("m.onnx", 1, "a" * 64), ModelFile("w.bin", 1, "b" * 64)
    lines = f"{'a' * 64}  m.onnx\n{'b' * 64}  w.bin\n"
    done = subprocess.run(["sha256sum"], input=lines, capture_output=True, text=True, check=True)
    assert totals.identity([one, two]) == done.stdout.split()[0]
    assert totals.identity([one]) == "a" * 64


def test_reading_a_model_back_needs_neither_onnx_nor_numpy() -> None:
    script = (
        "import sys, assess.describe.model_json, assess.describe.graph; print({'onnx', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
