"""GPUs: NVIDIA's as the driver's own library describes them, one on the chip as the device tree does."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from assess.clean import clean
from assess.measure.detect.board import DEVICE_TREES, plain
from assess.measure.detect.facts import Fact, Gpu, Gpus
from assess.measure.kernel_files import text_of
from assess.measure.nvml_library import Memory, NvmlError, call, handle_of, load_library, read

#: Numbers of nvml.h (NVIDIA, "NVML API Reference Guide").
_SM_CLOCK: Final = 1
_MEMORY_CLOCK: Final = 2
_NAME_BYTES: Final = 96

_MEGA: Final = 1e6

#: How a system on a chip calls its GPU in the device tree, at the top or on a bus. Broadcom's "gpu" is the display.
_NODES: Final = ("v3d@*", "gpu@*", "gpu-*@*", "gpu")

T = TypeVar("T")


def nvidia_gpus(load: Callable[[], Any] = load_library) -> Gpus:
    """Every GPU that the driver shows; `load` gives its library."""
    try:
        library = load()
        call(library, "nvmlInit_v2")
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


def integrated_gpu(root: Path) -> Fact[str] | str:
    """The GPU on the chip, by its most exact device-tree name, or why none is known."""
    for tree in DEVICE_TREES:
        for pattern in _NODES:
            for folder in sorted((*(root / tree).glob(pattern), *(root / tree).glob(f"*/{pattern}"))):
                name = text_of(folder / "compatible").partition("\0")[0]
                if plain(name) and text_of(folder / "status") in ("", "okay", "ok"):
                    return Fact(name, f"/{folder.relative_to(root)}/compatible")
    return "no GPU in the device tree" if (root / DEVICE_TREES[0]).is_dir() else "no device tree"


def _gpu(library: Any, index: int) -> Gpu:
    handle = handle_of(library, index)
    absent: dict[str, str] = {}

    def told(name: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except NvmlError as error:  # A Jetson's library answers few of them.
            absent[name] = f"{error}"
            return None

    def clock(kind: int) -> float:
        return _number(library, "nvmlDeviceGetMaxClockInfo", handle, ctypes.c_int(kind)) * _MEGA

    return Gpu(
        name=told("name", lambda: _text(library, "nvmlDeviceGetName", handle)) or f"GPU {index}",
        memory_bytes=told("memory", lambda: int(read(library, "nvmlDeviceGetMemoryInfo", Memory(), handle).total)),
        sm_clock_hz=told("SM clock", lambda: clock(_SM_CLOCK)),
        memory_clock_hz=told("memory clock", lambda: clock(_MEMORY_CLOCK)),
        bus_width_bits=told("bus width", lambda: _number(library, "nvmlDeviceGetMemoryBusWidth", handle)),
        absent=absent,
    )


def _number(library: Any, name: str, *arguments: Any) -> int:
    return int(read(library, name, ctypes.c_uint(), *arguments))


def _text(library: Any, name: str, *arguments: Any) -> str:
    buffer = ctypes.create_string_buffer(_NAME_BYTES)
    call(library, name, *arguments, buffer, ctypes.c_uint(_NAME_BYTES))
    return clean(buffer.value.decode(errors="replace"))


def _shut_down(library: Any) -> None:
    """Every nvmlInit has its nvmlShutdown; one that fails changes nothing of what was read."""
    try:
        call(library, "nvmlShutdown")
    except NvmlError:
        return
