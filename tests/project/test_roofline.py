from dataclasses import replace

import builders
import pytest

from assess.project.roofline import latency_bound

DENSE = replace(builders.CONV, kind="depthwise")  # No fast algorithm computes it in fewer multiplications.


def bound(*operators, device=None, runtime=None):
    device = device or builders.device()
    model = builders.model(operators=operators or (DENSE,))
    return latency_bound(model, device, device.runtime[0], runtime or builders.runtime())


def with_peak(precision, value):
    engine = builders.DEVICE["engine"][0]
    peak = {"precision": precision, "dense": {"value": value, "source": "DS", "grade": "A"}}
    return builders.device(engine=[{**engine, "peak": [*engine["peak"], peak]}])


def test_a_compute_limited_model_takes_its_arithmetic():
    # Two executions of 2 x 500 M operations at 1 TOPS: 2 ms; reading 2 x 3 MB at 10 GB/s takes 0.6 ms beside it.
    assert bound().seconds == pytest.approx(2e-3)


def test_a_memory_limited_model_takes_its_reading():
    # 2 x 2 M operations take 4 us, reading 6 MB of weights 600 us.
    assert bound(replace(DENSE, macs=1_000_000)).seconds == pytest.approx(600e-6)


def test_reading_and_computing_go_on_at_the_same_time():
    slow = replace(DENSE, weight_bytes=0)
    heavy = replace(DENSE, macs=1)
    assert bound(slow, heavy).seconds == pytest.approx(2e-3)


def test_weights_are_read_once_however_often_they_are_used():
    looped = replace(DENSE, macs=1_000, count=1000)
    assert bound(looped).seconds == pytest.approx(600e-6)


def test_a_float_convolution_may_be_computed_in_four_times_fewer_operations():
    assert bound(replace(builders.CONV, weight_bytes=0)).seconds == pytest.approx(0.5e-3)
    # Integers leave no room for the transforms of fast algorithms.
    assert bound(replace(builders.CONV, weight_bytes=0, precision="int8")).seconds == pytest.approx(0.5e-3)


def test_a_float_model_is_bounded_by_the_fastest_format_that_the_runtime_has():
    half = builders.runtime(precisions=["fp32", "fp16"])
    found = bound(device=with_peak("fp16", "2 TOPS"), runtime=half)
    assert found.seconds == pytest.approx(1e-3)
    assert found.basis == "roofline at 2 TOPS fp16 and 10 GB/s: a lower bound"
    # A runtime of fp32 alone may not use it.
    assert bound(device=with_peak("fp16", "2 TOPS")).seconds == pytest.approx(2e-3)


def test_weights_may_be_held_in_the_narrowest_format():
    half = builders.runtime(precisions=["fp32", "fp16"])
    found = bound(replace(DENSE, macs=1_000), device=with_peak("fp16", "2 TOPS"), runtime=half)
    assert found.seconds == pytest.approx(300e-6)


def test_a_runtime_that_quantises_floats_may_compute_them_in_integers():
    found = bound(runtime=builders.runtime(precisions=["int8"], quantises_floats=True))
    assert found.seconds == pytest.approx(0.5e-3)


def test_an_unpublished_faster_format_leaves_no_bound():
    half = builders.runtime(precisions=["fp32", "fp16"])
    assert bound(runtime=half) == ("the 16-bit peak, which a runtime may use, is not known (npu) for acme-rover")


def test_a_missing_peak_is_a_reason_and_not_a_number():
    assert bound(replace(DENSE, precision="int4")) == "no dense int4 peak is known (npu) for acme-rover"


def test_unknown_operators_leave_it_a_lower_bound():
    assert bound(DENSE, replace(DENSE, type="Frobnicate", macs=None)).seconds == pytest.approx(2e-3)


def test_a_model_without_arithmetic_has_no_bound():
    assert bound(builders.RELU) == "the model has no operator whose arithmetic is known"


def test_a_recalled_peak_is_named():
    engine = {**builders.DEVICE["engine"][0]}
    engine["peak"] = [{"precision": "fp32", "dense": {"value": "1 TOPS", "source": "DS", "grade": "R"}}]
    assert "a recalled number" in bound(device=builders.device(engine=[engine])).basis


def streaming(**keys):
    size = {"value": "2 MB", "source": "DS", "grade": "A"}
    link = {"value": "100 MB/s", "source": "DS", "grade": "A"}
    chip = {"kind": "on-chip", "capacity": size, "weights_beyond": "streamed", "host_link": link}
    return builders.device(memory=None, on_chip={**chip, **keys})


def test_streamed_weights_take_their_time_on_the_hosts_link():
    found = bound(device=streaming())
    assert found.seconds == pytest.approx(40e-3)  # 6 MB are read, 2 MB stay on the chip, 4 MB come at 100 MB/s.
    assert found.basis == "roofline at 1 TOPS fp32, with 4 MB of weights streamed at 100 MB/s: a lower bound"


def test_weights_that_stay_on_the_chip_are_not_streamed():
    roomy = {"value": "6 MB", "source": "DS", "grade": "A"}
    assert bound(device=streaming(capacity=roomy)).seconds == pytest.approx(2e-3)
    assert bound(device=streaming(weight_capacity=roomy)).basis == "roofline at 1 TOPS fp32: a lower bound"


def test_an_unknown_link_or_room_bounds_nothing():
    assert bound(device=streaming(host_link=None)).seconds == pytest.approx(2e-3)
    assert bound(device=streaming(capacity=None)).seconds == pytest.approx(2e-3)


def test_a_recalled_link_is_named():
    link = {"value": "100 MB/s", "source": "DS", "grade": "R"}
    assert bound(device=streaming(host_link=link)).basis.endswith("at 100 MB/s, a recalled number: a lower bound")
