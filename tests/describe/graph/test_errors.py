"""What cannot be described is refused in words that say what, where and what to try."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import model_of, weight

from assess.describe.graph import describe, facts
from assess.describe.model import Model
from assess.errors import AssessError
from assess.sandbox import Limits


def refused(path: Path, **dims: int) -> tuple[str, str]:
    """Problem and hint of the error, which must name the file."""
    with pytest.raises(AssessError) as caught:
        facts.describe(path, dims)
    assert caught.value.where == str(path)
    return caught.value.problem, caught.value.hint


def saved(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def relu(**inputs: Any) -> onnx.ModelProto:
    return model_of([helper.make_node("Relu", ["x"], ["y"])], inputs, ["y"])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not an ONNX model: the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is not an ONNX model but a PNG image"),
        (b"PK\x03\x04" + bytes(99), "is not an ONNX model but a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is not an ONNX model but a Git LFS pointer"),
        (b"\x18\x00\x00\x00TFL3" + bytes(99), "is not an ONNX model but a TensorFlow Lite model"),
        (b"# A readme\n\nwith text", "is not an ONNX model but a text"),
        (b"\x08\x07\x12\x04test", "is not an ONNX model: it holds no graph"),
        (b"\x08" + b"\xff" * 11, "is not an ONNX model: a number at byte 1 has more than 64 bits"),
        (b"\x08\x07\x3b\x00", "is not an ONNX model: a field at byte 2 has the unknown wire type 3"),
        (bytes(200), "is not an ONNX model: a field at byte 0 has the number 0"),
    ],
)
def test_what_is_no_model_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert refused(path)[0] == problem


def test_a_truncated_model_is_truncated(tmp_path: Path) -> None:
    path = saved(tmp_path, model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 64]}, ["y"], {
        "w": np.zeros((64, 64), np.float32)}))  # fmt: skip
    path.write_bytes(path.read_bytes()[:-1000])
    problem, hint = refused(path)
    assert problem.startswith("is truncated: a field at byte ") and problem.endswith(" bytes more than there are")
    assert hint == "copy or download the file again"


def test_messages_nested_without_end_are_refused(tmp_path: Path) -> None:
    # graph > node > attribute > graph > ...
    model, filling = onnx.ModelProto(ir_version=8), b""
    for _ in range(40):
        graph = b"\x52" + _length(2000) + b"d" * 2000 + filling
        attribute = b"\x32" + _length(len(graph)) + graph
        node = b"\x2a" + _length(len(attribute)) + attribute
        filling = b"\x0a" + _length(len(node)) + node
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString() + b"\x3a" + _length(len(filling)) + filling)
    assert refused(path)[0] == "is not an ONNX model: messages are nested more than 90 deep"


def _length(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def test_a_missing_file_a_folder_and_a_pipe_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    for path, problem in [
        (tmp_path / "missing.onnx", "there is no such file"),
        (tmp_path, "is a folder, not a file"),
        (tmp_path / "pipe.onnx", "is a pipe, not a file"),
    ]:
        with pytest.raises(AssessError) as caught:
            describe(path)
        assert (caught.value.problem, caught.value.where) == (problem, str(path))


def test_unbound_dimensions_are_listed_with_their_inputs_and_what_to_type(tmp_path: Path) -> None:
    path = saved(tmp_path, relu(x=["batch", 3, None], z=["batch", "?"]))
    assert refused(path) == (
        "dimensions 'batch' (axis 0 of x, axis 0 of z), 'x.2' (axis 2 of x), 'z.1' (axis 1 of z) are dynamic and have "
        "no number",
        "--dim batch=1 --dim x.2=N --dim z.1=N",
    )
    assert refused(path, **{"batch": 1, "x.2": 5}) == (
        "dimension 'z.1' (axis 1 of z) is dynamic and has no number",
        "--dim z.1=N",
    )


def test_an_unknown_dimension_is_answered_with_a_near_one(tmp_path: Path) -> None:
    path = saved(tmp_path, relu(x=["batch", 3]))
    assert refused(path, bacth=1) == ("has no dynamic dimension 'bacth'; it has: 'batch'", "did you mean 'batch'?")
    assert refused(path, batch=0) == ("dimension 'batch' must be at least 1, not 0", "")


def test_an_input_without_rank_is_refused(tmp_path: Path) -> None:
    assert refused(saved(tmp_path, relu(x=None)))[0] == "input 'x' has no shape, not even a number of dimensions"


def external(location: str, *, elements: int = 4, offset: str = "0", length: str | None = None) -> onnx.ModelProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=[elements])
    tensor.external_data.add(key="location", value=location)
    tensor.external_data.add(key="offset", value=offset)
    if length is not None:
        tensor.external_data.add(key="length", value=length)
    return model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [elements]}, ["y"], {"w": tensor})


def test_external_data_must_be_there(tmp_path: Path) -> None:
    path = saved(tmp_path, external("weights.bin"))
    assert refused(path) == (
        "initializer 'w' has its data in 'weights.bin', which is missing",
        f"put it into {tmp_path}",
    )


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights.bin", "a/../../b", "C:\\weights.bin", "..\\w"])
def test_external_data_outside_the_folder_is_not_opened(tmp_path: Path, location: str) -> None:
    assert refused(saved(tmp_path, external(location)))[0] == (
        f"initializer 'w' has its data in {location!r}, outside the model's folder"
    )


def test_external_data_through_a_link_that_leaves_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "outside.bin").write_bytes(bytes(16))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "weights.bin").symlink_to(tmp_path / "outside.bin")
    (folder / "inner").symlink_to(tmp_path)
    for location in ("weights.bin", "inner/outside.bin"):
        assert refused(saved(folder, external(location)))[0] == (
            f"initializer 'w' has its data in {location!r}, a link that leaves the model's folder"
        )


def test_external_data_through_a_link_that_stays_is_read(tmp_path: Path) -> None:
    (tmp_path / "real.bin").write_bytes(bytes(16))
    (tmp_path / "weights.bin").symlink_to("real.bin")
    assert facts.describe(saved(tmp_path, external("weights.bin")), {}).parameters == 4


def test_external_data_in_a_pipe_a_device_or_a_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sub").mkdir()
    for location, what in (("pipe", "a pipe"), ("sub", "a folder")):
        assert refused(saved(tmp_path, external(location)))[0] == (
            f"initializer 'w' has its data in {location!r}, which is {what}, not a file"
        )


def test_external_data_must_lie_within_its_file(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    for offset, end in (("4", 20), ("16", 32)):
        assert refused(saved(tmp_path, external("weights.bin", offset=offset)))[0] == (
            f"initializer 'w' has its data in 'weights.bin' up to byte {end}, but the file has 16"
        )
    assert refused(saved(tmp_path, external("weights.bin", offset="-4")))[0] == (
        "initializer 'w' has the external data offset '-4', not a whole number"
    )


def test_a_tensor_that_holds_less_than_it_declares_is_a_problem(tmp_path: Path) -> None:
    short = weight("w", np.zeros((64, 64), np.float32))
    short.dims[0] = 65
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 65]}, ["y"], {"w": short})
    assert facts.describe(saved(tmp_path, model), {}).problems == (
        "initializer 'w' declares float32 65x64, which needs 16640 bytes; the file holds 16384",
    )


def test_dimensions_that_no_tensor_can_have_are_refused(tmp_path: Path) -> None:
    for dims, problem in (
        ([-4], "initializer 'w' has the dimension -4"),
        ([2**40, 2**40], "initializer 'w' has the absurd shape 1099511627776x1099511627776"),
    ):
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims)
        model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], {"x": [4]}, ["y"], {"w": tensor})
        assert refused(saved(tmp_path, model))[0] == problem


def bomb(levels: int) -> onnx.ModelProto:
    """Each function calls the one below it ten times."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    functions = [helper.make_function("f", "f0", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], imports)]
    for level in range(1, levels):
        calls = [helper.make_node(f"f{level - 1}", [f"t{i}"], [f"t{i + 1}"], domain="f") for i in range(10)]
        functions.append(helper.make_function("f", f"f{level}", ["t0"], ["t10"], calls, imports))
    call = helper.make_node(f"f{levels - 1}", ["x"], ["y"], domain="f")
    return model_of([call], {"x": [4]}, ["y"], functions=functions, domains=["f"])


