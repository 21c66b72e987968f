"""Copies that do more work say the same to the last bit, in ONNX Runtime itself, and what was added stays in them."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx_models import model_of, port

from assess.describe.graph import facts, injection
from assess.describe.graph.injected import Injected, Work, inject, work_for
from assess.errors import AssessError

ROOT = Path(__file__).parents[3]
LEVELS = {
    "disabled": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
#: Every kind of float that Max might not return as it was.
ODD = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-40, -1e-40, 1.5], np.float32)


def copies(path: Path, folder: Path, *added_s: float, **dims: int) -> list[dict[str, Any]]:
    folder.mkdir()
    request = {"path": str(path), "folder": str(folder), "added_s": list(added_s), "dims": dims}
    return injection.answer(request)


def saved(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def run(path: Path, level: str, inputs: dict[str, Any]) -> tuple[list[bytes], Counter[str]]:
    """The outputs' bytes, and the operators that ONNX Runtime really runs."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path.with_name("optimised.onnx"))
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    found = [np.asarray(output).tobytes() for output in session.run(None, inputs)]
    optimised = onnx.load(options.optimized_model_filepath, load_external_data=False)
    return found, Counter(node.op_type for node in optimised.graph.node)


def require_same(path: Path, folder: Path, told: dict[str, Any], inputs: dict[str, Any]) -> None:
    for level in LEVELS:
        before, operators = run(path, level, inputs)
        after, more = run(folder / told["path"], level, inputs)
        assert after == before, level
        assert more["Max"] - operators["Max"] == told["work"]["nodes"], level
        assert more["Expand"] - operators["Expand"] == (told["work"]["copies"] > 1), level


def inputs_of(path: Path, dims: dict[str, int]) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    found = {}
    for each in facts.describe(path, dims).inputs:
        drawn = rng.standard_normal(each.shape) * 3.0 if "float" in each.dtype else rng.integers(0, 9, each.shape)
        found[each.name] = drawn.astype(each.dtype)
    return found


@pytest.mark.parametrize(
    ("model", "tensor", "place", "dims"),
    [
        ("catch-agent/catch-agent-half-int8", "frames", "input", {}),
        ("keyword-spotter/keyword-spotter-full", "scores", "output", {}),
        ("keyword-spotter/keyword-spotter-full-int8", "sound", "input", {}),
        ("road-occupancy/road-occupancy-full-fp16", "occupancy", "output", {}),
        ("hopper-speed/hopper-speed-full", "torque", "output", {}),
        ("npc-lines/npc-lines-half-int8", "present_key_0", "output", {"tokens": 2, "past": 3}),
        ("ppocr-text-direction/text-direction", "save_infer_model/scale_0.tmp_1", "output",
         {"x.0": 1, "x.2": 48, "x.3": 96}),
        ("reachy-mini-inverse-kinematics/inverse-kinematics", "output", "output", {}),
    ],
)  # fmt: skip
def test_shipped_models_say_the_same(tmp_path: Path, model: str, tensor: str, place: str, dims: dict[str, int]) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes((ROOT / "models" / f"{model}.onnx").read_bytes())
    few, many = copies(path, tmp_path / "more", 2e-6, 400e-6, **dims)
    assert (few["tensor"], few["place"]) == (tensor, place)
    for told in (few, many):
        require_same(path, tmp_path / "more", told, inputs_of(path, dims))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_no_float_is_changed(tmp_path: Path, dtype: str) -> None:
    numbers = ODD.astype(dtype)
    nodes = [helper.make_node("Neg", ["x"], ["y"])]
    path = saved(tmp_path, model_of(nodes, {"x": ([9], dtype)}, [port("y", [9], dtype)]))
    for told in copies(path, tmp_path / "more", 1e-6, 100e-6):
        require_same(path, tmp_path / "more", told, {"x": numbers})


