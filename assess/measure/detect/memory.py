"""Memory: what the kernel may give out, what is fitted, and whether an accelerator shares it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from assess.measure.detect.facts import Fact, MemoryModules
from assess.measure.kernel_files import meminfo, text_of

_MEMINFO: Final = "/proc/meminfo"
_BLOCKS: Final = "sys/devices/system/memory"

#: Sizes in GiB that machines are sold with, up to 1 TiB.
_SOLD_GIB: Final = (0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 18, 24, 32, 36, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
#: To round up to a size, MemTotal must be at least so much of it: it is 0.92 to 0.97 of what is fitted on the boards of
#: the library, and a size that is too large by one step of the list would be below it.
_LEAST_TO_ROUND_UP: Final = 0.85


def total(root: Path) -> Fact[int] | str:
    """MemTotal, or why it is not known."""
    found = meminfo(root, "MemTotal")
    if not found:
        return "no MemTotal in /proc/meminfo"
    return Fact(found, f"{_MEMINFO} MemTotal", "firmware, kernel and carve-outs are already off")


def installed(
    root: Path,
    seen: Fact[int] | str,
    modules: Fact[MemoryModules] | str,
    stated: Fact[int] | None,
) -> Fact[int] | str:
    """Capacity that is fitted, from the best of four sources, or why it is not known.

    Args:
        root: folder that stands for "/".
        seen: MemTotal.
        modules: from the firmware's tables.
        stated: what the board's part number or revision stands for.
    """
    visible = 0 if isinstance(seen, str) else seen.value
    candidates = (stated, _from_modules(modules), _from_blocks(root), _rounded(seen))
    for found in candidates:
        if found and found.value >= visible:  # What is less than what is seen is wrong: a board that was modified.
            return found
    return "no part number, table or memory block tells it" if visible else "no MemTotal in /proc/meminfo"


def reserved(seen: Fact[int] | str, fitted: Fact[int] | str) -> Fact[int] | str:
    """What firmware, kernel and carve-outs keep: capacity less MemTotal; or why it is not known.

    Whether the capacity was told or worked out, less this it is MemTotal, which is what a model is judged by.
    """
    if isinstance(seen, str) or isinstance(fitted, str):
        return "capacity and MemTotal are not both known"
    kept = fitted.value - seen.value
    if kept <= 0:
        return "MemTotal is all of the capacity that is told: what the system keeps of it was off before"
    return Fact(kept, seen.source, f"capacity less MemTotal, {seen.value // 1024:,} kB", derived=True)


def kind(gpu: Fact[str] | str, names: Fact[tuple[str, ...]] | str) -> Fact[Literal["dram", "unified"]]:
    """Whether an accelerator shares the memory: a GPU on the chip does; nothing else is known to."""
    if not isinstance(gpu, str):
        return Fact("unified", gpu.source, f"the GPU on the chip ({gpu.value}) has no memory of its own")
    if not isinstance(names, str) and any(name.startswith("nvidia,tegra") for name in names.value):
        return Fact("unified", names.source, "a Tegra's GPU has no memory of its own")
    note = f"a GPU that the processor has built in does, and none is told of here ({gpu})"
    return Fact("dram", "no sign of sharing", note, derived=True)


def _from_modules(modules: Fact[MemoryModules] | str) -> Fact[int] | None:
    if isinstance(modules, str):
        return None
    count = modules.value.count
    return Fact(modules.value.bytes, modules.source, f"{count} module{'s' * (count > 1)}")


def _from_blocks(root: Path) -> Fact[int] | None:
    """Blocks that memory is switched on and off by (Documentation/admin-guide/mm/memory-hotplug.rst)."""
    try:
        size = int(text_of(root / _BLOCKS / "block_size_bytes")[:16], 16)
    except ValueError:
        return None
    online = sum(text_of(state) == "online" for state in (root / _BLOCKS).glob("memory[0-9]*/state"))
    note = f"{online} blocks of {size // 2**20} MiB are online"
    return Fact(online * size, f"/{_BLOCKS}", note, derived=True) if online and size > 0 else None


def _rounded(seen: Fact[int] | str) -> Fact[int] | None:
    if isinstance(seen, str):
        return None
    size = next((gib for gib in _SOLD_GIB if gib * 2**30 >= seen.value), 0)
    if not size or seen.value / (size * 2**30) < _LEAST_TO_ROUND_UP:
        return None
    note = f"MemTotal of {seen.value / 2**30:.2f} GiB, rounded up to a size that machines are sold with"
    return Fact(int(size * 2**30), seen.source, note, derived=True)
