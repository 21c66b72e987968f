"""Samples as text."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.measure.samples import aggregates, decode, encode


def packed(*numbers):
    return base64.b64encode(bytes(numbers)).decode()


@given(st.lists(st.integers(1, 2**63 - 1), max_size=50))
def test_what_is_encoded_is_decoded(samples):
    assert decode(encode(samples), len(samples)) == tuple(samples)


def test_the_encoding_is_leb128_in_base64():
    assert encode([1, 127, 128, 20_000]) == packed(0x01, 0x7F, 0x80, 0x01, 0xA0, 0x9C, 0x01)


def test_three_bytes_hold_an_inference_of_two_milliseconds():
    assert len(base64.b64decode(encode([2_000_000]))) == 3


@pytest.mark.parametrize("sample", [0, -1])
def test_an_inference_that_took_no_time_is_not_written(sample):
    with pytest.raises(ValueError, match="is less than 1"):
        encode([5, sample])


@pytest.mark.parametrize(
    ("text", "count", "problem"),
    [
        (packed(0x05), 2, "holds 1 samples, count says 2"),
        (packed(0x05, 0x06), 1, "holds 2 samples, count says 1"),
        (packed(0x05, 0x00), 2, "sample 1 is zero"),
        (packed(0x85, 0x00), 1, "not in its shortest form"),
        (packed(0x05, 0x80), 2, "sample 1 is cut off"),
        (packed(*[0xFF] * 9, 0x01), 1, "longer than 9 bytes"),
        ("not base64!", 1, "not base64"),
        ("AAA", 1, "not base64"),
        ("ü", 1, "not base64"),
    ],
)
def test_what_is_no_such_encoding_is_refused(text, count, problem):
    with pytest.raises(ValueError, match=problem):
        decode(text, count)


def test_percentiles_are_samples_that_occurred():
    assert aggregates(range(1, 101)) == {
        "p50": 50, "p90": 90, "p99": 99, "min": 1, "max": 100, "mean": 50.5, "total": 5050,
    }  # fmt: skip
    assert aggregates([7]) == {"p50": 7, "p90": 7, "p99": 7, "min": 7, "max": 7, "mean": 7.0, "total": 7}
    assert aggregates([30, 10, 20])["p50"] == 20


def test_zeros_are_written_where_they_may_occur():
    assert decode(encode((0, 5, 0), least=0), 3, least=0) == (0, 5, 0)
    with pytest.raises(ValueError, match="sample 0 is zero"):
        decode(encode((0, 5, 0), least=0), 3)
