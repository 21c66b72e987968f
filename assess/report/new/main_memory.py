"""The memory of a new device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assess.measure.calibration.reached import Calibration
from assess.measure.detect import Detected, Fact
from assess.report.new.lines import HERE, comment, measured, number
from assess.units import format_quantity

_FILL_CAPACITY: Final = '# capacity = { value = "8 GiB", source = "DS", grade = "A" }      # fill in'
_FILL_RESERVED: Final = (
    '# reserved = { value = "600 MB", source = "DS", grade = "D", note = "capacity less MemTotal" }  # fill in'
)
_FILL_BANDWIDTH: Final = (
    '# bandwidth = { value = "51.2 GB/s", source = "DS", grade = "A" }  # fill in: width / 8 x rate'
)


def main_memory(found: Detected | None, calibrations: Sequence[Calibration], available_bytes: int | None) -> list[str]:
    """The [memory] table: kind, capacity, what the system keeps, bandwidth as built and as reached."""
    if found is None:
        return [
            "[memory]",
            'kind = "dram"  # fill in: dram, or unified',
            _FILL_CAPACITY,
            _FILL_RESERVED,
            _FILL_BANDWIDTH,
        ]
    lines = ["[memory]", *_kind(found), *_capacity(found, available_bytes), *_bandwidth(found)]
    for each in calibrations[:1]:
        if each.bandwidth:
            lines.append(measured("measured_bandwidth", each, each.bandwidth, each.bandwidth.method))
    return lines


def _kind(found: Detected) -> list[str]:
    told = found.memory_kind
    if told is None:
        return ['kind = "dram"  # fill in: dram, or unified']
    if not told.derived:
        return [f'kind = "{told.value}"  # detected: {told.source}']
    return [f'kind = "{told.value}"', *comment(f"fill in: unified if an accelerator shares it: {told.note}")]


def _capacity(found: Detected, available: int | None) -> list[str]:
    """What is fitted and what the system keeps of it; what happens to be in use is told in a comment only."""
    total, fitted, kept = found.memory, found.memory_installed, found.memory_reserved
    if total is None:
        return [_FILL_CAPACITY, _FILL_RESERVED]
    lines = _both(fitted, kept) if fitted and kept else _visible(total)
    if available is not None:
        free = f"{format_quantity(available, 'B')} of {format_quantity(total.value, 'B')} were free"
        lines += comment(f"detected: {free} when this was written, with all that ran then")
    return lines


def _both(fitted: Fact[int], kept: Fact[int]) -> list[str]:
    origin = fitted.note if fitted.derived and fitted.note else fitted.source
    capacity = number(fitted.value, "B", HERE, grade="D" if fitted.derived else "A", note=origin)
    mark = "detected, worked out: fill in what the data sheet says, if that differs" if fitted.derived else "detected"
    reserved = number(kept.value, "B", HERE, grade="D", note=kept.note)
    return [f"capacity = {capacity}  # {mark}", f"reserved = {reserved}  # detected"]


def _visible(total: Fact[int]) -> list[str]:
    """Of a machine that only tells what may be given out."""
    capacity = number(total.value, "B", HERE, note=f"{total.source}: {total.note}")
    hint = "fill in: the capacity that is fitted instead, and what the system keeps of it"
    return [f"capacity = {capacity}  # detected", *comment(hint), _FILL_RESERVED]


def _bandwidth(found: Detected) -> list[str]:
    modules = found.memory_modules
    if modules is None or not (peak := modules.value.bandwidth):
        return [_FILL_BANDWIDTH]
    origin = f"{modules.source}: {modules.value.count} modules"
    return [
        f"width = {number(peak.width_bits, 'bit', HERE, note=origin)}  # detected",
        f"rate = {number(peak.transfers_per_s, 'T/s', HERE, note=origin)}  # detected",
        f"bandwidth = {number(peak.value, 'B/s', HERE, grade='D', note=peak.note)}  # detected",
    ]
