import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.units import SPELLINGS, format_quantity, format_range, parse


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("8 GiB", "B", 8 * 2**30), ("8GB", "B", 8e9), ("1_000 kB", "B", 1e6), ("33.3 ms", "s", 0.0333),
        ("20 us", "s", 20e-6), ("20 µs", "s", 20e-6), ("30 Hz", "Hz", 30), ("51.2 GB/s", "B/s", 51.2e9),
        ("40 TOPS", "op/s", 40e12), ("5.33 TFLOPS", "op/s", 5.33e12), ("25 %", "1", 0.25), ("-25 degC", "degC", -25),
    ],
)  # fmt: skip
def test_quantities_become_base_units(text, unit, value):
    assert parse(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("8", "B", "'8' has no unit; expected a quantity such as '8 GiB'"),
        ("8 Gib", "B", "'8 Gib' has the unit 'Gib'; did you mean 'GiB'?"),
        ("33 ms", "B", "'33 ms' has the unit 'ms'"),
        ("102 Gbit/s", "B/s", "has the unit 'Gbit/s'; bits are not taken: write bytes, an eighth of it"),
        ("80 C", "degC", "'80 C' has the unit 'C'; did you mean 'degC'?"),
        ("7 µS", "s", "'7 µS' has the unit 'µS'; did you mean 'us'?"),
        ("5 GFLOP", "op/s", "did you mean 'GFLOPS'?"),
        ("66,7 ms", "s", "write a point, not a comma"),
        ("-3 MB", "B", "'-3 MB' must be a finite number that is not negative"),
        ("nan GB", "B", "'nan GB' is not a quantity"),
        ("inf s", "s", "'inf s' is not a quantity"),
        ("1e999 s", "s", "must be a finite number"),
        ("", "s", "'' is not a quantity"),
        ("8 GiB; rm", "B", "has the unit 'GiB; rm'"),
    ],
)
def test_what_is_not_a_quantity_is_refused_by_name(text, unit, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse(text, unit)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (6.1e6, "B", "6.1 MB"), (999_960, "B", "1 MB"), (0.0333, "s", "33.3 ms"), (52.9e-6, "s", "52.9 us"),
        (0, "B", "0 B"), (4.1e9, "MAC", "4.1 GMACs"), (25.6e6, "count", "25.6 M"), (0.25, "1", "25 %"),
        (math.inf, "s", "unbounded"), (120.4, "s", "120 s"), (12345, "frames", "12300 frames"),
    ],
)  # fmt: skip
def test_quantities_read_with_three_digits(value, unit, text):
    assert format_quantity(value, unit) == text


def test_ranges_collapse_when_both_ends_read_the_same():
    assert format_range(0.011, 0.019, "s") == "11 ms to 19 ms"
    assert format_range(0.011, 0.01100001, "s") == "11 ms"
    assert format_range(0.011, math.inf, "s") == "at least 11 ms"


@given(st.sampled_from(["B", "s", "Hz", "B/s", "op/s", "W"]), st.floats(1e-9, 1e15))
def test_what_is_formatted_reads_back(unit, value):
    text = format_quantity(value, unit)
    if text.split()[-1] in SPELLINGS[unit]:
        assert parse(text, unit) == pytest.approx(value, rel=0.006)
