"""The roofline of a device's preferred engine, on log scales: the bound of a projection, and what was reached."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from assess.clean import clean
from assess.describe.device import Device, Engine, Memory, Peak
from assess.describe.quantity import SourcedOps
from assess.units import format_quantity

_ROWS: Final = 9
#: Operations per byte: 2**-2 at the left, where a copy is, to 2**11 at the right, where large products are.
_LEFT, _RIGHT = -2.0, 11.0
_MARKS: Final = "abcdefgh"


@dataclass(frozen=True, slots=True)
class _Roof:
    """What is attainable in one precision.

    Attributes:
        slope: mark where the memory limits.
        flat: mark where the engine does.
        precision: of the operations.
        peak: operations per second.
        rate: bytes per second.
        is_reached: whether a part of it was measured; else all of it is published.
    """

    slope: str
    flat: str
    precision: str
    peak: float
    rate: float
    is_reached: bool


def roofline(device: Device, width: int) -> list[str]:
    """The chart, with a roof for each precision; nothing if no peak or no bandwidth is known.

    The bound of the latency stands on published numbers, as in `project/roofline.py`: what was reached is drawn beside.
    """
    memory, engine = device.memory or device.on_chip, _preferred(device)
    if memory is None or engine is None:
        return []
    roofs = [*_bounds(engine, memory), *_reached(engine, memory)]
    if not roofs:
        return []
    columns = min(max(width - 20, 30), 72)
    high = math.ceil(math.log10(max(roof.peak for roof in roofs)) * 2) / 2
    low = min(math.log10(min(roof.rate for roof in roofs) * 2.0**_LEFT), high - 1.0)
    labels = [""] * _ROWS
    labels[0], labels[-1] = format_quantity(10**high, "op/s"), format_quantity(10**low, "op/s")
    lines = [f"roofline of {clean(engine.name)} at {_rates(memory)}"]
    cells = _cells(roofs, columns, low, high)
    lines += [f"  {label:>10} |{row}" for label, row in zip(labels, cells, strict=True)]
    lines.append(f"  {'':>10} +{'-' * columns}")
    ends = f"{2.0**_LEFT:g}", f"{2.0**_RIGHT:g} operations per byte"
    lines.append(f"  {'':>11} {ends[0]}{ends[1]:>{columns - len(ends[0])}}")
    return [*lines, *_legend(roofs)]


def known(peak: Peak) -> SourcedOps | None:
    """The dense peak, else what was really reached."""
    return peak.dense or peak.measured


def _bounds(engine: Engine, memory: Memory) -> Iterator[_Roof]:
    """What nothing can exceed, by what is published."""
    for mark, peak in zip(_MARKS, engine.peak, strict=False):
        if peak.dense and memory.bandwidth:
            yield _Roof("/", mark, peak.precision, peak.dense.value, memory.bandwidth.value, is_reached=False)


def _reached(engine: Engine, memory: Memory) -> Iterator[_Roof]:
    """What was measured; where only one of peak and bandwidth was, with the other as published."""
    rate = memory.measured_bandwidth or memory.bandwidth
    for mark, peak in zip(_MARKS, engine.peak, strict=False):
        best = peak.measured or peak.dense
        if rate and best and (peak.measured or memory.measured_bandwidth):
            flat = mark.upper() if peak.measured else mark
            slope = "." if memory.measured_bandwidth else "/"
            yield _Roof(slope, flat, peak.precision, best.value, rate.value, is_reached=True)


def _cells(roofs: Sequence[_Roof], columns: int, low: float, high: float) -> list[str]:
    """The rows of the chart; where roofs lie on each other the first is seen."""
    cells = [[" "] * columns for _ in range(_ROWS)]
    for roof in roofs:
        for column in range(columns):
            intensity = 2.0 ** (_LEFT + (_RIGHT - _LEFT) * column / (columns - 1))
            attainable = min(roof.peak, roof.rate * intensity)
            row = round((high - math.log10(attainable)) / (high - low) * (_ROWS - 1))
            if 0 <= row < _ROWS and cells[row][column] == " ":
                cells[row][column] = roof.flat if attainable == roof.peak else roof.slope
    return ["".join(row) for row in cells]


def _rates(memory: Memory) -> str:
    published, measured = memory.bandwidth, memory.measured_bandwidth
    said = [format_quantity(published.value, "B/s")] if published else []
    return ", ".join([*said, *([f"{format_quantity(measured.value, 'B/s')} reached"] if measured else [])])


def _legend(roofs: Sequence[_Roof]) -> Iterator[str]:
    """A line for each flat mark, by what is published first, then which of the marks a latency is projected with."""
    seen: set[str] = set()
    for roof in roofs:
        if roof.flat not in seen:
            seen.add(roof.flat)
            reached = " reached" if roof.flat.isupper() else ""
            peak, ridge = format_quantity(roof.peak, "op/s"), roof.peak / roof.rate
            yield f"  {roof.flat} {roof.precision:<5} {peak:>10}{reached} from {ridge:.3g} operations per byte on"
    if all(roof.is_reached for roof in roofs):
        yield "  This is what was reached; latency is projected with published numbers only."
    elif any(roof.is_reached for roof in roofs):
        yield "  / a b: what latency is projected with; . A B: what was reached"


def _preferred(device: Device) -> Engine | None:
    """The engine of the first runtime, else the first one with a peak."""
    named = [device.engine_of(binding) for binding in device.runtime]
    return next((engine for engine in [*named, *device.engine] if any(map(known, engine.peak))), None)
