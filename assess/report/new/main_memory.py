"""The memory of a new device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assess.measure.calibration import Calibration
from assess.measure.detect import Detected
from assess.report.new.lines import HERE, comment, measured, number

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
    total, installed = found.memory, found.memory_installed
    if total is None:
        return [_FILL_CAPACITY, _FILL_RESERVED]
    size, origin, hint = total.value, f"{total.source}: {total.note}", []
    if installed and not installed.derived and installed.value > total.value:
        size, origin = installed.value, installed.source
    elif installed and installed.derived:
        why = installed.note or installed.source
        hint = comment(f"fill in: {installed.value / 2**30:g} GiB seem to be fitted: {why}")
    lines = [f"capacity = {number(size, 'B', HERE, note=origin)}  # detected", *hint]
    if available is None:
        return [*lines, _FILL_RESERVED]
    note = "capacity less what was free when this was written, with all that ran then"
    return [*lines, f"reserved = {number(max(size - available, 0), 'B', HERE, grade='D', note=note)}  # detected"]


def _bandwidth(found: Detected) -> list[str]:
    modules = found.memory_modules
    if modules is None or not modules.value.width_bits or not modules.value.transfers_per_s:
        return [_FILL_BANDWIDTH]
    width, rate = modules.value.width_bits, modules.value.transfers_per_s
    origin = f"{modules.source}: {modules.value.count} modules"
    note = f"{width} bit / 8 x {rate / 1e6:g} MT/s"
    return [
        f"width = {number(width, 'bit', HERE, note=origin)}  # detected",
        f"rate = {number(rate, 'T/s', HERE, note=origin)}  # detected",
        f"bandwidth = {number(width / 8 * rate, 'B/s', HERE, grade='D', note=note)}  # detected",
    ]
