"""Temperatures of processors and boards: the kernel's thermal zones, and hwmon's where it has none."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from assess.measure.sensors.sensor import Found, Probe, ReadText, Sensor, by_number, number, read_text, text_or, tried

#: Documentation/driver-api/thermal/sysfs-api.rst and hwmon/sysfs-interface.rst: thousandths of a degree Celsius.
_DEGREES: Final = 1e-3

#: Zones that are no processor and no board: to read them sends a command to a radio or a drive, and may wake it, or
#: (INT3400, a policy) gives a constant.
_SKIPPED_ZONES: Final = ("iwlwifi", "ath", "mt76", "nvme", "INT3400")
#: Of hwmon, processors and graphics only, for the same reason: nvme and drivetemp wake drives.
_CHIPS: Final = {
    "coretemp": "Intel processor", "k10temp": "AMD processor", "zenpower": "AMD processor", "k8temp": "AMD processor",
    "via_cputemp": "VIA processor", "amdgpu": "AMD graphics", "nouveau": "NVIDIA graphics", "i915": "Intel graphics",
    "xe": "Intel graphics",
    "scmi_sensors": "SoC, as its firmware names it", "scpi_sensors": "SoC, as its firmware names it",
}  # fmt: skip

_NONE: Final = (
    "no thermal zone in /sys/class/thermal and no processor's temperature in /sys/class/hwmon: a virtual machine, "
    "or no driver"
)


def temperature(root: Path = Path("/"), *, read: ReadText = read_text) -> Found:
    """One sensor for each thermal zone, and for each temperature that a processor or graphics chip shows in hwmon."""
    probes, seen = [], set[str]()
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*"), key=by_number):
        kind = text_or(zone / "type", zone.name, read)
        if kind.startswith(_SKIPPED_ZONES):
            continue
        name = kind if kind not in seen else f"{kind} ({zone.name})"
        seen.add(name)
        probes.append(_probe(name, f"the kernel's thermal zone {kind!r}", zone / "temp", read))
    for chip in sorted((root / "sys/class/hwmon").glob("hwmon*"), key=by_number):
        probes += _of_chip(chip, seen, read)
    return tried(probes, _NONE, "temperature")


def _of_chip(chip: Path, seen: set[str], read: ReadText) -> list[Probe]:
    kind = text_or(chip / "name", "", read)
    if kind not in _CHIPS:
        return []
    files = sorted(chip.glob("temp*_input"), key=by_number)
    labels = {file: text_or(chip / f"{file.name.removesuffix('_input')}_label", file.name[:-6], read) for file in files}
    # A package's value is that of its hottest core (Documentation/hwmon/coretemp.rst): the cores add files, not facts.
    if any(label.startswith("Package id") for label in labels.values()):
        labels = {file: label for file, label in labels.items() if not label.startswith("Core ")}
    probes = []
    for file, label in labels.items():
        name = f"{kind} {label}" if f"{kind} {label}" not in seen else f"{kind} {label} ({chip.name})"
        seen.add(name)
        probes.append(_probe(name, _CHIPS[kind], file, read))
    return probes


def _probe(name: str, covers: str, file: Path, read: ReadText) -> Probe:
    sensor = Sensor(name, "temperature", covers, resolution=_DEGREES)
    return Probe(sensor, lambda: number(file, read) * _DEGREES)
