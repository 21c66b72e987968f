"""CUDA and TensorRT, where a GPU and their build of ONNX Runtime are at hand: `pip install onnxruntime-gpu`."""

import os
from importlib.metadata import distributions

import builders
import numpy as np
import pytest
from onnx import helper
from onnx_models import model_of
from real_profile import profile_of

from assess.describe.graph import describe
from assess.measure.measurement import Settings
from assess.measure.run import measure

CPU = "CPUExecutionProvider"
NVIDIA = ("CUDAExecutionProvider", "TensorrtExecutionProvider", "NvTensorRTRTXExecutionProvider")

pytestmark = pytest.mark.slow

node = helper.make_node


@pytest.fixture(params=NVIDIA)
def provider(request):
    """A provider that this build has and that a session gets: the wheel has them without a GPU too."""
    if all(not each.name.startswith("onnxruntime") or each.name == "onnxruntime" for each in distributions()):
        pytest.skip(f"only the plain onnxruntime is installed, which has no {request.param}")
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    if request.param not in onnxruntime.get_available_providers():
        pytest.skip(f"this ONNX Runtime has no {request.param}")
    try:
        session = onnxruntime.InferenceSession(cnn().SerializeToString(), providers=[request.param])
    except Exception as error:  # No GPU, no driver, another CUDA: each is said by another kind.
        pytest.skip(f"{request.param} cannot be used here: {error}")
    if request.param not in session.get_providers():
        pytest.skip(f"{request.param} cannot be used here: ONNX Runtime went on without it")
    return request.param


def cnn():
    return model_of(
        [
            node("Conv", ["x", "w"], ["c"], name="conv"),
            node("Relu", ["c"], ["r"], name="relu"),
            node("GlobalAveragePool", ["r"], ["y"], name="pool"),
        ],
        {"x": [1, 3, 64, 64]},
        ["y"],
        {"w": np.ones((16, 3, 3, 3), np.float32)},
    )


def test_the_gpu_takes_the_whole_model(tmp_path, provider):
    profile, placed = profile_of(tmp_path, cnn(), provider=provider)
    assert (placed.on_asked_nodes, placed.on_asked_macs, placed.fallbacks) == (1.0, 1.0, ())
    assert {each.provider for each in profile.nodes} == {provider}
    assert profile.mapped_share > 0.9


def test_what_the_gpu_does_not_take_falls_back_by_name(tmp_path, provider):
    model = model_of(
        [
            node("MatMul", ["x", "w"], ["a"], name="before"),
            node("CDist", ["a", "a"], ["b"], name="distance", domain="com.microsoft", metric="euclidean"),
            node("MatMul", ["b", "w"], ["y"], name="after"),
        ],
        {"x": [64, 64]},
        ["y"],
        {"w": np.ones((64, 64), np.float32)},
    )
    _, placed = profile_of(tmp_path, model, provider=provider)
    assert placed.fallen_back == {"com.microsoft:CDist": 1}
    assert placed.partitions == 3


def test_a_timed_run_reads_the_gpus_sensors(tmp_path, provider):
    path = tmp_path / "cnn.onnx"
    path.write_bytes(cnn().SerializeToString())
    settings = Settings(provider=provider, provider_options={"device_id": "0"}, min_count=100, min_duration_s=1.0)
    found = measure(describe(path), path, builders.job(), settings)
    assert found.failure is None, found.failure
    assert found.effective.providers[0] == provider
    assert any(reading.sensor.startswith("GPU ") for reading in found.energy), found.absent
