"""Sensors of the host, read by the parent while the worker runs; none of them is ever guessed.

One file for each kind. Each answers with the sensors that gave a value when tried, and why the others are absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from assess.measure.nvml_library import load_library
from assess.measure.sensors.battery import battery
from assess.measure.sensors.frequency import frequency
from assess.measure.sensors.hwmon import hwmon
from assess.measure.sensors.nvml import nvml
from assess.measure.sensors.rapl import rapl
from assess.measure.sensors.sensor import Found, Probe, Sensor
from assess.measure.sensors.temperature import temperature
from assess.measure.sensors.throttling import throttling

__all__ = ["SENSORS", "Found", "Probe", "Sensor", "find_sensors", "is_metered"]

#: In reading order: what an engineer wants to know first, first. Counters are read before what is only looked at.
#: The key is the name under which the whole kind is absent.
SENSORS: Final[Mapping[str, Callable[[Path, Callable[[], Any]], Found]]] = {
    "RAPL": lambda root, library: rapl(root),
    "hwmon power": lambda root, library: hwmon(root),
    "NVML": lambda root, library: nvml(library),
    "battery": lambda root, library: battery(root),
    "temperature": lambda root, library: temperature(root),
    "CPU clock": lambda root, library: frequency(root),
    "throttling": lambda root, library: throttling(root),
}


def find_sensors(root: Path = Path("/"), library: Callable[[], Any] = load_library) -> Found:
    """Every sensor of the host, in reading order, and what is absent and why.

    Args:
        root: folder that stands for "/".
        library: loads NVIDIA's library, or raises OSError.
    """
    found = [find(root, library) for find in SENSORS.values()]
    absent = {name: why for part in found for name, why in part.absent.items()}
    return Found(tuple(probe for part in found for probe in part.probes), absent)


def is_metered() -> bool:
    """Whether a sensor of this host tells energy, or power, from which energy is integrated."""
    return any(probe.sensor.quantity in ("energy", "power") for probe in find_sensors().probes)
