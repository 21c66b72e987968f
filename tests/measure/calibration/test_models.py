"""What a calibration runs: valid models, with the work that another count of it finds."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from assess.describe.graph import describe
from assess.measure.calibration.models import (
    CONVOLUTION,
    DEPTHWISE,
    PRECISIONS,
    PRODUCT,
    Tensor,
    chains,
    convolution_operations,
    drawn,
    product_operations,
    streams,
    tasks,
)

MIB = 2**20


def written(task):
    raw = drawn(task.weights, task.amplitude).tobytes() if task.weights else b""
    return task.write(raw)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", [PRODUCT, CONVOLUTION, DEPTHWISE])
def test_every_model_is_one_that_onnx_accepts(kind, precision):
    for alternative in tasks(kind, precision, large=False):
        for task in (alternative[0], alternative[1]):
            model = onnx.load_from_string(written(task))
            onnx.checker.check_model(model, full_check=True)
            assert [port.name for port in model.graph.input] == ["x"]
            assert {node.op_type for node in model.graph.node} == {task.operator, "Slice"}


def test_streams_and_chains_are_models_that_onnx_accepts():
    for task in [*streams(MIB), *chains()]:
        onnx.checker.check_model(onnx.load_from_string(written(task)), full_check=True)


def test_operations_are_two_a_multiply_accumulate():
    assert product_operations(256, 256, 256) == 33_554_432
    assert product_operations(1, 1000, 3) == 6000
    assert convolution_operations(64, 56, 1) == 231_211_008
    assert convolution_operations(64, 56, 64) == 3_612_672


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "operations"),
    [(PRODUCT, 2 * 256**3), (CONVOLUTION, 8 * 231_211_008), (DEPTHWISE, 8 * 2 * 9 * 256 * 14 * 14)],
)
def test_the_work_is_twice_the_macs_that_describing_the_model_finds(tmp_path, kind, operations):
    ((task, *_),) = tasks(kind, "fp32", large=False)
    (tmp_path / "model.onnx").write_bytes(written(task))
    model = describe(tmp_path / "model.onnx")
    assert task.work == operations
    assert 2 * model.macs == operations


def test_the_least_work_comes_first_and_accelerators_get_larger_matrices():
    ((*small,),) = tasks(PRODUCT, "fp32", large=False)
    ((*large,),) = tasks(PRODUCT, "fp32", large=True)
    assert [task.fed[0].shape[0] for task in small] == [256, 512, 1024, 2048]
    assert [task.fed[0].shape[0] for task in large] == [256, 512, 1024, 2048, 4096, 8192]
    for kind in (CONVOLUTION, DEPTHWISE):
        ((*each,),) = tasks(kind, "fp32", large=False)
        assert [task.work for task in each] == sorted(task.work for task in each)


def test_int8_is_tried_as_x86_multiplies_it_and_then_as_accelerators_do():
    first, second = tasks(PRODUCT, "int8", large=False)
    assert (first[0].fed[0].dtype, first[0].weights.dtype) == ("uint8", "int8")
    assert (second[0].fed[0].dtype, second[0].weights.dtype) == ("int8", "int8")
    assert first[0].what == "256 x 256 by 256 x 256, uint8 by int8"


def test_the_bytes_of_a_stream_are_those_it_reads_and_writes_within_the_working_set():
    add, negate, vector = streams(12 * MIB)
    assert (add.operator, add.work, [each.shape for each in add.fed]) == ("Add", 12 * MIB, [(MIB,), (MIB,)])
    assert (negate.operator, negate.work, negate.fed[0].shape) == ("Neg", 12 * MIB, (3 * MIB // 2,))
    assert vector.fed[0].shape == (1024, 3072)
    assert vector.work == 12 * MIB + 4 * (1024 + 3072)


def test_chains_have_as_many_operators_as_they_say():
    for task in chains():
        graph = onnx.load_from_string(written(task)).graph
        assert [node.op_type for node in graph.node] == ["Neg"] * task.work
    assert [task.work for task in chains()] == [1, 50, 200, 1000]


def test_weights_are_in_the_model_as_drawn():
    ((task, *_),) = tasks(PRODUCT, "fp32", large=False)
    (weights,) = [each for each in onnx.load_from_string(written(task)).graph.initializer if each.name == "w"]
    found = numpy_helper.to_array(weights)
    assert np.array_equal(found, drawn(task.weights, task.amplitude))
    assert 0.9 / 16 < np.abs(found).max() <= 1 / 16


def test_numbers_are_drawn_alike_each_time_in_any_type():
    for dtype in ("float32", "float16", "int8", "uint8", "bfloat16"):
        tensor = Tensor("w", dtype, (5, 7))
        assert np.array_equal(drawn(tensor, 1.0), drawn(tensor, 1.0))
        assert drawn(tensor, 1.0).nbytes == tensor.stored_bytes
    exact = drawn(Tensor("w", "float32", (1000,)), 1.0)
    raw = drawn(Tensor("w", "bfloat16", (1000,)), 1.0)
    back = (raw.astype(np.uint32) << 16).view(np.float32)
    assert np.abs(back - exact).max() <= np.abs(exact).max() / 128


def test_the_memory_a_model_needs_is_known_before_it_is_made():
    ((task, *_),) = tasks(PRODUCT, "fp32", large=False)
    assert task.needed_bytes == 4 * 2 * 256 * 1024
    assert next(streams(12 * MIB)).needed_bytes == 16 * MIB
