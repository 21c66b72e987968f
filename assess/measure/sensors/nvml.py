"""NVIDIA GPUs through the driver's own library: energy, memory in use, clock, temperature and what slows the clock."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

from assess.measure.sensors.sensor import Found, Probe, Sensor, why_unread

#: Numbers of nvml.h (NVIDIA, "NVML API Reference Guide").
_NO_SUCH_FUNCTION: Final = 13
_GRAPHICS_CLOCK: Final = 0
_GPU_TEMPERATURE: Final = 0
_WORDS: Final = {
    1: "NVML is not initialised", 2: "invalid argument", 3: "not supported by this GPU", 4: "no permission",
    6: "not found", 9: "the NVIDIA driver is not loaded", 12: "a library of the driver is missing",
    13: "this driver's library lacks the function", 15: "the GPU has fallen off the bus", 999: "unknown error",
}  # fmt: skip

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


class NvmlError(OSError):
    """The library answered with an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(_WORDS.get(code, f"NVML error {code}"))
        self.code = code


class _Memory(ctypes.Structure):
    """nvmlMemory_t: bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def load_library() -> Any:
    """The driver's library.

    Raises:
        OSError: there is none.
    """
    return ctypes.CDLL("libnvidia-ml.so.1")


def nvml(load: Callable[[], Any] = load_library) -> Found:
    """Sensors of every GPU that the driver shows; `load` gives the library."""
    try:
        library = load()
        _call(library, "nvmlInit_v2")
        count = _read(library, "nvmlDeviceGetCount_v2", ctypes.c_uint())
        handles = [_handle(library, index) for index in range(count)]
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
        lambda: float(_read(library, "nvmlDeviceGetMemoryInfo", _Memory(), handle).used),
    )
    _add(
        probes,
        absent,
        Sensor(f"{gpu} clock", "frequency", "clock of the GPU's cores", resolution=_MEGA),
        lambda: _read(library, "nvmlDeviceGetClockInfo", ctypes.c_uint(), handle, _GRAPHICS_CLOCK) * _MEGA,
    )
    _add(
        probes,
        absent,
        Sensor(f"{gpu} temperature", "temperature", "the GPU's die", resolution=1.0),
        lambda: float(_read(library, "nvmlDeviceGetTemperature", ctypes.c_uint(), handle, _GPU_TEMPERATURE)),
    )
    _add(
        probes,
        absent,
        Sensor(f"{gpu} throttling", "throttling", f"the GPU's clock, held down by {throttle_words(_THROTTLED)}"),
        lambda: float(
            _read(library, "nvmlDeviceGetCurrentClocksThrottleReasons", ctypes.c_ulonglong(), handle) & _THROTTLED
        ),
    )


def _add(probes: list[Probe], absent: dict[str, str], sensor: Sensor, read: Callable[[], float]) -> bool:
    try:
        read()
    except (OSError, ValueError) as error:
        absent[sensor.name] = why_unread(error)
        return False
    probes.append(Probe(sensor, read))
    return True


def _joules(library: Any, handle: Any) -> float:
    return float(_read(library, "nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong(), handle) * _MILLI)


def _watts(library: Any, handle: Any) -> float:
    return float(_read(library, "nvmlDeviceGetPowerUsage", ctypes.c_uint(), handle) * _MILLI)


def _handle(library: Any, index: int) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    _call(library, "nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
    return handle


def _read(library: Any, name: str, into: Any, *arguments: Any) -> Any:
    """Call a function that writes what is asked behind its last argument; a whole number or a structure."""
    _call(library, name, *arguments, ctypes.byref(into))
    return into if isinstance(into, ctypes.Structure) else into.value


def _call(library: Any, name: str, *arguments: Any) -> None:
    try:
        function = getattr(library, name)
    except AttributeError:  # Drivers of other years lack some.
        raise NvmlError(_NO_SUCH_FUNCTION) from None
    if code := function(*arguments):
        raise NvmlError(code)
