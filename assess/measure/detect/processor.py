"""The CPU: how many cores of which kinds, their highest clocks, and the precisions they have instructions for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from assess.describe.model import Precision
from assess.measure import identity
from assess.measure.detect.board import plain
from assess.measure.detect.facts import CoreKind, Cores, Fact, Support
from assess.measure.instruction_sets import NAMES
from assess.measure.kernel_files import cpus_in, text_of, whole_number

_CPUS: Final = "sys/devices/system/cpu"
_CPUINFO: Final = f"/{identity.CPUINFO}"

#: cpuinfo_max_freq and scaling_max_freq are in kHz (Documentation/admin-guide/pm/cpufreq.rst).
_HERTZ: Final = 1e3

#: The kernel lists the cores of a hybrid x86 CPU by the event counters that they have.
_HYBRID: Final = {"cpu_core": "performance core", "cpu_atom": "efficiency core", "cpu_lowpower": "low-power core"}

#: For each precision, the features whose instructions multiply and add in it, the fastest first. F16C is none: it only
#: converts. AVX2 and ASIMD multiply 8-bit numbers too, in more steps than the dot products of VNNI and ASIMDDP.
_INSTRUCTIONS: Final[Mapping[Precision, Sequence[str]]] = {
    "fp64": ("sve", "asimd", "avx512f", "avx2", "sse2"),
    "fp32": ("sve", "asimd", "neon", "avx512f", "avx2", "sse2"),
    "fp16": ("amx_fp16", "avx512_fp16", "sve", "asimdhp"),
    "bf16": ("amx_bf16", "avx512_bf16", "svebf16", "bf16"),
    "int8": ("amx_int8", "avx512_vnni", "avx_vnni", "avx2", "svei8mm", "i8mm", "asimddp", "asimd"),
}

#: Kernels of NVIDIA, and those that run 32-bit programs, call every Arm CPU so: "ARMv8 Processor rev 1 (v8l)".
_ARCHITECTURE: Final = re.compile(r"(ARMv[0-9]+|AArch64) Processor", re.IGNORECASE)

NO_CPUFREQ: Final = "no cpufreq in /sys/devices/system/cpu: the firmware or a hypervisor decides it and does not tell"
_NO_CPUINFO: Final = "/proc/cpuinfo lists no CPU"


class Processor(NamedTuple):
    """One CPU of /proc/cpuinfo.

    Attributes:
        number: the kernel's.
        lines: what it says of it.
    """

    number: int
    lines: Mapping[str, str]


def processors(root: Path) -> list[Processor]:
    """The CPUs that are online, as /proc/cpuinfo lists them."""
    found: list[Processor] = []
    lines: dict[str, str] = {}
    for line in text_of(root / identity.CPUINFO).splitlines():
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if key == "processor" and (number := whole_number(value)) is not None:
            lines = {}
            found.append(Processor(number, lines))
        elif colon:
            lines.setdefault(key, value)
    return found


def cpu(root: Path) -> Fact[str] | str:
    """Name of the CPU, the same that `read_host` reports, or why there is none."""
    name = identity.cpu(root)
    if plain(name.text):
        note = "that is the architecture's name; the cores have their own" if _ARCHITECTURE.match(name.text) else ""
        return Fact(name.text, name.source, note)
    return f"{name.source} holds no name" if name.text else "the kernel does not name it"


def identifying(fact: Fact[str] | None) -> str:
    """What of the CPU's name a measurement is recognised by: nothing that every CPU of an architecture has."""
    return "" if fact is None or _ARCHITECTURE.match(fact.value) else fact.value


def cores(root: Path, listed: list[Processor]) -> Fact[Cores] | str:
    """How many CPUs there are, or why that is not known."""
    online = cpus_in(text_of(root / _CPUS / "online")) or frozenset(each.number for each in listed)
    if not online:
        return _NO_CPUINFO
    present = cpus_in(text_of(root / _CPUS / "present")) or online
    allowed = re.search(r"^Cpus_allowed_list:\s*(\S+)$", text_of(root / "proc/self/status"), re.MULTILINE)
    usable = (cpus_in(allowed[1]) & online if allowed else None) or online
    note = f"{len(present - online)} of {len(present)} are switched off" if present - online else ""
    count = Cores(len(online), len(usable), _physical(root, listed))
    return Fact(count, f"/{_CPUS} and /proc/self/status", note)


