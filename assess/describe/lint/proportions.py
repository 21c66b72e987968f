"""Numbers that may each be some device's, and are not one's together: what a slip of a unit in one of them makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from assess.describe.device_arithmetic import Written, written
from assess.describe.mapping import tables
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint
from assess.units import format_quantity

FOUND: Final = "no device is known to have it"

#: What was reached on the shipped boards is 42 to 93 % of their peaks; a twentieth of the lowest is a slip of a unit.
_LEAST_REACHED: Final = 0.02
#: The narrowest memory parts are x4, and a bus is made of whole parts.
_LINES: Final = 4
#: CPUs with DRAM are clocked at some hundred MHz and more, and so are accelerators; GPUs are without DRAM too.
_SLOWEST: Final = 5e7
#: Chips that go with GBs of DRAM draw watts; milliwatts are those of microcontrollers.
_GB: Final = 1e9
_LEAST_POWER_WITH_GB: Final = 0.1
#: Beside microcontrollers, of up to 1 GHz or so, any DRAM is built; beside a GPU or a faster CPU none below this.
_LEAST_DRAM: Final = 1.28e8
_FASTEST_WITH_LESS: Final = 1.2e9
#: Describing its pages alone costs a kernel more: Linux needs 64 bytes for each of 4096.
_LEAST_KEPT: Final = 0.001
#: The most that is built is 8 GB for a watt, a server's; ten times that is a slip of a unit, and so on below.
_MOST_BYTES_PER_WATT: Final = 8e10
#: Some 20 TOPS for a watt are announced.
_MOST_PER_WATT: Final = 2e14
#: Some 3,000 operations for each byte that the memory delivers, on cards with large memories on the chip.
_MOST_PER_BYTE: Final = 3e4
#: Units of some GPUs compute a narrower format at 1/64 of the wider one's speed; most are faster in it.
_LEAST_OF_WIDER: Final = 0.01
#: And the narrowest at some 130 times the speed of fp32; fp64 is told apart, since it is rare and slow.
_MOST_OF_WIDER: Final = 500.0
_BITS: Final[Mapping[str, int]] = {"fp32": 32, "fp16": 16, "bf16": 16, "fp8": 8, "fp4": 4, "int8": 8, "int4": 4}

#: Peaks with the paths of their values, in operations per second.
_Peaks = Sequence[tuple[KeyPath, float]]


def together(mapping: Mapping[str, Any], told: set[KeyPath]) -> Iterator[Complaint]:
    """What does not go together; nothing is held against a number that is told already."""
    found: dict[KeyPath, Complaint] = {}
    for complaint in _found(mapping, told):
        if complaint.keys not in told:
            found.setdefault(complaint.keys, complaint)
    yield from found.values()


def _found(mapping: Mapping[str, Any], told: set[KeyPath]) -> Iterator[Complaint]:
    for name in ("memory", "on_chip"):
        yield from _bus(name, mapping.get(name), told)
    for index, engine in tables(mapping, "engine"):
        yield from _clock(index, engine, has_dram="memory" in mapping)
        yield from _formats(index, engine)
    if "memory" not in mapping:
        return
    capacity = written(mapping.get("memory"), "capacity", "B")
    if capacity and capacity.value and ("memory", "capacity", "value") not in told:
        yield from _with_dram(mapping, capacity.value, told)
    yield from _peaks_against(mapping, told)


def _bus(name: str, memory: Any, told: set[KeyPath]) -> Iterator[Complaint]:
    width = written(memory, "width", "bit")
    if width and width.value % _LINES:
        yield Complaint((name, "width", "value"), f"{FOUND}: a memory's bus has a multiple of {_LINES} bits")
    peak, reached = written(memory, "bandwidth", "B/s"), written(memory, "measured_bandwidth", "B/s")
    is_told = (name, "bandwidth", "value") in told
    if peak and reached and not is_told and 0 < reached.value < _LEAST_REACHED * peak.value:
        text = f"is less than {_LEAST_REACHED:.0%} of the peak in 'bandwidth': perhaps in another unit"
        yield Complaint((name, "measured_bandwidth", "value"), text)


def _clock(index: int, engine: Mapping[str, Any], *, has_dram: bool) -> Iterator[Complaint]:
    clock, kind = written(engine, "clock", "Hz"), engine.get("kind")
    if clock and 0 < clock.value < _SLOWEST and (has_dram or kind == "gpu"):
        what = "a GPU" if kind == "gpu" else f"{'a CPU' if kind == 'cpu' else 'an engine'} with DRAM"
        said = f"{FOUND}: {what} has {format_quantity(_SLOWEST, 'Hz')} or more"
        yield Complaint(("engine", index, "clock", "value"), said)


def _formats(index: int, engine: Mapping[str, Any]) -> Iterator[Complaint]:
    """Peaks of one engine against each other: narrower formats are faster, but not by far."""
    peaks = [
        (_BITS[name], name, ("engine", index, "peak", number, "dense", "value"), dense.value)
        for number, peak in tables(engine, "peak")
        if (name := str(peak.get("precision"))) in _BITS and (dense := written(peak, "dense", "op/s")) and dense.value
    ]
    for bits, name, path, value in peaks:
        wider = [one for one in peaks if one[0] > bits and value < _LEAST_OF_WIDER * one[3]]
        narrower = [one for one in peaks if one[0] < bits and value * _MOST_OF_WIDER < one[3]]
        for other in (wider or narrower)[:1]:
            times = format_quantity(other[3] / value, "count")
            said = f"the {other[1]} peak of this engine is {times} times the {name} one: perhaps in another unit"
            yield Complaint(path, said)


def _is_large(engine: Mapping[str, Any]) -> bool:
    clock = written(engine, "clock", "Hz")
    is_fast = clock is not None and clock.value > _FASTEST_WITH_LESS
    return engine.get("kind") in ("gpu", "dla") or (engine.get("kind") == "cpu" and is_fast)


def _with_dram(mapping: Mapping[str, Any], capacity: float, told: set[KeyPath]) -> Iterator[Complaint]:
    path: KeyPath = ("memory", "capacity", "value")
    if capacity < _LEAST_DRAM and any(_is_large(engine) for _, engine in tables(mapping, "engine")):
        text = f"{FOUND}: expected {format_quantity(_LEAST_DRAM, 'B')} or more beside a GPU or a CPU above 1.2 GHz"
        yield Complaint(path, text)
    if capacity < _GB:
        return
    power = _unless_told(mapping, ("power", "value"), told, "W")
    if power and power.value < _LEAST_POWER_WITH_GB:
        said = f"{FOUND} with {format_quantity(capacity, 'B')} of DRAM: expected 100 mW or more"
        yield Complaint(("power", "value"), said)
    elif power and capacity > _MOST_BYTES_PER_WATT * power.value:
        most = format_quantity(_MOST_BYTES_PER_WATT * power.value, "B")
        said = f"{FOUND} with {format_quantity(power.value, 'W')}: expected {most} or less"
        yield Complaint(path, said)
        return
    kept = written(mapping.get("memory"), "reserved", "B")
    if kept and kept.value < _LEAST_KEPT * capacity:
        text = f"is less than {_LEAST_KEPT:.1%} of the capacity: no system keeps so little of it"
        yield Complaint(("memory", "reserved", "value"), text)


def _peaks_against(mapping: Mapping[str, Any], told: set[KeyPath]) -> Iterator[Complaint]:
    """Peaks against power and bandwidth; where all are off it is the other number that is likely wrong."""
    peaks: list[tuple[KeyPath, float]] = []
    for index, engine in tables(mapping, "engine"):
        for number, peak in tables(engine, "peak"):
            dense, path = written(peak, "dense", "op/s"), ("engine", index, "peak", number, "dense", "value")
            if dense and path not in told:
                peaks.append((path, dense.value))
    power = _unless_told(mapping, ("power", "value"), told, "W")
    if power and power.value >= _LEAST_POWER_WITH_GB:  # Less is told with the capacity.
        with_ = f"with {format_quantity(power.value, 'W')}"
        yield from _beyond(peaks, _MOST_PER_WATT * power.value, ("power", "value"), with_)
    bandwidth = _unless_told(mapping, ("memory", "bandwidth", "value"), told, "B/s")
    if bandwidth:
        with_ = f"beside {format_quantity(bandwidth.value, 'B/s')} of memory bandwidth"
        yield from _beyond(peaks, _MOST_PER_BYTE * bandwidth.value, ("memory", "bandwidth", "value"), with_)


def _beyond(peaks: _Peaks, most: float, other: KeyPath, with_: str) -> Iterator[Complaint]:
    wrong = [path for path, value in peaks if value > most]
    if len(wrong) == len(peaks) > 1:
        largest = format_quantity(max(value for _, value in peaks), "op/s")
        yield Complaint(other, f"{FOUND} beside peaks of up to {largest}: perhaps in another unit")
        return
    for path in wrong:
        yield Complaint(path, f"{FOUND} {with_}: expected {format_quantity(most, 'op/s')} or less")


def _unless_told(mapping: Mapping[str, Any], path: KeyPath, told: set[KeyPath], unit: Any) -> Written | None:
    """A number that is there, above zero, and not told to be wrong."""
    table = mapping if len(path) == 2 else mapping.get(str(path[0]))
    found = written(table, str(path[-2]), unit)
    return found if found and found.value and path not in told else None
