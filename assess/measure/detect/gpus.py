"""NVIDIA GPUs, as the driver's own library describes them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final, TypeVar

from assess.clean import clean
from assess.measure.detect.facts import Gpu, Gpus
from assess.measure.sensors.nvml import NvmlError, load_library

#: Numbers of nvml.h (NVIDIA, "NVML API Reference Guide").
_NO_SUCH_FUNCTION: Final = 13
_SM_CLOCK: Final = 1
_MEMORY_CLOCK: Final = 2
_NAME_BYTES: Final = 96

_MILLI: Final = 1e-3
_MEGA: Final = 1e6

T = TypeVar("T")


class _Memory(ctypes.Structure):
    """nvmlMemory_t: bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def nvidia_gpus(load: Callable[[], Any] = load_library) -> Gpus:
    """Every GPU that the driver shows; `load` gives its library."""
    try:
        library = load()
        _call(library, "nvmlInit_v2")
    except NvmlError as error:
        return Gpus(why_none=f"{error}")
    except OSError as error:
        return Gpus(why_none=f"no NVIDIA driver: {error}")
    try:
        count = _number(library, "nvmlDeviceGetCount_v2")
        driver = _text(library, "nvmlSystemGetDriverVersion")
        gpus = tuple(_gpu(library, index) for index in range(count))
    except NvmlError as error:
        return Gpus(why_none=f"{error}")
    finally:
        _shut_down(library)
    return Gpus(gpus, driver, "" if gpus else "the driver shows no GPU")


def _gpu(library: Any, index: int) -> Gpu:
    handle = ctypes.c_void_p()
    _call(library, "nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
    absent: dict[str, str] = {}

    def told(name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except NvmlError as error:  # A Jetson's library answers few of them.
            absent[name] = f"{error}"
            return None

    def clock(kind: int) -> float:
        return _number(library, "nvmlDeviceGetMaxClockInfo", handle, ctypes.c_int(kind)) * _MEGA

    return Gpu(
        name=told("name", lambda: _text(library, "nvmlDeviceGetName", handle)) or f"GPU {index}",
        memory_bytes=told("memory", lambda: _memory(library, handle)),
        sm_clock_hz=told("SM clock", lambda: clock(_SM_CLOCK)),
        memory_clock_hz=told("memory clock", lambda: clock(_MEMORY_CLOCK)),
        bus_width_bits=told("bus width", lambda: _number(library, "nvmlDeviceGetMemoryBusWidth", handle)),
        power_limit_w=told("power limit", lambda: _number(library, "nvmlDeviceGetEnforcedPowerLimit", handle) * _MILLI),
        compute_capability=told("compute capability", lambda: _capability(library, handle)) or "",
        cuda_cores=told("CUDA cores", lambda: _number(library, "nvmlDeviceGetNumGpuCores", handle)),
        absent=absent,
    )


def _memory(library: Any, handle: ctypes.c_void_p) -> int:
    memory = _Memory()
    _call(library, "nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory))
    return int(memory.total)


def _capability(library: Any, handle: ctypes.c_void_p) -> str:
    major, minor = ctypes.c_int(), ctypes.c_int()
    _call(library, "nvmlDeviceGetCudaComputeCapability", handle, ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def _number(library: Any, name: str, *arguments: Any) -> int:
    value = ctypes.c_uint()
    _call(library, name, *arguments, ctypes.byref(value))
    return value.value


def _text(library: Any, name: str, *arguments: Any) -> str:
    buffer = ctypes.create_string_buffer(_NAME_BYTES)
    _call(library, name, *arguments, buffer, ctypes.c_uint(_NAME_BYTES))
    return clean(buffer.value.decode(errors="replace"))


def _shut_down(library: Any) -> None:
    """Every nvmlInit has its nvmlShutdown; one that fails changes nothing of what was read."""
    try:
        _call(library, "nvmlShutdown")
    except NvmlError:
        return


def _call(library: Any, name: str, *arguments: Any) -> None:
    try:
        function = getattr(library, name)
    except AttributeError:  # Drivers of other years lack some.
        raise NvmlError(_NO_SUCH_FUNCTION) from None
    if code := function(*arguments):
        raise NvmlError(code)
