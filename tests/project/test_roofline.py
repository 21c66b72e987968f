from dataclasses import replace

import builders
import pytest

from assess.project.roofline import latency_bound


def bound(model=None, device=None):
    device = device or builders.device()
    return latency_bound(model or builders.model(), device, device.runtime[0])


def test_compute_limited_operators_take_their_arithmetic():
    # Two convolutions of 2 x 500 M operations at 1 TOPS: 1 ms each; reading 3 MB at 10 GB/s takes 0.3 ms.
    assert bound().seconds == pytest.approx(2e-3)
    assert bound().compute_s == pytest.approx(2e-3)


def test_memory_limited_operators_take_their_reading():
    # 2 x 1 M operations take 2 us, reading 3 MB 300 us; twice.
    conv = replace(builders.CONV, macs=1_000_000)
    found = bound(builders.model(operators=(conv,), macs=2_000_000))
    assert found.seconds == pytest.approx(600e-6)
    assert found.compute_s == 0


def test_an_integer_model_uses_the_integer_peak():
    conv = replace(builders.CONV, precision="int8", weight_bytes=0)
    assert bound(builders.model(operators=(conv,))).seconds == pytest.approx(0.5e-3)


def test_a_float_model_is_bounded_by_the_fastest_float_peak():
    engine = builders.DEVICE["engine"][0]
    half = {"precision": "fp16", "dense": {"value": "2 TOPS", "source": "DS", "grade": "A"}}
    device = builders.device(engine=[{**engine, "peak": [*engine["peak"], half]}])
    assert bound(device=device).seconds == pytest.approx(1e-3)


def test_a_missing_peak_is_a_reason_and_not_a_number():
    conv = replace(builders.CONV, precision="int4")
    assert bound(builders.model(operators=(conv,))) == "no dense int4 peak is known for acme-rover (npu)"


def test_unknown_operators_leave_it_a_lower_bound():
    unknown = replace(builders.CONV, type="Frobnicate", macs=None)
    assert bound(builders.model(operators=(builders.CONV, unknown))).seconds == pytest.approx(2e-3)


def test_a_model_without_arithmetic_has_no_bound():
    assert bound(builders.model(operators=(builders.RELU,), macs=0)) == (
        "the model has no operator whose arithmetic is known"
    )