def test_bodies_read_what_is_the_same(tmp_path: Path) -> None:
    branches = {
        name: helper.make_graph([helper.make_node(kind, ["m"], [name])], name, [], [port(name, [4])])
        for name, kind in (("then_branch", "Relu"), ("else_branch", "Neg"))
    }
    nodes = [helper.make_node("Abs", ["x"], ["m"]), helper.make_node("If", ["c"], ["i"], **branches)]
    nodes.append(helper.make_node("ArgMax", ["i"], ["y"], axis=0))
    ends = [port("y", [1], "int64"), port("m", [4])]
    path = saved(tmp_path, model_of(nodes, {"c": ([1], "bool"), "x": [4]}, ends))
    (told,) = copies(path, tmp_path / "more", 1e-6)
    assert (told["tensor"], told["place"]) == ("m", "output")
    for taken in (True, False):
        inputs = {"c": np.array([taken]), "x": ODD[3:7]}
        require_same(path, tmp_path / "more", told, inputs)


def test_without_floats_outside_the_work_goes_behind_what_no_fusion_crosses(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["f", "w"], ["m"]),
        helper.make_node("Relu", ["m"], ["r"]),
        helper.make_node("ArgMax", ["r"], ["y"], axis=1),
    ]
    weights = {"w": np.ones((8, 6), np.float32)}
    path = saved(tmp_path, model_of(nodes, {"x": ([1, 8], "uint8")}, [port("y", [1, 1], "int64")], weights))
    (told,) = copies(path, tmp_path / "more", 3e-6)
    assert (told["tensor"], told["place"], told["elements"]) == ("r", "inside", 6)
    require_same(path, tmp_path / "more", told, {"x": np.arange(8, dtype=np.uint8).reshape(1, 8)})


def test_dimensions_have_their_numbers(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    path = saved(tmp_path, model_of(nodes, {"x": ["batch", 4]}, [port("y", ["batch", 4])]))
    (told,) = copies(path, tmp_path / "more", 1e-6, batch=3)
    assert told["elements"] == 12
    require_same(path, tmp_path / "more", told, {"x": np.ones((3, 4), np.float32)})


def test_an_old_model_and_a_function_are_no_obstacle(tmp_path: Path) -> None:
    old = model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [4]}, [port("y", [4])], opset=7, domains=())
    old.ir_version = 3
    path = saved(tmp_path, old)
    (told,) = copies(path, tmp_path / "more", 50e-6)
    assert told["work"] == {"nodes": 166, "copies": 1}  # That operator set has no Expand.
    require_same(path, tmp_path / "more", told, {"x": ODD[:4]})
    imports = [helper.make_opsetid("", 17)]
    twice = helper.make_function("f", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], imports)
    model = model_of(
        [helper.make_node("Twice", ["x"], ["y"], domain="f")], {"x": [4]}, [port("y", [4])], functions=[twice],
        domains=("f",),
    )  # fmt: skip
    path = saved(tmp_path, model)
    (told,) = copies(path, tmp_path / "other", 1e-6)
    require_same(path, tmp_path / "other", told, {"x": ODD[:4]})


def stored_outside(folder: Path, location: str) -> onnx.ModelProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=[9])
    tensor.external_data.add(key="location", value=location)
    (folder / location).parent.mkdir(exist_ok=True)
    (folder / location).write_bytes(np.arange(9, dtype=np.float32).tobytes())
    return model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [9]}, [port("y", [9])], {"w": tensor})


@pytest.mark.parametrize("linked", [True, False])
def test_external_data_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool) -> None:
    if not linked:
        monkeypatch.setattr(os, "link", no_link)
    path = saved(tmp_path, stored_outside(tmp_path, "data/weights.bin"))
    told = copies(path, tmp_path / "more", 1e-6, 2e-6)
    assert (tmp_path / "more/data/weights.bin").samefile(tmp_path / "data/weights.bin") is linked
    for each in told:
        require_same(path, tmp_path / "more", each, {"x": ODD})


