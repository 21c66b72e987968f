"""Check: numbers that no device has, which a slip of a unit makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from assess.describe.device_arithmetic import Written, written
from assess.describe.lint.check import Seen, check
from assess.describe.lint.proportions import FOUND, together
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
    "host_link": ("B/s", 1e5, 1e12),
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
                yield Complaint((*path, key, "value"), f"{FOUND}: expected {said}")
    yield from together(mapping, told)


def _is_none(key: str, found: Written) -> bool:
    """Whether it is zero, which is told already, or may be."""
    return found.value == 0 and key not in ("low", "high")
