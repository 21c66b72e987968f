"""Whether the numbers of a device's file agree with the parts they are made of; read from its mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assess.describe.positions import Path as KeyPath
from assess.describe.quantity import LONGEST, MOST, within_bounds
from assess.units import Unit, format_quantity, parse

#: Clocks and peaks are published in three digits or fewer, each rounded on its own.
_ROUNDING: Final = 0.01


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it stands in the file.

    Attributes:
        value: in the base unit.
        half_a_digit: half a unit of its last digit written, in the base unit.
    """

    value: float
    half_a_digit: float

    def agrees(self, other: float) -> bool:
        """Whether `other` is this number, but for rounding."""
        return abs(other - self.value) <= max(_ROUNDING * max(self.value, other), self.half_a_digit)


def written(table: Any, key: str, unit: Unit) -> Written | None:
    """A number of a table, or None if it is absent or malformed: that is told elsewhere."""
    found = table.get(key) if isinstance(table, Mapping) else None
    text = found.get("value") if isinstance(found, Mapping) else None
    if not isinstance(text, str) or len(text) > LONGEST:
        return None
    try:
        value = parse(text, unit)
        digits = re.match(r"\s*-?([0-9_]*)\.?([0-9]*)", text)
        scale = value / float(f"{digits[1].replace('_', '')}.{digits[2]}") if digits and value else 0.0
    except ValueError:
        return None
    if value and not within_bounds(value, unit):
        return None
    return Written(value, 0.5 * abs(scale) * 10.0 ** -len(digits[2] if digits else ""))


def count(table: Any, key: str) -> int | None:
    """A whole number of a table, or None as in `written`."""
    found = table.get(key) if isinstance(table, Mapping) else None
    value = found.get("value") if isinstance(found, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST else None


def memory_arithmetic(name: str, memory: Any) -> Iterator[tuple[KeyPath, str]]:
    """A memory's peak bandwidth against width x rate, and what was reached against its peak."""
    peak, width, rate = (
        written(memory, "bandwidth", "B/s"),
        written(memory, "width", "bit"),
        written(memory, "rate", "T/s"),
    )
    reached = written(memory, "measured_bandwidth", "B/s")
    most = peak.value if peak else 0.0
    if peak and peak.value and width and width.value and rate and rate.value:  # What is zero is told already.
        product = width.value / 8.0 * rate.value
        if not peak.agrees(product):
            most = max(most, product)  # What agrees with either is not told again.
            found = f"{format_quantity(width.value, 'bit')} / 8 x {format_quantity(rate.value, 'T/s')}"
            text = f"expected {format_quantity(product, 'B/s')}, which is {found} of this table"
            yield (name, "bandwidth", "value"), text
    if peak and peak.value and reached and reached.value > most and not peak.agrees(reached.value):
        yield (name, "measured_bandwidth", "value"), "is more than the peak in 'bandwidth'"


@dataclass(frozen=True, slots=True)
class Parts:
    """A dense peak and what it is made of.

    Attributes:
        dense: the peak.
        product: units x clock x operations per clock.
        said: the product in words.
    """

    dense: Written
    product: float
    said: str

    @property
    def agree(self) -> bool:
        """Whether the peak is the product."""
        return self.dense.agrees(self.product)


def parts(engine: Mapping[str, Any], peak: Any) -> Parts | None:
    """A peak with its parts; None where any of them is absent or malformed."""
    dense = written(peak, "dense", "op/s")
    units, clock = count(engine, "units"), written(engine, "clock", "Hz")
    each = count(peak, "operations_per_clock")
    if not (dense and dense.value and units and clock and clock.value and each):
        return None
    said = f"{units} units x {format_quantity(clock.value, 'Hz')} x {each} operations per clock"
    return Parts(dense, units * clock.value * each, said)


def engine_arithmetic(engine: Mapping[str, Any], peaks: Sequence[Any]) -> str:
    """What is wrong with an engine if all of its peaks are off by one factor; "" where they are not."""
    given = [one for one in (parts(engine, peak) for peak in peaks) if one]
    ratios = [one.product / one.dense.value for one in given]
    if len(given) < 2 or any(one.agree for one in given) or max(ratios) > (1.0 + 2.0 * _ROUNDING) * min(ratios):
        return ""
    text = f"units x clock x operations per clock is {ratios[0]:.4g} times each dense peak of this engine"
    return f"{text}: 'clock' or 'units' is wrong"


def peak_arithmetic(
    engine: Mapping[str, Any], peak: Mapping[str, Any], *, is_engine_wrong: bool = False
) -> Iterator[tuple[KeyPath, str]]:
    """A peak against units x clock x operations per clock, its sparse form, and what was reached; paths in the peak.

    Args:
        engine: the peak's.
        peak: one of its peaks.
        is_engine_wrong: whether the engine's own numbers are told to be wrong.
    """
    dense, sparse = written(peak, "dense", "op/s"), written(peak, "sparse", "op/s")
    if dense is None or dense.value == 0:
        return  # That is told already.
    made = parts(engine, peak)
    meant = [dense]
    if made and not made.agree and not is_engine_wrong:
        hint = _twice(peak) if dense.agrees(2.0 * made.product) else ""
        yield ("dense", "value"), f"expected {format_quantity(made.product, 'op/s')}, which is {made.said}{hint}"
        meant.append(Written(made.product, 0.0))  # What agrees with either is not told again.
    if sparse and sparse.value:
        found = [list(_sparse(peak.get("sparsity", "2:4"), one, sparse)) for one in meant]
        yield from found[0] if all(found) else ()
    reached = written(peak, "measured", "op/s")
    if reached and all(reached.value > one.value and not one.agrees(reached.value) for one in meant):
        yield ("measured", "value"), "is more than the peak in 'dense'"


def _twice(peak: Mapping[str, Any]) -> str:
    """What is likely wrong where the peak is twice what its parts make."""
    if count(peak, "operations_per_clock") == 1:
        return "; one multiply-accumulate is two operations"
    if "sparse" in peak:
        return ""
    return "; twice that is what 2:4 sparsity makes of it: a sparse peak goes into 'sparse'"


def _sparse(sparsity: Any, dense: Written, sparse: Written) -> Iterator[tuple[KeyPath, str]]:
    if sparse.value < dense.value:
        yield ("sparse", "value"), "is less than the dense peak"
    elif sparsity == "2:4" and not (sparse.agrees(2.0 * dense.value) or dense.agrees(sparse.value / 2.0)):
        twice = format_quantity(2.0 * dense.value, "op/s")
        yield (
            ("sparse", "value"),
            f'expected {twice}, twice the dense peak; sparsity = "unstructured" if it is not 2:4 sparsity',
        )
