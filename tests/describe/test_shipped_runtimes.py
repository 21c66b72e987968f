"""Claims about the runtimes that assess ships: spelling, ranges, and how many operators each list has."""

from pathlib import Path

import onnx
import onnxruntime
import pytest

from assess.describe.library import Library

FOLDER = Path(__file__).parents[2] / "profiles" / "runtimes"
RUNTIMES = sorted(path.stem for path in FOLDER.glob("*.toml"))

#: Never ONNX, or ONNX no more, but registered by ONNX Runtime or TensorRT in the standard domain.
BEYOND_ONNX = {
    "Affine",
    "Crop",
    "DynamicSlice",
    "ImageScaler",
    "ParametricSoftplus",
    "Scale",
    "ScaledTanh",
    "SimplifiedLayerNormalization",
}

#: In the vendors' own builds of ONNX Runtime: TI, Hailo, Qualcomm.
VENDORS_OWN = {"TIDLExecutionProvider", "HailoExecutionProvider", "QAicExecutionProvider"}

COUNTS = {
    "adi-ai8x": 14,
    "arm-vela-ethos-u55-u65": 46,
    "arm-vela-ethos-u85": 59,
    "espressif-esp-dl": 40,
    "greenwaves-nntool": 76,
    "horizon-openexplorer-bayes": 122,
    "onnxruntime-coreml": 58,
    "onnxruntime-cpu": 322,
    "onnxruntime-cuda": 209,
    "onnxruntime-directml": 195,
    "onnxruntime-nnapi": 53,
    "onnxruntime-openvino": 153,
    "onnxruntime-qnn": 93,
    "onnxruntime-vsinpu": 55,
    "onnxruntime-webgpu": 102,
    "onnxruntime-xnnpack": 12,
    "rockchip-rknn": 79,  # Of 185 that its table names.
    "sony-imx500-converter": 43,
    "tensorrt-10": 150,
    "tflite-micro": 76,
    "ti-tidl": 72,
}


@pytest.fixture(scope="module", params=RUNTIMES)
def runtime(request):
    return Library().runtime(request.param)


def test_each_says_where_it_was_read(runtime):
    assert (runtime.id, bool(runtime.name and runtime.version and runtime.source)) == (runtime.id, True)


def test_each_operator_of_the_standard_set_is_one_that_onnx_has_or_had(runtime):
    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    listed = {name for name in runtime.operators or {} if ":" not in name}
    assert sorted(listed - known - BEYOND_ONNX) == []


def test_each_operator_of_microsofts_set_is_one_of_a_published_kind(runtime):
    domains = {name.split(":")[0] for name in runtime.operators or {} if ":" in name}
    assert domains <= {"com.microsoft", "com.microsoft.nchwc", "ai.onnx.ml", "ai.onnx.preview.training"}


def test_no_operator_set_is_newer_than_onnx_itself(runtime):
    newest = onnx.defs.onnx_opset_version()
    assert runtime.opset is None or (1 <= runtime.opset.min <= runtime.opset.max <= newest)


def test_each_provider_is_spelled_as_onnx_runtime_spells_it(runtime):
    assert runtime.provider in {"", *onnxruntime.get_all_providers(), *VENDORS_OWN}


def test_each_fallback_is_a_runtime_that_lists_its_operators(runtime):
    assert not runtime.fallback or Library().runtime(runtime.fallback).operators


def test_formats_and_granularities_are_those_that_models_are_described_in(runtime):
    if runtime.quantisation is None:
        return
    assert set(runtime.quantisation.formats) <= {"QDQ", "QOperator", "weight-only", "dynamic", "mixed"}
    assert set(runtime.quantisation.granularity) <= {"per-tensor", "per-channel", "block", "mixed"}
    assert runtime.quantisation.granularity


def test_each_file_stays_small_enough_to_load_the_whole_library_at_once(runtime):
    assert (FOLDER / f"{runtime.id}.toml").stat().st_size < 25_000


def test_the_lists_are_as_long_as_their_sources():
    library = Library()
    lists = {name: library.runtime(name).operators for name in RUNTIMES}
    assert {name: len(found) for name, found in lists.items() if found is not None} == COUNTS


def test_rknn_refuses_what_its_table_marks_as_not_supported():
    operators = Library().runtime("rockchip-rknn").operators
    assert {"Erf", "LayerNormalization", "GridSample", "NonMaxSuppression"}.isdisjoint(operators)


def test_the_npu_of_the_stm32mp2_takes_scales_per_tensor_only():
    assert Library().runtime("onnxruntime-vsinpu").quantisation.granularity == ("per-tensor",)


def test_vela_hands_the_rest_to_the_microcontroller():
    vela, micro = Library().runtime("arm-vela-ethos-u55-u65"), Library().runtime("tflite-micro")
    assert vela.fallback == "tflite-micro"
    assert sorted(set(micro.operators) - set(vela.operators))[:4] == ["And", "ArgMin", "Cast", "Ceil"]


def test_the_ethos_u85_takes_all_that_the_u55_takes():
    small, large = (Library().runtime(name).operators for name in ("arm-vela-ethos-u55-u65", "arm-vela-ethos-u85"))
    assert set(small) < set(large)


def test_a_kernel_of_an_older_operator_set_counts_for_that_only():
    cuda, directml = Library().runtime("onnxruntime-cuda"), Library().runtime("onnxruntime-directml")
    assert cuda.supports("Conv", "ai.onnx", 21) is not None
    assert cuda.supports("Conv", "ai.onnx", 22) is None
    assert cuda.supports("OneHot", "ai.onnx", 10) is None
    assert [directml.supports("If", "ai.onnx", opset) is None for opset in (10, 11, 20, 21)] == [
        True,
        False,
        False,
        True,
    ]
    # What is not one range stays in words.
    assert directml.operators["ConstantOfShape"].conditions == ("operator sets up to 19 and 21 to 22",)


def test_so_many_operators_are_limited_to_operator_sets():
    library = Library()
    limited = {
        name: [one for one in (library.runtime(name).operators or {}).values() if one.opsets] for name in RUNTIMES
    }
    counts = {name: len(found) for name, found in limited.items() if found}
    assert counts == {
        "onnxruntime-cuda": 51,
        "onnxruntime-directml": 55,
        "onnxruntime-webgpu": 28,
        "onnxruntime-xnnpack": 4,
    }


def test_every_limit_is_an_operator_set_that_the_runtime_reads_and_another_lies_beyond(runtime):
    """A limit that no model can meet says nothing, or is a slip."""
    if runtime.opset is None:
        return
    for name, one in (runtime.operators or {}).items():
        if ":" not in name:
            assert one.min_opset is None or runtime.opset.min < one.min_opset <= runtime.opset.max, name
            assert one.max_opset is None or runtime.opset.min <= one.max_opset < runtime.opset.max, name
