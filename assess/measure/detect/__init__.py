"""Detect the machine this runs on: facts from firmware, kernel, drivers and ONNX Runtime; nothing is measured here.

One file for each source. Each answers with a fact and where it was read, or with the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from assess.errors import AssessError
from assess.measure.detect import board, memory, power, processor, system
from assess.measure.detect.dmi_tables import memory_modules
from assess.measure.detect.facts import (
    CoreKind,
    Cores,
    Detected,
    Fact,
    Gpu,
    Gpus,
    MemoryModules,
    PowerMode,
    Recognised,
    RuntimeBuild,
    Support,
)
from assess.measure.detect.gpus import integrated_gpu, nvidia_gpus
from assess.measure.detect.providers import installed_runtime
from assess.measure.detect.system import root_filesystem

__all__ = [
    "CoreKind",
    "Cores",
    "Detected",
    "Fact",
    "Gpu",
    "Gpus",
    "MemoryModules",
    "PowerMode",
    "Recognised",
    "RuntimeBuild",
    "Support",
    "detect",
]

T = TypeVar("T")

_LISTED_ONLY = "that a provider is compiled in does not prove that it works: its driver is loaded with a model"


def detect(
    root: Path = Path("/"),
    *,
    gpus: Callable[[], Gpus] = nvidia_gpus,
    providers: Callable[[], RuntimeBuild] = installed_runtime,
    storage: Callable[[Path], int] = root_filesystem,
) -> Detected:
    """What this machine tells of itself. Never raises for what it finds: what is missing or damaged is in `absent`.

    Args:
        root: folder that stands for "/"; tests hand in one of their own.
        gpus: asks the driver.
        providers: asks ONNX Runtime, or raises AssessError.
        storage: size of the file system of a folder, or raises OSError.
    """
    absent: dict[str, str] = {}

    def known(name: str, found: Fact[T] | str) -> Fact[T] | None:
        if isinstance(found, str):
            absent[name] = found
            return None
        return found

    listed = processor.processors(root)
    kinds = processor.core_kinds(root, listed)
    if not kinds or any(kind.clock_hz is None for kind in kinds):
        absent["CPU clock"] = processor.NO_CPUFREQ
    features = processor.features(listed)
    module, stated = board.module_of(root)
    total, modules, integrated = memory.total(root), memory_modules(root), integrated_gpu(root)
    shown = gpus()
    if not shown.gpus:
        absent["GPUs"] = shown.why_none or "the driver shows no GPU"
    if not shown.driver:
        absent["GPU driver"] = shown.why_none or "the driver does not tell its version"
    fitted = memory.installed(root, total, modules, stated)
    name = known("board", board.board(root))
    cpu = known("CPU", processor.cpu(root))
    mode = known("power mode", power.power_mode(root))
    return Detected(
        recognised_by=_recognised(name, cpu, mode, absent),
        board=name,
        vendor=known("vendor", board.vendor(root)),
        module=known("module", module),
        cpu=cpu,
        cores=known("cores", processor.cores(root, listed)),
        core_kinds=kinds,
        features=known("CPU features", features),
        precisions=known("precisions", processor.precisions(features)),
        memory=known("memory", total),
        memory_installed=known("installed memory", fitted),
        memory_reserved=known("reserved memory", memory.reserved(total, fitted)),
        memory_kind=memory.kind(integrated, board.compatible(root)),
        memory_modules=known("memory modules", modules),
        storage=known("storage", _storage(root, storage)),
        integrated_gpu=known("integrated GPU", integrated),
        gpus=shown.gpus,
        gpu_driver=Fact(shown.driver, "NVML") if shown.driver else None,
        power_mode=mode,
        power_modes=power.power_modes(root),
        runtime=known("runtime", _runtime(providers)),
        os=known("OS", system.operating_system(root)),
        kernel=known("kernel", system.kernel(root)),
        board_support=known("board support", system.board_support(root)),
        virtualisation=known("virtualisation", system.virtualisation(root, listed)),
        absent=absent,
        emulator=system.emulated(root),
    )


def _recognised(
    name: Fact[str] | None, cpu: Fact[str] | None, mode: Fact[PowerMode] | None, absent: dict[str, str]
) -> Recognised:
    found = Recognised(board.identifying(name), processor.identifying(cpu), mode.value.name if mode else "")
    if not found.board and not found.cpu:
        absent["identity"] = "neither board nor CPU has a name: no measurement can be recognised as taken here"
    return found


def _storage(root: Path, size: Callable[[Path], int]) -> Fact[int] | str:
    try:
        return Fact(size(root), "statvfs of /", "the size of the file system, not what is free of it")
    except OSError as error:
        return f"the system does not tell: {error.strerror or error}"


def _runtime(ask: Callable[[], RuntimeBuild]) -> Fact[RuntimeBuild] | str:
    try:
        return Fact(ask(), "onnxruntime.get_available_providers()", _LISTED_ONLY)
    except AssessError as error:
        return f"{error}"
