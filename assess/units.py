"""Quantities with units: parsed once at the edge into SI floats, formatted once on the way out."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from typing import Final, Literal

Unit = Literal["B", "s", "Hz", "B/s", "op/s", "W", "J", "degC", "bit", "T/s", "1"]

_BYTES: Final = {
    "B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40,
}  # fmt: skip

#: For each base unit, the spellings that may be written and their factors. One MAC is two operations.
SPELLINGS: Final[dict[Unit, dict[str, float]]] = {
    "B": _BYTES,
    "s": {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0},
    "Hz": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
    "B/s": {f"{name}/s": factor for name, factor in _BYTES.items()},
    "op/s": {
        "OPS": 1.0, "MOPS": 1e6, "GOPS": 1e9, "TOPS": 1e12,
        "MFLOPS": 1e6, "GFLOPS": 1e9, "TFLOPS": 1e12,
    },
    "W": {"mW": 1e-3, "W": 1.0},
    "J": {"uJ": 1e-6, "mJ": 1e-3, "J": 1.0},
    "degC": {"degC": 1.0, "°C": 1.0},
    "bit": {"bit": 1.0},
    "T/s": {"MT/s": 1e6, "GT/s": 1e9},
    "1": {"%": 0.01},
}  # fmt: skip

_EXAMPLES: Final[dict[Unit, str]] = {
    "B": "8 GiB", "s": "33 ms", "Hz": "30 Hz", "B/s": "51.2 GB/s", "op/s": "40 TOPS", "W": "15 W",
    "J": "20 mJ", "degC": "85 degC", "bit": "128 bit", "T/s": "6400 MT/s", "1": "25 %",
}  # fmt: skip

_QUANTITY: Final = re.compile(r"\s*([-+]?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*([^\s0-9_].*?)?\s*")


def parse(text: str, unit: Unit) -> float:
    """Read a quantity such as "8 GiB" as a float in the base unit `unit`.

    Raises:
        ValueError: the text is not a number and a unit of this dimension, or it is negative or not finite;
            the message says what was expected and, where one is near, which unit was probably meant.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity; expected a number and a unit such as {_EXAMPLES[unit]!r}")
    number, spelling = match.group(1), match.group(2)
    if spelling is None:
        raise ValueError(f"{text!r} has no unit; expected a quantity such as {_EXAMPLES[unit]!r}")
    factor = SPELLINGS[unit].get(spelling)
    if factor is None:
        raise ValueError(f"{text!r} has the unit {spelling!r}; {_expected(spelling, unit)}")
    value = float(number) * factor
    if not math.isfinite(value) or (value < 0 and unit != "degC"):
        raise ValueError(f"{text!r} must be a finite number that is not negative")
    return value


def example(unit: Unit) -> str:
    """A quantity of this dimension, well written."""
    return _EXAMPLES[unit]


def _expected(spelling: str, unit: Unit) -> str:
    if "bit" in spelling.lower() and unit in ("B", "B/s"):
        return "bits are not taken: write bytes, an eighth of it"
    if spelling.startswith(","):
        return "write a point, not a comma"
    near = [name for name in SPELLINGS[unit] if name.lower() == spelling.lower()]
    near = near or get_close_matches(spelling, SPELLINGS[unit], n=1, cutoff=0.5)
    if near:
        return f"did you mean {_typed(near[0], unit)!r}?"
    return f"expected one of {', '.join(SPELLINGS[unit])}"


def _typed(spelling: str, unit: Unit) -> str:
    """The spelling of the same unit that every keyboard has."""
    if spelling.isascii():
        return spelling
    same = SPELLINGS[unit][spelling]
    return next(name for name, factor in SPELLINGS[unit].items() if factor == same and name.isascii())


_SCALES: Final[dict[str, list[tuple[float, str]]]] = {
    "B": [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")],
    "s": [(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")],
    "Hz": [(1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"), (1.0, "Hz")],
    "B/s": [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")],
    "op/s": [(1e12, "TOPS"), (1e9, "GOPS"), (1e6, "MOPS"), (1.0, "OPS")],
    "MAC": [(1e12, "TMACs"), (1e9, "GMACs"), (1e6, "MMACs"), (1e3, "kMACs"), (1.0, "MACs")],
    "count": [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")],
    "W": [(1.0, "W"), (1e-3, "mW")],
    "T/s": [(1e6, "MT/s")],
    "bit": [(1.0, "bit")],
}


def format_quantity(value: float, unit: str) -> str:
    """Format a base-unit float for people: three significant digits and the scale that suits its size."""
    if unit == "1":
        return f"{_three_digits(value * 100)} %"
    if math.isinf(value):
        return "unbounded"
    scales = _SCALES.get(unit)
    if scales is None:
        return f"{_three_digits(value)} {unit}".rstrip()
    # Rounded first, so that 999.96 kB becomes 1 MB and not 1000 kB.
    rounded = float(f"{value:.3g}")
    factor, name = next((s for s in scales if abs(rounded) >= s[0]), scales[-1])
    return f"{_three_digits(value / factor)} {name}".rstrip()


def written(value: float, unit: Unit) -> str:
    """A base-unit float as it is put into an authored file: four significant digits, spelt as `parse` reads it."""
    factor, name = next((s for s in _SCALES[unit] if abs(value) >= s[0]), _SCALES[unit][-1])
    return f"{float(f'{value / factor:.4g}'):.10g} {name}"


def format_range(low: float, high: float, unit: str) -> str:
    """Format a range; one number when both ends read the same, "at least X" when it has no upper end."""
    if math.isinf(high):
        return f"at least {format_quantity(low, unit)}"
    first, last = format_quantity(low, unit), format_quantity(high, unit)
    return first if first == last else f"{first} to {last}"


#: Of the largest scale of a unit; what is more is written as a power of ten.
_MOST_IN_DIGITS: Final = 1e6


def _three_digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if 100 <= abs(rounded) <= _MOST_IN_DIGITS else f"{rounded:.3g}"
