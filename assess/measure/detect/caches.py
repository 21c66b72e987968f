"""Caches of the CPU, as sysfs lists them for each CPU."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.measure.detect.facts import Cache, Fact
from assess.measure.kernel_files import text_of, whole_number

_CPUS: Final = "sys/devices/system/cpu"
_UNITS: Final = {"K": 2**10, "M": 2**20, "G": 2**30}
_TYPES: Final = ("Data", "Instruction", "Unified")


def caches(root: Path) -> Fact[tuple[Cache, ...]] | str:
    """All caches, the nearest to the core first, or why none is known.

    Linux Documentation/ABI/testing/sysfs-devices-system-cpu.
    """
    sharers: dict[tuple[int, str, int], set[frozenset[int]]] = {}
    for folder in (root / _CPUS).glob("cpu[0-9]*/cache/index[0-9]*"):
        level, size = whole_number(text_of(folder / "level")), _size(text_of(folder / "size"))
        kind, shared = text_of(folder / "type"), cpus_in(text_of(folder / "shared_cpu_list"))
        if level is not None and size is not None and kind in _TYPES and shared:
            sharers.setdefault((level, kind, size), set()).add(shared)
    if not sharers:
        return "no caches in /sys/devices/system/cpu: the firmware does not describe them"
    found = tuple(
        Cache(level, kind, size, len(groups), max(map(len, groups)))
        for (level, kind, size), groups in sorted(sharers.items())
    )
    return Fact(found, f"/{_CPUS}/cpu*/cache")


def cpus_in(text: str) -> frozenset[int]:
    """CPUs of a list as the kernel writes it, ascending: `0-3,8`; none where it holds anything else."""
    found: set[int] = set()
    least = 0
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", part)
        if match is None or int(match[1]) < least:  # A list that goes back could be made to take for ever.
            return frozenset()
        least = int(match[2] or match[1]) + 1
        found.update(range(int(match[1]), least))
    return frozenset(found)


def _size(text: str) -> int | None:
    match = re.fullmatch(r"([0-9]{1,9})([KMG])", text)
    return int(match[1]) * _UNITS[match[2]] if match else None
