"""How much memory has to be gone over so that it comes from memory and not from a cache."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.measure.kernel_files import cpus_in, text_of, whole_number

#: So many times the last-level cache, and less where memory is short. On a CPU with 32 MiB, copying in C reached
#: 127 GB/s over twice of it, 94 over four times, 40 to 50 over 8 and 16 times; less than twice shows only the cache.
_TIMES_CACHE, _LEAST_TIMES_CACHE = 8, 2
#: Where the kernel does not tell (many ARM boards).
USUAL_CACHE_BYTES: Final = 64 * 2**20
#: Share of the free memory: arrays that are gone over and what they are written to take about twice of it.
_STREAM_SHARE: Final = 1 / 8

_UNITS: Final = {"K": 2**10, "M": 2**20, "G": 2**30}


def working_set_bytes(cache_bytes: int, free_bytes: int) -> int | str:
    """What bandwidth is measured over, or why it cannot be: 8 times the cache, at most an eighth of what is free."""
    size = min(_TIMES_CACHE * cache_bytes, int(free_bytes * _STREAM_SHARE))
    if size < _LEAST_TIMES_CACHE * cache_bytes:
        return (
            f"{free_bytes / 2**20:.0f} MiB of memory are free: too little to go over more than "
            f"the last-level cache of {cache_bytes / 2**20:.0f} MiB holds"
        )
    return size


def last_level_cache_bytes(root: Path = Path("/")) -> int | None:
    """All caches of the highest level together, as the kernel lists them; None where it does not.

    Linux Documentation/ABI/testing/sysfs-devices-system-cpu.
    """
    found: dict[int, dict[frozenset[int], int]] = {}
    for folder in root.glob("sys/devices/system/cpu/cpu[0-9]*/cache/index[0-9]*"):
        level, size = whole_number(text_of(folder / "level")), _size(text_of(folder / "size"))
        cpus = cpus_in(text_of(folder / "shared_cpu_list"))
        if level and size and cpus and text_of(folder / "type") in ("Data", "Unified"):
            found.setdefault(level, {})[cpus] = size
    return sum(found[max(found)].values()) if found else None


def _size(text: str) -> int | None:
    match = re.fullmatch(r"([0-9]{1,9})([KMG])", text)
    return int(match[1]) * _UNITS[match[2]] if match else None
