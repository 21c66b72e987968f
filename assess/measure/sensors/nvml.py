"""NVIDIA GPUs through the driver's own library: energy, memory in use, clock, temperature and what slows the clock."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

from assess.measure.nvml_library import Memory, NvmlError, call, handle_of, load_library, read
from assess.measure.sensors.sensor import Found, Probe, Sensor, why_unread

#: Numbers of nvml.h (NVIDIA, "NVML API Reference Guide").
_GRAPHICS_CLOCK: Final = 0
_GPU_TEMPERATURE: Final = 0

#: nvmlClocksThrottleReasons (newer: nvmlClocksEventReasons). Idle, clocks that someone has set, and sync boost are no
#: throttling.
THROTTLE_REASONS: Final = {
    0x04: "power cap",
    0x08: "hardware slowdown",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "power brake",
}
_THROTTLED: Final = sum(THROTTLE_REASONS)

#: The counter is in mJ and moves every 20 to 100 ms, by GPU (Yang, Adamek, Armour, "Part-time power
#: measurements: nvidia-smi's lack of attention", 2024).
_COUNTER_UPDATES_S: Final = 0.1
#: nvmlDeviceGetPowerUsage: "averaged over 1 sec interval" on Ampere (but GA100) and newer.
_POWER_UPDATES_S: Final = 1.0
_MILLI: Final = 1e-3
_MEGA: Final = 1e6

_BOARD: Final = "the whole GPU board with its memory; not the processor that feeds it"


def nvml(load: Callable[[], Any] = load_library) -> Found:
    """Sensors of every GPU that the driver shows; `load` gives the library."""
    try:
        library = load()
        call(library, "nvmlInit_v2")
        count = read(library, "nvmlDeviceGetCount_v2", ctypes.c_uint())
        handles = [handle_of(library, index) for index in range(count)]
    except NvmlError as error:
        return Found((), {"NVML": f"{error}"})
    except OSError as error:
        return Found((), {"NVML": f"no NVIDIA driver: {error}"})
    if not handles:
        return Found((), {"NVML": "the driver shows no GPU"})
    probes: list[Probe] = []
    absent: dict[str, str] = {}
    for index, handle in enumerate(handles):
        _gpu(library, handle, f"GPU {index}", probes, absent)
    return Found(tuple(probes), absent)


def throttle_words(reasons: int) -> str:
    """What slows the clock, in words; "" for nothing."""
    return ", ".join(words for bit, words in THROTTLE_REASONS.items() if reasons & bit)


def _gpu(library: Any, handle: Any, gpu: str, probes: list[Probe], absent: dict[str, str]) -> None:
    """Add what this GPU tells; power only where it does not count its energy."""
    energy = Sensor(f"{gpu} energy", "energy", _BOARD, _COUNTER_UPDATES_S, _MILLI)
    power = Sensor(f"{gpu} power", "power", _BOARD, _POWER_UPDATES_S, _MILLI)
    if not _add(probes, absent, energy, lambda: _joules(library, handle)):
        _add(probes, absent, power, lambda: _watts(library, handle))
    _add(
        probes,
        absent,
        Sensor(f"{gpu} memory", "device memory", "memory of the GPU in use by all processes and the driver"),
        lambda: float(read(library, "nvmlDeviceGetMemoryInfo", Memory(), handle).used),
    )
    _add(
        probes,
        absent,
        Sensor(f"{gpu} clock", "frequency", "clock of the GPU's cores", resolution=_MEGA),
        lambda: read(library, "nvmlDeviceGetClockInfo", ctypes.c_uint(), handle, _GRAPHICS_CLOCK) * _MEGA,
    )
    _add(
        probes,
        absent,
        Sensor(f"{gpu} temperature", "temperature", "the GPU's die", resolution=1.0),
        lambda: float(read(library, "nvmlDeviceGetTemperature", ctypes.c_uint(), handle, _GPU_TEMPERATURE)),
    )
    _add(
        probes,
        absent,
        Sensor(f"{gpu} throttling", "throttling", f"the GPU's clock, held down by {throttle_words(_THROTTLED)}"),
        lambda: float(
            read(library, "nvmlDeviceGetCurrentClocksThrottleReasons", ctypes.c_ulonglong(), handle) & _THROTTLED
        ),
    )


def _add(probes: list[Probe], absent: dict[str, str], sensor: Sensor, ask: Callable[[], float]) -> bool:
    try:
        ask()
    except (OSError, ValueError) as error:
        absent[sensor.name] = why_unread(error)
        return False
    probes.append(Probe(sensor, ask))
    return True


def _joules(library: Any, handle: Any) -> float:
    return float(read(library, "nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong(), handle) * _MILLI)


def _watts(library: Any, handle: Any) -> float:
    return float(read(library, "nvmlDeviceGetPowerUsage", ctypes.c_uint(), handle) * _MILLI)
