"""ONNX Runtime as an engine, in this process."""

import numpy as np
import onnx
import onnx_models
import pytest
from onnx import helper

from assess.measure.onnx_runtime import OnnxRuntime, _bound_call

pytestmark = pytest.mark.slow


def session(tmp_path, dtype, array, operator="Identity", out=None):
    port = out or onnx_models.port("y", array.shape, dtype)
    model = onnx_models.model_of([helper.make_node(operator, ["x"], ["y"])], {"x": (array.shape, dtype)}, [port])
    onnx.save(model, tmp_path / "m.onnx")
    np.save(tmp_path / "x.npy", array)
    engine = OnnxRuntime()
    engine.read_inputs([{"name": "x", "dtype": dtype, "file": str(tmp_path / "x.npy")}])
    path = str(tmp_path / "m.onnx")
    loaded = engine.load({"model": path, "provider": "CPUExecutionProvider", "threads": 1, "optimisation": "all"})
    loaded.first()
    return loaded, loaded.settle()[1]


@pytest.mark.parametrize("shape", [(2, 3), (), (0, 3)])
def test_bfloat16_outputs_are_their_raw_bits(tmp_path, shape):
    loaded, infer = session(tmp_path, "bfloat16", np.full(shape, 0x3F80, np.uint16))
    infer()
    found = loaded.outputs()["y"]
    assert (found.dtype, found.shape) == (np.uint16, shape)
    assert (found == 0x3F80).all()
    loaded.feed({"x": np.full(shape, 0x4000, np.uint16)})
    infer()
    assert (loaded.outputs()["y"] == 0x4000).all()


def test_what_is_fed_is_what_comes_out_from_the_next_inference_on(tmp_path):
    loaded, infer = session(tmp_path, "float32", np.ones((2, 3), np.float32))
    loaded.feed({"x": np.full((2, 3), 7.0, np.float32)})
    infer()
    assert (loaded.outputs()["y"] == 7.0).all()


def test_outputs_whose_shape_is_data_are_read_each_time(tmp_path):
    out = onnx_models.port("y", [1, "k"], "int64")
    loaded, infer = session(tmp_path, "float32", np.ones(3, np.float32), "NonZero", out)
    for array in ([0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]):
        loaded.feed({"x": np.array(array, np.float32)})
        infer()
        assert loaded.outputs()["y"].shape == (1, sum(array))


def test_text_and_sequences_are_fed_and_read_too(tmp_path):
    loaded, infer = session(tmp_path, "string", np.full((2,), "a"))
    loaded.feed({"x": np.array(["b", "c"])})
    infer()
    assert loaded.outputs()["y"].tolist() == ["b", "c"]
    out = helper.make_tensor_sequence_value_info("y", onnx.TensorProto.FLOAT, None)
    loaded, infer = session(tmp_path, "float32", np.ones((2, 3), np.float32), "SplitToSequence", out)
    infer()
    assert [array.shape for array in loaded.outputs()["y"]] == [(1, 3), (1, 3)]


class Recorded:
    """Objects of ONNX Runtime's Python layer, with or without what lies beneath; each run is noted."""

    def __init__(self, **parts):
        self.runs = []
        for name, part in parts.items():
            setattr(self, name, part)

    def RunOptions(self):  # noqa: N802 (as ONNX Runtime names it)
        return "options"

    def run_with_iobinding(self, *arguments):
        self.runs.append(arguments)


def runs_of(native, binding):
    session = Recorded(_sess=native)
    _bound_call(Recorded(), session, binding)()
    return session.runs, native.runs


def test_a_bound_inference_calls_the_native_session_without_its_python_wrapper():
    assert runs_of(Recorded(), Recorded(_iobinding="native binding")) == ([], [("native binding", "options")])


def test_a_captured_graph_is_run_through_the_public_session():
    native, binding = Recorded(is_webgpu_graph_capture_enabled=lambda: True), Recorded(_iobinding="native binding")
    assert runs_of(native, binding) == ([(binding,)], [])


def test_a_version_without_those_private_parts_is_run_through_the_public_session():
    binding = Recorded()
    assert runs_of(Recorded(), binding) == ([(binding,)], [])
    session = Recorded()
    _bound_call(Recorded(), session, Recorded(_iobinding="native binding"))()
    assert len(session.runs) == 1


def test_the_installed_version_has_those_private_parts(tmp_path):
    infer = session(tmp_path, "float32", np.ones((2, 3), np.float32))[1]
    assert type(infer.args[0]).__name__ == "SessionIOBinding"
