"""The machine a run is taken on, as its firmware and kernel report it; each file is read below one root folder."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from assess.measure import identity, instruction_sets, nvpmodel
from assess.measure.emulator import emulator
from assess.measure.kernel_files import meminfo, text_of, whole_number
from assess.measure.measurement import Host
from assess.sandbox import control_groups

#: Several scheduler slices (3 to 10 ms), so that others who want the CPU get theirs while we look.
_SPIN_NS: Final = 60_000_000


def read_host(root: Path = Path("/"), *, spin: Callable[[], float] | None = None) -> Host:
    """Read the host. What cannot be read is in `absent`, with the reason.

    Args:
        root: folder that stands for "/"; tests hand in one of their own.
        spin: measures the share of a CPU that this process gets; `cpu_share` by default.
    """
    absent: dict[str, str] = {}
    found: dict[str, Any] = {}
    for field, name, read, why in _READERS:
        value = read(root)
        if value is None or value in ("", ()):
            absent[name] = why
        else:
            found[field] = value
    return Host(
        architecture=platform.machine(),
        cores=usable_cores(),
        os=f"{platform.system()} {platform.release()}",
        cpu_share=(spin or cpu_share)(),
        emulator=emulator(root),
        not_offered=instruction_sets.not_offered(root),
        absent=absent,
        **found,
    )


def cpu_share(
    wall: Callable[[], int] = time.perf_counter_ns,
    own: Callable[[], int] = time.process_time_ns,
    span_ns: int = _SPIN_NS,
) -> float:
    """Share of one CPU, 0 to 1, that a spin of 60 ms gets: what the others and a CPU quota leave."""
    start, used = wall(), own()
    while (now := wall()) - start < span_ns:
        pass
    return min(1.0, (own() - used) / (now - start))


def available_bytes(root: Path = Path("/")) -> int | None:
    """Memory that a process may take without pushing out another: what the kernel and control groups leave."""
    left = [
        value for value in (meminfo(root, "MemAvailable"), *map(_left_in, control_groups(root))) if value is not None
    ]
    if left:
        return min(left)
    return None if root != Path("/") else _psutil_memory("available")


def _left_in(group: Path) -> int | None:
    """What a control group's limit leaves; file pages that nobody reads are given back when they are wanted."""
    for limit_name, used_name, cache_name in (
        ("memory.max", "memory.current", "inactive_file"),  # cgroup v2
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),  # cgroup v1
    ):
        limit, used = whole_number(text_of(group / limit_name)), whole_number(text_of(group / used_name))
        if limit is not None and used is not None:
            cache = re.search(rf"^{cache_name} ([0-9]+)$", text_of(group / "memory.stat"), re.MULTILINE)
            return max(0, limit - used + ((whole_number(cache[1]) or 0) if cache else 0))
    return None


def usable_cores() -> int:
    """CPUs that this process may run on; all of them where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _governor(root: Path) -> str:
    cpus = sorted(root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"))
    return ", ".join(dict.fromkeys(text_of(cpu) for cpu in cpus))


def _load(root: Path) -> float | None:
    first, _, _ = text_of(root / "proc/loadavg").partition(" ")
    return float(first) if re.fullmatch(r"\d+(\.\d+)?", first) else None


def _memory(root: Path) -> int | None:
    total = meminfo(root, "MemTotal")
    return _psutil_memory("total") if total is None and root == Path("/") else total


def _psutil_memory(name: str) -> int:
    """Where there is no /proc."""
    import psutil  # type: ignore[import-untyped]

    return int(getattr(psutil.virtual_memory(), name))


#: Field of `Host`, its name in `absent`, how it is read, and why it is missing when nothing is found.
_READERS: Final[tuple[tuple[str, str, Callable[[Path], Any], str], ...]] = (
    ("board", "board", lambda root: identity.board(root).text, "neither a device tree nor DMI names it"),
    ("cpu", "CPU", lambda root: identity.cpu(root).text, "the kernel does not name it"),
    ("memory_bytes", "memory", _memory, "the kernel does not tell"),
    (
        "power_mode",
        "power mode",
        lambda root: identity.power_mode(root).text,
        nvpmodel.NO_STATUS,
    ),
    ("governor", "governor", _governor, "no cpufreq in /sys: the firmware or a hypervisor decides the clock"),
    ("load", "load", _load, "no /proc/loadavg"),
    ("available_bytes", "available memory", available_bytes, "the kernel does not tell"),
    ("instructions", "instruction sets", instruction_sets.offered, "the kernel does not tell"),
)
