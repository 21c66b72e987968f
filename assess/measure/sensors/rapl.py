"""Energy that x86 processors count themselves: RAPL of Intel and AMD, through the kernel's powercap folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.measure.sensors.sensor import Found, Probe, ReadText, Sensor, by_number, number, read_text, text_or, tried

#: Documentation/power/powercap/powercap.rst: energy_uj and max_energy_range_uj are in microjoules.
_JOULES: Final = 1e-6
#: The counter moves about once a millisecond (Intel SDM, volume 3, "RAPL interfaces").
_UPDATES_S: Final = 1e-3
#: The largest usual unit of the counter, 2^-14 J (SDM, MSR_RAPL_POWER_UNIT); others have 2^-16 J. The kernel does
#: not tell.
_RESOLUTION_J: Final = 2.0**-14

#: Zones by name, as drivers/powercap/intel_rapl_common.c names them, and what they cover (SDM, same chapter).
_COVERS: Final = {
    "package": "cores, caches, graphics inside the processor and memory controller; not memory modules, not the board",
    "core": "the cores only; part of the package, not to be added to it",
    "uncore": "graphics inside the processor; part of the package, not to be added to it",
    "dram": "memory modules of this package; not part of the package's own figure",
    "psys": "the whole platform as its maker wired it: processor, memory and more; holds the package, not to be added",
}

_NONE: Final = (
    "no powercap zone of RAPL in /sys/class/powercap: not an Intel or AMD processor, a virtual machine, or the driver "
    "is not loaded (on a PC: sudo modprobe intel_rapl_msr)"
)
_ROOT_ONLY: Final = (
    "only root may read /sys/class/powercap/*/energy_uj since CVE-2020-8694; to let every user, until the next boot: "
    "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj"
)


def rapl(root: Path = Path("/"), *, read: ReadText = read_text) -> Found:
    """One counter for each zone: package, cores, memory, platform.

    Args:
        root: folder that stands for "/".
        read: reads a file; tests hand in one that is refused.
    """
    zones = sorted((root / "sys/class/powercap").glob("intel-rapl:*"), key=by_number)
    found = tried([_probe(zone, read) for zone in zones], _NONE, "RAPL")
    refused = {name: _ROOT_ONLY if "permission denied" in why else why for name, why in found.absent.items()}
    return Found(found.probes, refused)


def _probe(zone: Path, read: ReadText) -> Probe:
    """The zone intel-rapl:1:0 lies inside intel-rapl:1."""
    name = text_or(zone / "name", "unnamed zone", read)
    # Powercap shows all zones side by side, so the package of a part is its neighbour.
    outer = zone.name.rpartition(":")[0] if zone.name.count(":") > 1 else ""
    inside = f" of {text_or(zone.parent / outer / 'name', outer, read)}" if outer else ""
    kind = re.sub(r"-\d.*", "", name)
    wraps = text_or(zone / "max_energy_range_uj", "", read)
    sensor = Sensor(
        name=f"RAPL {name}{inside}",
        quantity="energy",
        covers=_COVERS.get(kind, f"the powercap zone {name!r}; the kernel does not say what that is"),
        updates_s=_UPDATES_S,
        resolution=_RESOLUTION_J,
        wraps_at=int(wraps) * _JOULES if wraps.isdecimal() else None,
        is_whole=kind == "psys",
    )
    return Probe(sensor, lambda: number(zone / "energy_uj", read) * _JOULES)
