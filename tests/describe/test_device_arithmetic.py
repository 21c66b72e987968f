"""A device's file whose numbers disagree with their own parts."""

from __future__ import annotations

from typing import Any

import pytest

from assess.describe.device_arithmetic import engine_arithmetic, memory_arithmetic, peak_arithmetic, written


def number(value: Any) -> dict[str, Any]:
    return {"value": value, "source": "DS", "grade": "A"}


def memory(**numbers: str) -> list[str]:
    table = {key: number(value) for key, value in numbers.items()}
    return [f"{'.'.join(map(str, keys))}: {text}" for keys, text in memory_arithmetic("memory", table)]


def peak(engine: dict[str, Any] | None = None, sparsity: str = "2:4", **numbers: Any) -> list[str]:
    table = {"sparsity": sparsity, **{key: number(value) for key, value in numbers.items()}}
    found = peak_arithmetic({key: number(value) for key, value in (engine or {}).items()}, table)
    return [f"{'.'.join(map(str, keys))}: {text}" for keys, text in found]


def test_bandwidth_is_width_times_rate() -> None:
    assert memory(width="256 bit", rate="6400 MT/s", bandwidth="204.8 GB/s") == []
    assert memory(width="256 bit", rate="6400 MT/s", bandwidth="205 GB/s") == []
    assert memory(width="128 bit", rate="6400 MT/s", bandwidth="204.8 GB/s") == [
        "memory.bandwidth.value: expected 102 GB/s, which is 128 bit / 8 x 6400 MT/s of this table"
    ]


def test_no_more_is_reached_than_the_peak() -> None:
    assert memory(bandwidth="100 GB/s", measured_bandwidth="100.5 GB/s") == []
    text = "memory.measured_bandwidth.value: is more than the peak in 'bandwidth'"
    assert memory(bandwidth="100 GB/s", measured_bandwidth="110 GB/s") == [text]
    assert peak(dense="10 TOPS", measured="11 TOPS") == ["measured.value: is more than the peak in 'dense'"]


def test_a_peak_is_units_times_clock_times_operations() -> None:
    orin = {"units": 64, "clock": "1.3005 GHz"}
    assert peak(orin, dense="85.2 TOPS", operations_per_clock=1024) == []
    assert peak(orin, dense="8.52 TOPS", operations_per_clock=1024) == [
        "dense.value: expected 85.2 TOPS, which is 64 units x 1.3 GHz x 1024 operations per clock"
    ]
    assert peak({"clock": "1.3005 GHz"}, dense="8.52 TOPS", operations_per_clock=1024) == []


def test_one_wrong_number_is_told_once() -> None:
    orin = {"units": 64, "clock": "1.3005 GHz"}
    told = ["dense.value: expected 85.2 TOPS, which is 64 units x 1.3 GHz x 1024 operations per clock"]
    assert peak(orin, dense="8.52 TOPS", sparse="170 TOPS", measured="60 TOPS", operations_per_clock=1024) == told
    wrong_parts = peak(orin, dense="85.2 TOPS", sparse="170 TOPS", measured="60 TOPS", operations_per_clock=512)
    assert wrong_parts == ["dense.value: expected 42.6 TOPS, which is 64 units x 1.3 GHz x 512 operations per clock"]
    two = peak(orin, dense="8.52 TOPS", sparse="99 TOPS", operations_per_clock=1024)
    assert [text.partition(":")[0] for text in two] == ["dense.value", "sparse.value"]
    wrong_peak = memory(width="256 bit", rate="6400 MT/s", bandwidth="20.48 GB/s", measured_bandwidth="188 GB/s")
    assert [text.partition(":")[0] for text in wrong_peak] == ["memory.bandwidth.value"]


def test_a_wrong_clock_is_told_once_and_not_of_each_peak() -> None:
    peaks = [
        {"dense": number("42.6 TOPS"), "operations_per_clock": number(512)},
        {"dense": number("85.2 TOPS"), "operations_per_clock": number(1024)},
    ]
    engine = {"units": number(64), "clock": number("1.3005 GHz")}
    assert engine_arithmetic(engine, peaks) == ""
    assert engine_arithmetic({**engine, "clock": number("1300.5 GHz")}, peaks) == (
        "units x clock x operations per clock is 1000 times each dense peak of this engine: 'clock' or 'units' is wrong"
    )
    assert engine_arithmetic({**engine, "clock": number("1300.5 GHz")}, peaks[:1]) == ""
    peaks[0]["dense"] = number("426 TOPS")
    assert engine_arithmetic(engine, peaks) == ""


def test_twice_the_product_is_a_sparse_peak_or_a_mac_counted_once() -> None:
    parts = {"units": 2048, "clock": "900 MHz"}
    assert peak(parts, dense="7.4 TOPS", operations_per_clock=2) == [
        "dense.value: expected 3.69 TOPS, which is 2048 units x 900 MHz x 2 operations per clock; twice that is what "
        "2:4 sparsity makes of it: a sparse peak goes into 'sparse'"
    ]
    assert peak(parts, dense="3.7 TOPS", operations_per_clock=1) == [
        "dense.value: expected 1.84 TOPS, which is 2048 units x 900 MHz x 1 operations per clock; one "
        "multiply-accumulate is two operations"
    ]


def test_a_headline_in_one_digit_agrees_within_half_of_it() -> None:
    parts = {"units": 1, "clock": "1 GHz"}
    assert peak(parts, dense="8 TOPS", operations_per_clock=8400) == []
    assert len(peak(parts, dense="8.0 TOPS", operations_per_clock=8400)) == 1


def test_sparse_is_twice_dense_unless_it_is_unstructured() -> None:
    assert peak(dense="85.2 TOPS", sparse="170 TOPS") == []
    assert peak(dense="8 TOPS", sparse="80 TOPS") == [
        'sparse.value: expected 16 TOPS, twice the dense peak; sparsity = "unstructured" if it is not 2:4 sparsity'
    ]
    assert peak(dense="8 TOPS", sparse="80 TOPS", sparsity="unstructured") == []
    assert peak(dense="8 TOPS", sparse="4 TOPS", sparsity="unstructured") == [
        "sparse.value: is less than the dense peak"
    ]


@pytest.mark.parametrize(
    ("text", "value", "half"),
    [
        ("85.2 TOPS", 85.2e12, 0.05e12),
        ("8 TOPS", 8e12, 0.5e12),
        ("1_000 GOPS", 1e12, 0.5e9),
        ("1e3 GOPS", 1e12, 0.5e12),
    ],
)
def test_the_last_digit_written_tells_the_rounding(text: str, value: float, half: float) -> None:
    found = written({"dense": number(text)}, "dense", "op/s")
    assert found is not None
    assert (found.value, found.half_a_digit) == (pytest.approx(value), pytest.approx(half))


def test_a_malformed_number_is_no_number() -> None:
    for value in ("8 GB", "x", "", 8, None, "1e999 TOPS"):
        assert written({"dense": number(value)}, "dense", "op/s") is None
    assert written({"dense": "8 TOPS"}, "dense", "op/s") is None
    assert written(None, "dense", "op/s") is None
