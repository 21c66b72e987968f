"""Conditions of memory: whether what is resident stays so, and on which node."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.measure.conditions.condition import Condition, Look, chosen, cpu_list, unknown
from assess.measure.sensors.sensor import text_or
from assess.sandbox import control_groups
from assess.units import format_quantity

#: Shares of the memory: with less available the kernel begins to take pages back; with much less it swaps or kills.
_ENOUGH, _LITTLE = 0.25, 0.1
_THP: Final = "sys/kernel/mm/transparent_hugepage"


def swap(look: Look) -> Condition:
    """Pages that are not in memory: a model that was swapped out is milliseconds late."""
    total, free = _kib(look, "SwapTotal"), _kib(look, "SwapFree")
    if total is None or free is None:
        return unknown("swap", "no /proc/meminfo")
    if total == 0:
        return Condition("swap", "good", "none")
    used = max(0, total - free) * 1024
    zram = "zram" in look.text("proc/swaps")
    zswap = look.text("sys/module/zswap/parameters/enabled") in ("Y", "1")
    compressed = "".join(f", {name}" for name, there in (("zram", zram), ("zswap", zswap)) if there)
    found = f"{format_quantity(used, 'B')} of {format_quantity(total * 1024, 'B')} used{compressed}"
    if swappiness := look.text("proc/sys/vm/swappiness"):
        found += f", swappiness {swappiness}"
    if used == 0:
        return Condition("swap", "good", found)
    because = "pages come back one fault at a time, and resident memory is less than what is needed"
    return Condition("swap", "could be better", found, because, "sudo swapoff -a  # until the next start")


def available(look: Look) -> Condition:
    """What a process may take, control groups considered."""
    total, left = look.host.memory_bytes, look.host.available_bytes
    if not total or left is None:
        return unknown("memory", look.host.absent.get("available memory", "the kernel does not tell"))
    limit = min((limit for folder in control_groups(look.root) if (limit := _limit(folder)) < total), default=None)
    found = f"{format_quantity(left, 'B')} available of {format_quantity(limit or total, 'B')}"
    found += f" that the container may use ({format_quantity(total, 'B')} in all)" if limit else ""
    share = left / (limit or total)
    if share >= _ENOUGH:
        return Condition("memory", "good", found)
    remedy = "ps -eo rss,pid,comm --sort=-rss | head  # then stop what is not needed"
    if share >= _LITTLE:
        return Condition("memory", "could be better", found, "the kernel takes pages back while we run", remedy)
    return Condition("memory", "bad", found, "the kernel may swap, or kill the model's process", remedy)


def huge_pages(look: Look) -> Condition:
    """Whether a page fault may wait for memory to be moved (Documentation/admin-guide/mm/transhuge.rst)."""
    name, enabled, defrag = "huge pages", chosen(look.text(f"{_THP}/enabled")), chosen(look.text(f"{_THP}/defrag"))
    if not enabled:
        return unknown(name, f"no /{_THP}: the kernel has none, or hides it")
    found = f"{enabled}, defrag {defrag or 'not known'}"
    if enabled == "always" and defrag == "always":
        because = "a page fault may stop to move memory together, for milliseconds"
        return Condition(name, "could be better", found, because, f"echo madvise | sudo tee /{_THP}/defrag")
    return Condition(name, "good", found)


def numa(look: Look) -> Condition:
    """Whether memory may be far from the CPU that uses it."""
    nodes = cpu_list(look.text("sys/devices/system/node/online"))
    status = look.text("proc/self/status")
    allowed, memory = _allowed(status, "Cpus_allowed_list"), _allowed(status, "Mems_allowed_list")
    if not nodes:
        return unknown("NUMA", "no nodes in /sys: the kernel was built without")
    if len(nodes) == 1:
        return Condition("NUMA", "good", "one node")
    ours = {n for n in nodes if allowed & cpu_list(look.text(f"sys/devices/system/node/node{n}/cpulist"))}
    found = f"{len(nodes)} nodes; runs on {_words(ours)}, memory from {_words(memory & nodes)}"
    if len(ours) == 1 and memory & nodes == ours:
        return Condition("NUMA", "good", found)
    node = min(ours or nodes)
    because = "memory of another node is slower, and which one it is changes from run to run"
    remedy = f"numactl --cpunodebind={node} --membind={node} assess measure ..."
    return Condition("NUMA", "could be better", found, because, remedy)


def _kib(look: Look, name: str) -> int | None:
    match = re.search(rf"^{name}:\s+(\d+) kB$", look.text("proc/meminfo"), re.MULTILINE)
    return int(match[1]) if match else None


def _limit(group: Path) -> float:
    for name in ("memory.max", "memory.limit_in_bytes"):  # cgroup v2, v1
        if (text := text_or(group / name, "")).isdecimal():
            return int(text)
    return float("inf")


def _allowed(status: str, name: str) -> frozenset[int]:
    match = re.search(rf"^{name}:\s*(\S+)$", status, re.MULTILINE)
    return cpu_list(match[1]) if match else frozenset()


def _words(nodes: set[int] | frozenset[int]) -> str:
    return ", ".join(map(str, sorted(nodes))) or "none"