def test_functions_that_expand_beyond_all_bounds_are_refused(tmp_path: Path) -> None:
    assert refused(saved(tmp_path, bomb(24)))[0] == "its functions expand to more than 500000 nodes"


def test_functions_within_bounds_are_expanded(describe_here: Callable[..., Model]) -> None:
    model = describe_here(bomb(4))
    assert (model.nodes, [(group.type, group.count) for group in model.operators]) == (1000, [("Relu", 1000)])


def test_a_function_that_calls_itself_is_refused(tmp_path: Path) -> None:
    imports = [helper.make_opsetid("f", 1)]
    own = helper.make_function("f", "g", ["x"], ["y"], [helper.make_node("g", ["x"], ["y"], domain="f")], imports)
    call = helper.make_node("g", ["x"], ["y"], domain="f")
    path = saved(tmp_path, model_of([call], {"x": [4]}, ["y"], functions=[own], domains=["f"]))
    assert refused(path)[0] == "function 'g' calls itself"


def test_a_huge_constant_of_shape_is_described_and_not_made(describe_here: Callable[..., Model]) -> None:
    nodes = [helper.make_node("ConstantOfShape", ["s"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])]
    shape = np.array([2**20, 2**20], np.int64)
    model = describe_here(model_of(nodes, {"x": [1]}, ["y"], {"s": shape}))
    assert model.outputs[0].shape == (2**20, 2**20)
    assert model.parameters == 2**40
    assert model.peak_activation_bytes == 4 * 2**40 + 4


