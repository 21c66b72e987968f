"""Check: numbers that no device has, which a slip of a unit makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from assess.describe.device_arithmetic import Written, written
from assess.describe.lint.check import Seen, check
from assess.describe.mapping import tables
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint
from assess.units import Unit, format_quantity

#: Smallest and largest that is plausible, with a factor of some ten to spare on what is built: from microcontrollers of
#: some kB and MOPS to servers of 2026.
_PLAUSIBLE: Final[Mapping[str, tuple[Unit, float, float]]] = {
    "capacity": ("B", 1e3, 1e13),
    "weight_capacity": ("B", 1e3, 1e12),
    "reserved": ("B", 16.0, 1e12),
    "storage": ("B", 1e3, 1e14),
    "bandwidth": ("B/s", 1e6, 1e14),
    "measured_bandwidth": ("B/s", 1e6, 1e14),
    "width": ("bit", 4.0, 65_536.0),
    "rate": ("T/s", 1e7, 1e11),
    "clock": ("Hz", 1e6, 1e10),
    "dense": ("op/s", 1e6, 1e17),
    "sparse": ("op/s", 1e6, 1e17),
    "measured": ("op/s", 1e5, 1e17),
    "power": ("W", 1e-3, 2e4),
    "low": ("degC", -100.0, 100.0),
    "high": ("degC", 0.0, 250.0),
    "dispatch": ("s", 1e-9, 0.1),
}
_FOUND: Final = "no device is known to have it"

#: What was reached on the shipped boards is 42 to 93 % of their peaks; a twentieth of the lowest is a slip of a unit.
_LEAST_REACHED: Final = 0.02
#: The narrowest memory parts are x4, and a bus is made of whole parts.
_LINES: Final = 4
#: CPUs with DRAM are clocked at some hundred MHz and more; a slower one is a GHz written as MHz, and the like.
_SLOWEST_WITH_DRAM: Final = 5e7
#: Chips that go with GBs of DRAM draw watts; milliwatts are those of microcontrollers.
_GB: Final = 1e9
_LEAST_POWER_WITH_GB: Final = 0.1
#: Beside microcontrollers, of up to 1 GHz or so, any DRAM is built; beside a GPU or a faster CPU none below this.
_LEAST_DRAM: Final = 1.28e8
_FASTEST_WITH_LESS: Final = 1.2e9
#: Describing its pages alone costs a kernel more: Linux needs 64 bytes for each of 4096.
_LEAST_KEPT: Final = 0.001


@check("magnitude", "devices")
def magnitude(seen: Seen) -> Iterator[Complaint]:
    """A number far from any that a device has: perhaps in another unit."""
    mapping = seen.mapping
    places: list[tuple[KeyPath, Any]] = [((), mapping)]
    places += [((name,), mapping.get(name)) for name in ("memory", "on_chip", "thermal")]
    places += [(("runtime", index), binding) for index, binding in tables(mapping, "runtime")]
    for index, engine in tables(mapping, "engine"):
        places.append((("engine", index), engine))
        places += [(("engine", index, "peak", number), peak) for number, peak in tables(engine, "peak")]
    told: set[KeyPath] = set()
    for path, table in places:
        for key, (unit, least, most) in _PLAUSIBLE.items():
            found = written(table, key, unit)
            if found and not _is_none(key, found) and not least <= found.value <= most:
                said = f"{format_quantity(least, unit)} to {format_quantity(most, unit)}"
                told.add((*path, key, "value"))
                yield Complaint((*path, key, "value"), f"{_FOUND}: expected {said}")
    yield from (complaint for complaint in _together(mapping, told) if complaint.keys not in told)


def _is_none(key: str, found: Written) -> bool:
    """Whether it is zero, which is told already, or may be."""
    return found.value == 0 and key not in ("low", "high")


def _together(mapping: Mapping[str, Any], told: set[KeyPath]) -> Iterator[Complaint]:
    """Numbers that may each be some device's, and are not one's together; none is held against one that is told."""
    for name in ("memory", "on_chip"):
        yield from _bus(name, mapping.get(name), told)
    if "memory" not in mapping:
        return
    capacity = written(mapping.get("memory"), "capacity", "B")
    for index, engine in tables(mapping, "engine"):
        clock = written(engine, "clock", "Hz")
        if engine.get("kind") == "cpu" and clock and 0 < clock.value < _SLOWEST_WITH_DRAM:
            said = format_quantity(_SLOWEST_WITH_DRAM, "Hz")
            yield Complaint(("engine", index, "clock", "value"), f"{_FOUND}: a CPU with DRAM has {said} or more")
    if capacity and capacity.value and ("memory", "capacity", "value") not in told:
        yield from _with_dram(mapping, capacity.value)


def _bus(name: str, memory: Any, told: set[KeyPath]) -> Iterator[Complaint]:
    width = written(memory, "width", "bit")
    if width and width.value % _LINES:
        yield Complaint((name, "width", "value"), f"{_FOUND}: a memory's bus has a multiple of {_LINES} bits")
    peak, reached = written(memory, "bandwidth", "B/s"), written(memory, "measured_bandwidth", "B/s")
    is_told = (name, "bandwidth", "value") in told
    if peak and reached and not is_told and 0 < reached.value < _LEAST_REACHED * peak.value:
        text = f"is less than {_LEAST_REACHED:.0%} of the peak in 'bandwidth': perhaps in another unit"
        yield Complaint((name, "measured_bandwidth", "value"), text)


def _is_large(engine: Mapping[str, Any]) -> bool:
    clock = written(engine, "clock", "Hz")
    is_fast = clock is not None and clock.value > _FASTEST_WITH_LESS
    return engine.get("kind") in ("gpu", "dla") or (engine.get("kind") == "cpu" and is_fast)


def _with_dram(mapping: Mapping[str, Any], capacity: float) -> Iterator[Complaint]:
    if capacity < _LEAST_DRAM and any(_is_large(engine) for _, engine in tables(mapping, "engine")):
        text = f"{_FOUND}: expected {format_quantity(_LEAST_DRAM, 'B')} or more beside a GPU or a CPU above 1.2 GHz"
        yield Complaint(("memory", "capacity", "value"), text)
    power = written(mapping, "power", "W")
    if capacity >= _GB and power and 0 < power.value < _LEAST_POWER_WITH_GB:
        said = f"{_FOUND} with {format_quantity(capacity, 'B')} of DRAM: expected 100 mW or more"
        yield Complaint(("power", "value"), said)
    kept = written(mapping.get("memory"), "reserved", "B")
    if capacity >= _GB and kept and 0 < kept.value < _LEAST_KEPT * capacity:
        text = f"is less than {_LEAST_KEPT:.1%} of the capacity: no system keeps so little of it"
        yield Complaint(("memory", "reserved", "value"), text)
