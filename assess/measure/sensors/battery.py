"""Energy that leaves the battery: the whole machine, but only while nothing charges it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from assess.measure.sensors.sensor import Found, Probe, ReadText, Sensor, by_number, number, read_text, text_or, tried

#: Documentation/power/power_supply_class.rst: microwatt-hours, microwatts, microvolts, microamperes.
_MICRO: Final = 1e-6
_SECONDS_PER_HOUR: Final = 3600.0
#: The kernel asks the battery at most once a second (drivers/acpi/battery.c, cache_time); its firmware may be slower.
_UPDATES_S: Final = 1.0
#: Batteries report in steps of 10 mWh (Smart Battery Data Specification 1.1, CAPACITY_MODE: units of 10 mWh).
_RESOLUTION_J: Final = 0.01 * _SECONDS_PER_HOUR

_COVERS: Final = "the whole machine, screen and radios included; what leaves the battery, only while nothing charges it"
_NONE: Final = "no battery in /sys/class/power_supply"


class ChargingError(ValueError):
    """The machine does not run on its battery, so the battery does not see what it takes."""


def battery(root: Path = Path("/"), *, read: ReadText = read_text) -> Found:
    """For each battery, its energy as a counter and its power, as far as it tells them.

    Charge times voltage is not taken as a counter of energy: the voltage falls a little under load, and that little
    times the whole charge is more than a run takes.
    """
    batteries = sorted((root / "sys/class/power_supply").glob("BAT*"), key=by_number)
    probes = [probe for folder in batteries for probe in _probes(folder, read)]
    nothing = "the battery tells neither energy_now nor power_now nor current_now" if batteries else _NONE
    return tried(probes, nothing, "battery")


def _probes(folder: Path, read: ReadText) -> list[Probe]:
    probes = []
    if (folder / "energy_now").exists():
        sensor = Sensor(f"battery {folder.name} energy", "energy", _COVERS, _UPDATES_S, _RESOLUTION_J, is_whole=True)
        # What is left falls, so its negative grows as a counter does.
        left = _discharging(folder, read, lambda: -number(folder / "energy_now", read) * _MICRO * _SECONDS_PER_HOUR)
        probes.append(Probe(sensor, left))
    if (folder / "power_now").exists():
        watts = _discharging(folder, read, lambda: abs(number(folder / "power_now", read)) * _MICRO)
    elif (folder / "current_now").exists() and (folder / "voltage_now").exists():
        # Some firmware counts a current that leaves as negative; that it leaves is known from the status.
        watts = _discharging(
            folder,
            read,
            lambda: (
                abs(number(folder / "current_now", read)) * _MICRO * (number(folder / "voltage_now", read) * _MICRO)
            ),
        )
    else:
        return probes
    probes.append(Probe(Sensor(f"battery {folder.name} power", "power", _COVERS, _UPDATES_S, is_whole=True), watts))
    return probes


def _discharging(folder: Path, read: ReadText, value: Callable[[], float]) -> Callable[[], float]:
    def checked() -> float:
        status = text_or(folder / "status", "unknown", read)
        if status != "Discharging":
            raise ChargingError(f"its status is {status!r}: pull the plug to measure what the machine takes")
        return value()

    return checked