def test_a_child_that_needs_more_than_it_may_use_is_reported(tmp_path: Path) -> None:
    path = saved(tmp_path, relu(x=[1]))
    with pytest.raises(AssessError) as caught:
        describe(path, limits=Limits(timeout_s=60, memory_bytes=64 * 2**20))
    assert caught.value.where == str(path)
    assert caught.value.problem.startswith(("reading it was given up: ", "reading it failed: the process "))


def test_a_child_that_does_not_end_is_reported(tmp_path: Path) -> None:
    path = saved(tmp_path, relu(x=[1]))
    with pytest.raises(AssessError) as caught:
        describe(path, limits=Limits(timeout_s=0.001, memory_bytes=None))
    assert caught.value.problem == "reading it was given up: the process is still running after 0.001 s"
    assert caught.value.hint == ("if the model is very large, allow more with --timeout or --memory-limit")


def test_a_value_that_nothing_makes_is_a_problem(describe_here: Callable[..., Model]) -> None:
    nodes = [helper.make_node("MatMul", ["x", "nowhere"], ["y"], name="m")]
    model = describe_here(model_of(nodes, {"x": [1, 4]}, ["y"]))
    assert model.problems == (
        "Nodes in a graph must be topologically sorted, however input 'nowhere' of node: name: m OpType: MatMul "
        "is not output of any previous nodes.",
    )
    assert [(entry.type, entry.why) for entry in model.unknown] == [
        ("MatMul", "shape of 'y' is not known: nothing produces it")
    ]


def test_operators_that_do_not_fit_their_inputs_are_a_problem(describe_here: Callable[..., Model]) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name="m")]
    model = describe_here(model_of(nodes, {"x": [1, 4]}, ["y"], {"w": np.zeros((5, 6), np.float32)}))
    assert model.problems == ("MatMul 'm' does not fit its inputs: Incompatible dimensions for matrix multiplication",)