def core_kinds(root: Path, listed: list[Processor]) -> tuple[CoreKind, ...]:
    """The kinds of cores, in the order of their first CPU; none where /proc/cpuinfo lists no CPU."""
    hybrid = _hybrid(root)
    kinds: dict[str, list[int]] = {}
    for each in listed:
        kinds.setdefault(_kind(each, hybrid), []).append(each.number)
    source = f"/sys/devices/{', '.join(_HYBRID)}" if hybrid else _CPUINFO
    return tuple(_with_clock(root, name, tuple(cpus), source) for name, cpus in kinds.items())


def features(listed: list[Processor]) -> Fact[tuple[str, ...]] | str:
    """Features that matter to inference and that every core has, or why none is known."""
    lists = {each.lines.get("flags") or each.lines.get("Features", "") for each in listed}
    if not any(lists):
        return "/proc/cpuinfo lists no features" if listed else _NO_CPUINFO
    of_all = set.intersection(*(set(text.split()) for text in lists))
    note = "only those that all kinds of cores have" if len(lists) > 1 else ""
    return Fact(tuple(name for name in NAMES if name in of_all), _CPUINFO, note)


def precisions(found: Fact[tuple[str, ...]] | str) -> Fact[tuple[Support, ...]] | str:
    """Precisions that there are instructions for, or why that is not known."""
    if isinstance(found, str):
        return found
    supported = [
        Support(precision, by)
        for precision, names in _INSTRUCTIONS.items()
        if (by := tuple(name for name in names if name in found.value))
    ]
    if not supported:
        return "none of the CPU's features is known to compute in one"
    note = "that the CPU has instructions does not say that a runtime uses them"
    return Fact(tuple(supported), found.source, note, derived=True)


def _hybrid(root: Path) -> Mapping[int, str]:
    """What kind each CPU of a hybrid x86 CPU is; empty for all others."""
    lists = {name: cpus_in(text_of(root / "sys/devices" / folder / "cpus")) for folder, name in _HYBRID.items()}
    if sum(map(bool, lists.values())) < 2:
        return {}
    return {cpu: name for name, cpus in lists.items() for cpu in cpus}


def _kind(each: Processor, hybrid: Mapping[int, str]) -> str:
    implementer, part = each.lines.get("CPU implementer", ""), each.lines.get("CPU part", "")
    if implementer and part:
        return identity.core(implementer, part)
    name = each.lines.get("model name", "")
    name = name if plain(name) else "a core that the kernel does not name"
    return f"{name}, {hybrid[each.number]}" if each.number in hybrid else name


def _with_clock(root: Path, name: str, cpus: tuple[int, ...], source: str) -> CoreKind:
    clock = _fastest(root, cpus, "cpuinfo_max_freq")
    limit = _fastest(root, cpus, "scaling_max_freq")
    return CoreKind(name, cpus, clock, limit if clock and limit and limit < clock else None, source)


def _fastest(root: Path, cpus: Iterable[int], name: str) -> float | None:
    read = (whole_number(text_of(root / _CPUS / f"cpu{cpu}/cpufreq/{name}")) for cpu in cpus)
    return max((kilohertz * _HERTZ for kilohertz in read if kilohertz), default=None)


def _physical(root: Path, listed: list[Processor]) -> int | None:
    """Cores, however many threads each has."""
    siblings = [text_of(root / _CPUS / f"cpu{each.number}/topology/thread_siblings_list") for each in listed]
    if siblings and all(siblings):
        return len(set(siblings))
    places = [(each.lines.get("physical id", ""), each.lines.get("core id", "")) for each in listed]
    return len(set(places)) if places and all(all(place) for place in places) else None
