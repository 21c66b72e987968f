"""The machine a run is taken on, as its firmware and kernel report it; each file is read below one root folder."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from assess.measure.measurement import Host
from assess.sandbox import control_groups

#: Several scheduler slices (3 to 10 ms), so that others who want the CPU get theirs while we look.
_SPIN_NS: Final = 60_000_000

#: ARM's kernels name a core by numbers: MIDR part of implementer 0x41 (Arm Ltd.), from the cores' reference manuals.
_ARM_PARTS: Final = {
    "0xd03": "Cortex-A53", "0xd04": "Cortex-A35", "0xd05": "Cortex-A55", "0xd07": "Cortex-A57", "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73", "0xd0a": "Cortex-A75", "0xd0b": "Cortex-A76", "0xd0c": "Neoverse-N1", "0xd0d": "Cortex-A77",
    "0xd40": "Neoverse-V1", "0xd41": "Cortex-A78", "0xd42": "Cortex-A78AE", "0xd44": "Cortex-X1",
    "0xd46": "Cortex-A510", "0xd47": "Cortex-A710", "0xd48": "Cortex-X2", "0xd49": "Neoverse-N2",
    "0xd4f": "Neoverse-V2",
}  # fmt: skip


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
        if value is None or value == "":
            absent[name] = why
        else:
            found[field] = value
    return Host(
        architecture=platform.machine(),
        cores=_cores(),
        os=f"{platform.system()} {platform.release()}",
        cpu_share=(spin or cpu_share)(),
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
        value for value in (_meminfo(root, "MemAvailable"), *map(_left_in, control_groups(root))) if value is not None
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
        limit, used = _text(group / limit_name), _text(group / used_name)
        if limit.isdecimal() and used.isdecimal():
            cache = re.search(rf"^{cache_name} (\d+)$", _text(group / "memory.stat"), re.MULTILINE)
            return max(0, int(limit) - int(used) + (int(cache[1]) if cache else 0))
    return None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _board(root: Path) -> str:
    """Device tree on ARM boards, DMI on PCs; both are written by the firmware."""
    for name in ("proc/device-tree/model", "sys/firmware/devicetree/base/model", "sys/class/dmi/id/product_name"):
        if text := _text(root / name):
            return text
    return ""


def _cpu(root: Path) -> str:
    text = _text(root / "proc/cpuinfo")
    if match := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
        return match[1].strip()
    parts = re.findall(r"^CPU part\s*:\s*(\w+)$", text, re.MULTILINE)
    if parts and "0x41" in text:
        names = dict.fromkeys(_ARM_PARTS.get(part.lower(), f"Arm part {part}") for part in parts)
        return ", ".join(names)
    return platform.processor() if root == Path("/") and platform.system() != "Linux" else ""


def _power_mode(root: Path) -> str:
    """Name of the Jetson's nvpmodel mode: its status file has the number, its configuration the names."""
    status = re.search(r"pmode:0*(\d+)", _text(root / "var/lib/nvpmodel/status"))
    if status is None:
        return ""
    modes = re.finditer(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+?)\s*>", _text(root / "etc/nvpmodel.conf"))
    return next((mode[2] for mode in modes if mode[1] == status[1]), f"mode {status[1]}")


def _governor(root: Path) -> str:
    cpus = sorted(root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"))
    return ", ".join(dict.fromkeys(_text(cpu) for cpu in cpus))


def _load(root: Path) -> float | None:
    first, _, _ = _text(root / "proc/loadavg").partition(" ")
    return float(first) if re.fullmatch(r"\d+(\.\d+)?", first) else None


def _memory(root: Path) -> int | None:
    total = _meminfo(root, "MemTotal")
    return _psutil_memory("total") if total is None and root == Path("/") else total


def _meminfo(root: Path, name: str) -> int | None:
    match = re.search(rf"^{name}:\s+(\d+) kB$", _text(root / "proc/meminfo"), re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def _psutil_memory(name: str) -> int:
    """Where there is no /proc."""
    import psutil  # type: ignore[import-untyped]

    return int(getattr(psutil.virtual_memory(), name))


def _text(file: Path) -> str:
    """A small file of the kernel or firmware without trailing NUL and blanks; "" where it cannot be read."""
    try:
        return file.read_text(errors="replace").strip("\0 \n")
    except OSError:
        return ""


#: Field of `Host`, its name in `absent`, how it is read, and why it is missing when nothing is found.
_READERS: Final[tuple[tuple[str, str, Callable[[Path], Any], str], ...]] = (
    ("board", "board", _board, "neither a device tree nor DMI names it"),
    ("cpu", "CPU", _cpu, "the kernel does not name it"),
    ("memory_bytes", "memory", _memory, "the kernel does not tell"),
    ("power_mode", "power mode", _power_mode, "no nvpmodel status: only Jetson boards have one"),
    ("governor", "governor", _governor, "no cpufreq in /sys: the firmware or a hypervisor decides the clock"),
    ("load", "load", _load, "no /proc/loadavg"),
    ("available_bytes", "available memory", available_bytes, "the kernel does not tell"),
)
