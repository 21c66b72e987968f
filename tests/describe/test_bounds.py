"""What may be written at all: quantities and counts within bounds, text that says something."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from assess.describe.authored import load
from assess.describe.card import Card
from assess.describe.device import Device, Identity
from assess.describe.device_arithmetic import count, written
from assess.describe.quantity import (
    BOUNDS,
    Bytes,
    Hertz,
    Joules,
    Seconds,
    Share,
    SourcedBytes,
    SourcedCount,
    SourcedHertz,
    SourcedOps,
    SourcedTemperature,
    SourcedWatts,
    Text,
    Whole,
    says_something,
)
from assess.describe.workload import Requires, Workload
from assess.errors import AssessError
from assess.units import SPELLINGS, format_quantity


def told(kind, value):
    """What is wrong with a value; "" if nothing is."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        return str(first.get("ctx", {}).get("error", first["msg"]))
    return ""


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (Seconds, ("1 ns", "24 h", "86400 s"), ("0.9 ns", "86401 s", "25 h", "1e300 s", "1e-300 s")),
        (Hertz, ("1.2e-5 Hz", "1 GHz"), ("1.1e-5 Hz", "1e-320 Hz", "1e300 Hz")),
        (Bytes, ("1 B", "1000 TB"), ("0.5 B", "1001 TB", "1e300 B")),
        (Joules, ("1 uJ", "1e9 J"), ("1e-13 J", "1e300 J")),
        (Share, ("0.0001 %", "100 %"), ("1e-300 %",)),
    ],
)
def test_quantities_have_bounds(kind, inside, outside):
    assert [told(kind, text) for text in inside] == [""] * len(inside)
    assert [text for text in outside if not told(kind, text).startswith(f"'{text}' must be ")] == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SourcedBytes, "1e300 B"),
        (SourcedOps, "1e295 TOPS"),
        (SourcedOps, "1e-300 OPS"),
        (SourcedHertz, "1e300 Hz"),
        (SourcedWatts, "1e-300 W"),
        (SourcedTemperature, "-300 degC"),
    ],
)
def test_numbers_with_a_source_have_the_same_bounds(kind, text):
    assert f"'{text}' must be " in told(kind, {"value": text, "source": "DS", "grade": "A"})


def test_a_system_may_still_reserve_nothing():
    assert told(SourcedBytes, {"value": "0 B", "source": "DS", "grade": "A"}) == ""


@pytest.mark.parametrize("unit", sorted(SPELLINGS))
def test_every_unit_has_bounds(unit):
    least, most, said = BOUNDS[unit]
    assert least < most
    assert said


@pytest.mark.parametrize("value", [10**9 + 1, 10**401, 1 << 20_000], ids=["one more", "401 digits", "hexadecimal"])
def test_counts_have_a_bound(value):
    assert "must be at most 1000000000" in told(SourcedCount, {"value": value, "source": "DS", "grade": "A"})
    assert told(Whole, value) == "Input should be less than or equal to 1000000000"
    assert count({"units": {"value": value}}, "units") is None
    assert count({"units": {"value": 10**9}}, "units") == 10**9


def test_arithmetic_leaves_out_what_is_told_already():
    assert written({"clock": {"value": "1e300 Hz"}}, "clock", "Hz") is None
    found = written({"clock": {"value": "0 Hz"}}, "clock", "Hz")
    assert found is not None
    assert found.value == 0


BLANK = ["\u200b", "\u2800", "\u2060\ufeff", "\u3164", "-", ".", "\U000e0041"]


@pytest.mark.parametrize("text", BLANK)
def test_text_that_nobody_can_read_says_nothing(text):
    assert not says_something(text)
    assert told(Text, text) == "has neither letter nor digit: it says nothing"
    card = {"name": "A", "file": "a.onnx", "sha256": "0" * 64, "licence": "MIT"}
    for key in ("origin", "data_residency"):
        assert "has neither letter nor digit" in told(Card, {**card, key: text})
        assert told(Card, {**card, key: ""}) == ""


@pytest.mark.parametrize("text", ["a", "7", "\u200bJapan", "東京", "القاهرة", "한국", "ไทย", "٣"])
def test_text_of_any_script_says_something(text):
    assert says_something(text)
    assert told(Text, text) == ""


@pytest.mark.parametrize("key", ["board", "cpu", "power_mode"])
def test_an_identity_names_something(key):
    for nothing in ("", " ", "\u200b"):
        with pytest.raises(ValidationError):
            Identity.model_validate({key: [nothing]})


@pytest.mark.parametrize(
    ("percentile", "problem"),
    [
        (0.99, "0.99 must be at least 50; it is in percent: 99, not 0.99"),
        (0.999, "0.999 must be at least 50; it is in percent: 99.9, not 0.999"),
        (5.0, "5 must be at least 50"),
        (99.9999999999999, "99.9999999999999 must be at most 99.9999: millions of frames certify no more"),
        (50.0, ""),
        (99.9999, ""),
    ],
)
def test_a_percentile_is_in_percent_and_can_be_certified(percentile, problem):
    assert told(Requires, {"percentile": percentile}) == problem


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1e200, "B", "1e+191 GB"),
        (1e15, "B", "1000000 GB"),
        (1.1e15, "B", "1.1e+06 GB"),
        (1e300, "W", "1e+300 W"),
        (1e16, "op/s", "10000 TOPS"),
        (1e300, "J", "1e+300 J"),
    ],
)
def test_huge_numbers_are_told_as_powers_of_ten(value, unit, text):
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize("line", ["version = 0x{}", "name = 0x{}", "[requires.misses]\nin_any = 0x{}"])
def test_numbers_that_python_does_not_write_are_told(tmp_path, line):
    (tmp_path / "job.toml").write_text(line.format("f" * 6000) + "\n")
    with pytest.raises(AssessError, match="a number of too many digits"):
        load(tmp_path / "job.toml", Workload, id="job")
    (tmp_path / "rover.toml").write_text("power = 0x" + "f" * 6000)
    with pytest.raises(AssessError, match="expected a table, found a number of too many digits"):
        load(tmp_path / "rover.toml", Device, id="rover")
