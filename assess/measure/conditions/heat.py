"""Conditions of heat: how far it is to the temperature at which the clock is held down."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from assess.measure.conditions.condition import Condition, Look, unknown
from assess.measure.sensors.sensor import by_number, text_or
from assess.measure.sensors.throttling import throttling as throttling_sensors

#: Kinds of trip point at which the kernel slows or stops something (Documentation/driver-api/thermal/sysfs-api.rst);
#: "active" ones only start a fan.
_TRIPS: Final = ("passive", "hot", "critical")
#: So far below the trip, a run of a minute may well reach it.
_NEAR_C: Final = 10.0

_COOLER: Final = "let it cool down, and give it a heat sink, a fan or a cooler place"


def temperature(look: Look) -> Condition:
    """The thermal zone that is nearest to its trip point."""
    zones = []
    for zone in sorted((look.root / "sys/class/thermal").glob("thermal_zone*"), key=by_number):
        now = _degrees(zone / "temp")
        trips = [_degrees(file) for file in _trip_files(zone)]
        limits = [trip for trip in trips if trip is not None and trip > 0]
        if now is not None and limits:
            zones.append((min(limits) - now, now, min(limits), text_or(zone / "type", zone.name)))
    if not zones:
        return unknown("temperature", "no thermal zone with a trip point in /sys/class/thermal")
    left, now, limit, kind = min(zones)
    found = f"{kind} {now:.1f} °C, slowed or stopped from {limit:.1f} °C on"
    if left <= 0:
        return Condition("temperature", "bad", found, "figures taken now are those of a slowed device", _COOLER)
    if left <= _NEAR_C:
        return Condition("temperature", "could be better", found, "a run may well reach that", _COOLER)
    return Condition("temperature", "good", found)


def throttling(look: Look) -> Condition:
    """Whether something slows the clock now, or has since boot."""
    found = throttling_sensors(look.root)
    now = [probe.sensor.name for probe in found.probes if probe.sensor.quantity == "throttling" and probe.read() > 0]
    if now:
        because = "heat, power or a weak supply holds the clock down"
        return Condition("throttling", "bad", f"now, says {', '.join(now)}", because, _COOLER)
    events = [probe for probe in found.probes if probe.sensor.quantity == "throttle events" and probe.read() > 0]
    if events:
        names = ", ".join(f"{probe.sensor.name} {probe.read():.0f}" for probe in events)
        because = "it has happened since boot: long runs may meet it again"
        return Condition("throttling", "could be better", f"not now; {names}", because, _COOLER)
    if not found.probes:
        return unknown("throttling", "; ".join(found.absent.values()))
    return Condition("throttling", "good", "none")


def _trip_files(zone: Path) -> list[Path]:
    kinds = sorted(zone.glob("trip_point_*_type"), key=by_number)
    return [kind.with_name(kind.name.replace("_type", "_temp")) for kind in kinds if text_or(kind, "") in _TRIPS]


def _degrees(file: Path) -> float | None:
    try:
        return int(file.read_text()) / 1000
    except (OSError, ValueError):
        return None
