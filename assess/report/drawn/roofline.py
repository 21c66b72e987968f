"""The roofline of a device's preferred engine, on log scales: what is attainable at so many operations per byte."""

from __future__ import annotations

import math
from typing import Final

from assess.clean import clean
from assess.describe.device import Device, Engine, Peak
from assess.describe.quantity import SourcedOps
from assess.units import format_quantity

_ROWS: Final = 9
#: Operations per byte: 2**-2 at the left, where a copy is, to 2**11 at the right, where large products are.
_LEFT, _RIGHT = -2.0, 11.0
_MARKS: Final = "abcdefgh"


def roofline(device: Device, width: int) -> list[str]:
    """The chart, with a line for each precision; nothing if no peak or no bandwidth is known."""
    memory = device.memory or device.on_chip
    rate = (memory.measured_bandwidth or memory.bandwidth) if memory else None
    engine = _preferred(device)
    found = [(peak.precision, best.value) for peak in (engine.peak if engine else ()) if (best := known(peak))]
    peaks = found[: len(_MARKS)]
    if engine is None or rate is None or not peaks:
        return []
    columns = min(max(width - 20, 30), 72)
    high = math.ceil(math.log10(max(value for _, value in peaks)) * 2) / 2
    low = min(math.log10(rate.value * 2.0**_LEFT), high - 1.0)
    cells = [[" "] * columns for _ in range(_ROWS)]
    for mark, (_, peak) in zip(_MARKS, peaks, strict=False):
        for column in range(columns):
            intensity = 2.0 ** (_LEFT + (_RIGHT - _LEFT) * column / (columns - 1))
            attainable = math.log10(min(peak, rate.value * intensity))
            row = round((high - attainable) / (high - low) * (_ROWS - 1))
            if 0 <= row < _ROWS and cells[row][column] == " ":
                cells[row][column] = mark if attainable == math.log10(peak) else "/"
    labels = [""] * _ROWS
    labels[0], labels[-1] = format_quantity(10**high, "op/s"), format_quantity(10**low, "op/s")
    lines = [f"roofline of {clean(engine.name)} at {format_quantity(rate.value, 'B/s')}"]
    lines += [f"  {label:>10} |{''.join(row)}" for label, row in zip(labels, cells, strict=True)]
    lines.append(f"  {'':>10} +{'-' * columns}")
    ends = f"{2.0**_LEFT:g}", f"{2.0**_RIGHT:g} operations per byte"
    lines.append(f"  {'':>11} {ends[0]}{ends[1]:>{columns - len(ends[0])}}")
    for mark, (precision, peak) in zip(_MARKS, peaks, strict=False):
        ridge = peak / rate.value
        lines.append(
            f"  {mark} {precision:<5} {format_quantity(peak, 'op/s'):>10} from {ridge:.3g} operations per byte on"
        )
    return lines


def known(peak: Peak) -> SourcedOps | None:
    """The dense peak, else what was really reached."""
    return peak.dense or peak.measured


def _preferred(device: Device) -> Engine | None:
    """The engine of the first runtime, else the first one with a peak."""
    named = [device.engine_of(binding) for binding in device.runtime]
    return next((engine for engine in [*named, *device.engine] if any(map(known, engine.peak))), None)