def no_link(source: object, target: object) -> None:
    raise OSError(18, "Invalid cross-device link")


def test_a_file_of_the_model_is_never_written_to(tmp_path: Path) -> None:
    # Named as the first copy would be.
    path = saved(tmp_path, stored_outside(tmp_path, "self-test-0-0.onnx"))
    before = (tmp_path / "self-test-0-0.onnx").read_bytes()
    (told,) = copies(path, tmp_path / "more", 1e-6)
    assert told["path"] == "self-test-1-0.onnx"
    assert (tmp_path / "self-test-0-0.onnx").read_bytes() == before
    require_same(path, tmp_path / "more", told, {"x": ODD})


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights.bin"])
def test_external_data_outside_the_folder_is_not_opened(tmp_path: Path, location: str) -> None:
    model = stored_outside(tmp_path, "weights.bin")
    model.graph.initializer[0].external_data[0].value = location
    path = saved(tmp_path, model)
    with pytest.raises(AssessError, match="outside the model's folder"):
        inject(path, tmp_path, [1e-6], dims={}, timeout_s=60.0)
    assert {each.name for each in tmp_path.iterdir()} == {"model.onnx", "weights.bin"}


def integers() -> onnx.ModelProto:
    return model_of([helper.make_node("Add", ["x", "x"], ["y"])], {"x": ([4], "int64")}, [port("y", [4], "int64")])


def constant() -> onnx.ModelProto:
    nodes = [helper.make_node("Neg", ["w"], ["y"]), helper.make_node("Identity", ["x"], ["z"])]
    outputs = [port("y", [4]), port("z", [4], "int64")]
    return model_of(nodes, {"x": ([4], "int64")}, outputs, {"w": np.ones(4, np.float32)})


def huge() -> onnx.ModelProto:
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    return model_of(nodes, {"x": [2**20, 2**20]}, [port("y", [2**20, 2**20])])


@pytest.mark.parametrize("make", [integers, constant, huge])
def test_a_model_that_no_work_can_be_added_to_is_refused(tmp_path: Path, make: Any) -> None:
    path = saved(tmp_path, make())
    with pytest.raises(AssessError) as caught:
        inject(path, tmp_path, [1e-6], dims={}, timeout_s=60.0)
    assert caught.value.problem.startswith("has no tensor of floats of known shape that depends on its inputs")
    assert caught.value.where == str(path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [4]}, [port("y", [4])]))
    request = {"path": str(path), "folder": str(tmp_path / "none"), "added_s": [1e-6], "dims": {}}
    with pytest.raises(AssessError, match="cannot be written: No such file or directory"):
        injection.answer(request)


def test_the_child_tells_what_it_added(tmp_path: Path) -> None:
    path = saved(tmp_path, model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": [10]}, [port("y", [10])]))
    (found,) = inject(path, tmp_path, [3e-6], dims={}, timeout_s=60.0)
    assert found == Injected(tmp_path / "self-test-0-0.onnx", "y", "output", 10, Work(10))
    assert found.expected_s == pytest.approx(3.02e-6)


@pytest.mark.parametrize(
    ("added_s", "elements", "work"),
    [
        (0.1e-6, 10, Work(1)),
        (3e-6, 10, Work(10)),
        (1e-3, 100_000, Work(49)),
        # 64 nodes of 15.6 us each, less what copying and taking one back costs.
        (1e-3, 10, Work(63, 7662)),
        # A second: tensors of 2.4 million elements, 2048 of them.
        (1.0, 10, Work(2046, 244_141)),
    ],
)
def test_the_work_is_what_was_asked_for(added_s: float, elements: int, work: Work) -> None:
    found = work_for(added_s, elements, may_copy=True)
    assert found == work
    if added_s > 1e-6:
        assert found.expected_s(elements) == pytest.approx(added_s, rel=0.02)
