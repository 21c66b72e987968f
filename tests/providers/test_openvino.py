"""OpenVINO's own build of ONNX Runtime, in an environment of its own: `make test-openvino`."""

import hashlib
from importlib.metadata import distributions

import builders
import numpy as np
import pytest
from onnx import helper
from onnx_models import model_of, port
from real_profile import answer_of, profile_of

from assess.describe.graph import describe
from assess.measure.measurement import Settings
from assess.measure.run import measure

CPU, OPENVINO = "CPUExecutionProvider", "OpenVINOExecutionProvider"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        all(each.name != "onnxruntime-openvino" for each in distributions()),
        reason="onnxruntime-openvino is not installed; `make test-openvino` makes an environment with it",
    ),
]

node = helper.make_node


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


def split():
    """OpenVINO has no CDist: the model is cut in three. It does not take a node that stands alone."""
    model = model_of(
        [
            node("MatMul", ["x", "w"], ["a"], name="before"),
            node("Relu", ["a"], ["r"], name="relu"),
            node("CDist", ["r", "r"], ["b"], name="distance", domain="com.microsoft", metric="euclidean"),
            node("MatMul", ["b", "w"], ["c"], name="after"),
            node("Tanh", ["c"], ["y"], name="last"),
        ],
        {"x": [64, 64]},
        ["y"],
        {"w": np.ones((64, 64), np.float32)},
    )
    model.graph.value_info.append(port("b", [64, 64]))  # ONNX Runtime does not infer it, and OpenVINO needs it.
    return model


def test_a_model_that_openvino_takes_whole_is_one_partition(tmp_path):
    profile, placed = profile_of(tmp_path, cnn(), provider=OPENVINO)
    assert (placed.on_asked_nodes, placed.on_asked_macs, placed.partitions, placed.fallbacks) == (1.0, 1.0, 1, ())
    (compiled,) = profile.nodes
    assert (compiled.provider, compiled.own) == (OPENVINO, ("conv", "relu", "pool"))
    assert compiled.macs == 16 * 62 * 62 * 27
    assert profile.mapped_share == 1.0


def test_what_openvino_does_not_take_falls_back_by_name(tmp_path):
    profile, placed = profile_of(tmp_path, split(), provider=OPENVINO)
    assert placed.fallen_back == {"com.microsoft:CDist": 1}
    assert placed.on_asked_macs == pytest.approx(2 / 3)
    assert [(each.name, each.provider) for each in placed.fallbacks] == [("distance", CPU)]
    assert (placed.partitions, placed.on_asked_nodes) == (3, 0.8)
    assert {each.own for each in profile.nodes} == {("before", "relu"), ("distance",), ("after", "last")}


def test_options_reach_the_provider(tmp_path):
    refused, _ = answer_of(tmp_path, cnn(), provider=OPENVINO, options={"nonsense": "1"})
    assert refused["kind"] == "refused"
    assert "Invalid OpenVINO EP option: nonsense" in refused["refused"]


def test_a_device_that_is_not_there_is_no_openvino(tmp_path):
    # ONNX Runtime warns and goes on without the provider; the placement tells.
    _, placed = profile_of(tmp_path, cnn(), provider=OPENVINO, options={"device_type": "NPU"})
    assert (placed.on_asked_nodes, placed.on_asked_macs) == (0.0, 0.0)
    assert placed.fallen_back == {"Conv": 1, "Relu": 1, "GlobalAveragePool": 1}


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_timed_run_with_options(tmp_path, threads):
    path = tmp_path / "cnn.onnx"
    path.write_bytes(cnn().SerializeToString())
    options = {"device_type": "CPU", "num_of_threads": threads, "precision": "FP32"}
    settings = Settings(provider=OPENVINO, provider_options=options, min_count=100, min_duration_s=0.2)
    model = describe(path)
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    found = measure(model, path, builders.job(), settings)
    assert found.failure is None, found.failure
    assert found.effective.providers == (OPENVINO, CPU)
    assert found.effective.assigned == {OPENVINO: 3}
    assert len(found.service_ns) >= 100
    assert found.requested.provider_options == options
