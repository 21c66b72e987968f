"""The library of NVIDIA's driver (NVML), called through ctypes; what to ask of it is for the callers to know."""

from __future__ import annotations

import ctypes
from typing import Any, Final

#: Numbers of nvml.h (NVIDIA, "NVML API Reference Guide").
_NO_SUCH_FUNCTION: Final = 13
_WORDS: Final = {
    1: "NVML is not initialised", 2: "invalid argument", 3: "not supported by this GPU", 4: "no permission",
    6: "not found", 9: "the NVIDIA driver is not loaded", 12: "a library of the driver is missing",
    13: "this driver's library lacks the function", 15: "the GPU has fallen off the bus", 999: "unknown error",
}  # fmt: skip


class NvmlError(OSError):
    """The library answered with an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(_WORDS.get(code, f"NVML error {code}"))
        self.code = code


class Memory(ctypes.Structure):
    """nvmlMemory_t: bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def load_library() -> Any:
    """The driver's library.

    Raises:
        OSError: there is none.
    """
    return ctypes.CDLL("libnvidia-ml.so.1")


def handle_of(library: Any, index: int) -> ctypes.c_void_p:
    """A GPU, by its number.

    Raises:
        NvmlError: the driver does not give it.
    """
    handle = ctypes.c_void_p()
    call(library, "nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
    return handle


def read(library: Any, name: str, into: Any, *arguments: Any) -> Any:
    """Call a function that writes what is asked behind its last argument; a whole number or a structure.

    Raises:
        NvmlError: it refuses, or this driver's library lacks it.
    """
    call(library, name, *arguments, ctypes.byref(into))
    return into if isinstance(into, ctypes.Structure) else into.value


def call(library: Any, name: str, *arguments: Any) -> None:
    """Call a function.

    Raises:
        NvmlError: it refuses, or this driver's library lacks it.
    """
    try:
        function = getattr(library, name)
    except AttributeError:  # Drivers of other years lack some.
        raise NvmlError(_NO_SUCH_FUNCTION) from None
    if code := function(*arguments):
        raise NvmlError(code)
