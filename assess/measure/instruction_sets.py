"""Which instructions the processor offers, by the kernel's names, and which others ONNX Runtime would take it to have.

On Arm the kernel tells each program in its auxiliary vector (AT_HWCAP, AT_HWCAP2) what it may execute; /proc/cpuinfo
is for people, and an emulator or a container may show that of another machine. ONNX Runtime asks the library cpuinfo,
which reads that vector, but believes the core's number in /proc/cpuinfo more: some cores "have" dot products and half
precision whatever the vector says, since old kernels did not tell (pytorch/cpuinfo, src/arm/linux/aarch64-isa.c). Where
the core then has not, the first such instruction ends the process: SIGILL.

On x86 programs ask the processor itself (CPUID), and the kernel's flags say the same.
"""

from __future__ import annotations

import ctypes
import platform
import re
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from assess.measure.identity import CPUINFO
from assess.measure.kernel_files import bytes_of, text_of

#: Instruction sets that decide how fast, and whether, a model runs; in the order they are shown.
NAMES: Final = (
    "sse2", "f16c", "fma", "avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx_vnni_int8", "avx512_bf16", "avx512_fp16",
    "amx_int8", "amx_bf16", "amx_fp16",
    "neon", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "svei8mm", "svebf16", "sme", "sme2",
)  # fmt: skip

_AT_HWCAP, _AT_HWCAP2 = 16, 26  # linux/auxvec.h
#: Bits of the auxiliary vector on arm64 (arch/arm64/include/uapi/asm/hwcap.h): entry and bit.
_ARM64_BITS: Final[Mapping[str, tuple[int, int]]] = {
    "asimd": (_AT_HWCAP, 1), "asimdhp": (_AT_HWCAP, 10), "asimddp": (_AT_HWCAP, 20), "sve": (_AT_HWCAP, 22),
    "sve2": (_AT_HWCAP2, 1), "svei8mm": (_AT_HWCAP2, 9), "svebf16": (_AT_HWCAP2, 12), "i8mm": (_AT_HWCAP2, 13),
    "bf16": (_AT_HWCAP2, 14), "sme": (_AT_HWCAP2, 23), "sme2": (_AT_HWCAP2, 37),
}  # fmt: skip

#: What the library cpuinfo takes a core to have by its maker and part alone (pytorch/cpuinfo, aarch64-isa.c).
_DOT_AND_HALF: Final = ("asimdhp", "asimddp")
_BY_NUMBER: Final[Mapping[tuple[int, int], tuple[str, ...]]] = {
    **{
        (0x41, part): _DOT_AND_HALF
        for part in (0xD06, 0xD0B, 0xD0C, 0xD0D, 0xD0E, 0xD40, 0xD49, 0xD4F)  # A65 A76 N1 A77 A76AE V1 N2 V2
    },
    (0x41, 0xD4A): ("asimddp",),  # Neoverse E1
    (0x41, 0xD05): ("asimdhp",),  # Cortex-A55
    (0x41, 0xD0A): ("asimdhp",),  # Cortex-A75
    (0x48, 0xD40): _DOT_AND_HALF,  # HiSilicon's Cortex-A76
    (0x51, 0x804): _DOT_AND_HALF,  # Kryo 485
    (0x51, 0x805): _DOT_AND_HALF,
    (0x53, 0x003): _DOT_AND_HALF,  # Exynos M4, M5
    (0x53, 0x004): _DOT_AND_HALF,
}
#: Of these it does so from a variant on: the maker, the part, and the first that has dot products.
_DOT_SINCE: Final = {(0x41, 0xD05): 1, (0x41, 0xD0A): 2}
#: Kernels before this one do not tell of dot products (Linux 4.16, "arm64: Expose support for optional ARMv8-A
#: features"): that they are not in the vector says nothing.
_TELLS_SINCE: Final = (4, 16)


def offered(root: Path = Path("/"), machine: str | None = None) -> tuple[str, ...]:
    """Of `NAMES`, those that a program may use here; empty where the system does not tell.

    Args:
        root: folder that stands for "/".
        machine: architecture as `uname -m` says; by default this process's own, or what /proc/cpuinfo is of.
    """
    vector = _vector(root) if _is_arm64(root, machine) else {}
    if vector.get(_AT_HWCAP):
        return _ordered(
            name for name, (entry, bit) in _ARM64_BITS.items() if vector.get(entry, 0) >> bit & 1
        )  # fmt: skip
    return listed(root)


def listed(root: Path = Path("/")) -> tuple[str, ...]:
    """Of `NAMES`, those that /proc/cpuinfo lists for every core."""
    lists = re.findall(r"^(?:flags|Features)\s*:(.*)$", text_of(root / CPUINFO), re.MULTILINE)
    return _ordered(set.intersection(*(set(line.split()) for line in lists))) if lists else ()


def not_offered(root: Path = Path("/"), machine: str | None = None, release: str | None = None) -> tuple[str, ...]:
    """Those that ONNX Runtime takes this processor to have, by the core's number, and that it does not offer.

    Args:
        root: folder that stands for "/".
        machine: as for `offered`.
        release: of the kernel; by default this one's.
    """
    vector = _vector(root) if _is_arm64(root, machine) else {}
    if not vector.get(_AT_HWCAP) or not _tells(platform.release() if release is None else release):
        return ()
    there = offered(root, machine)
    return _ordered(name for name in _taken_for_granted(root) if name not in there)


def _taken_for_granted(root: Path) -> tuple[str, ...]:
    """By the number of the last core that /proc/cpuinfo lists: the library reads that one."""
    text = text_of(root / CPUINFO)
    maker, part, variant = (_last(text, key) for key in ("implementer", "part", "variant"))
    granted = _BY_NUMBER.get((maker, part), ())
    return (*granted, "asimddp") if variant >= _DOT_SINCE.get((maker, part), variant + 1) else granted


def _last(text: str, key: str) -> int:
    """A number of the last core; -1 where there is none."""
    found = re.findall(rf"^CPU {key}\s*:\s*(0x[0-9a-fA-F]{{1,8}})$", text, re.MULTILINE)
    return int(found[-1], 16) if found else -1


def _is_arm64(root: Path, machine: str | None) -> bool:
    if machine is None and root != Path("/"):
        return bool(re.search(r"^CPU implementer\s*:", text_of(root / CPUINFO), re.MULTILINE))
    return (platform.machine() if machine is None else machine).lower() in ("aarch64", "arm64")


def _vector(root: Path) -> dict[int, int]:
    """The auxiliary vector: /proc/self/auxv, and the C library's memory of it where /proc is not there."""
    data = bytes_of(root / "proc/self/auxv")
    size = struct.calcsize("@LL")
    found = dict(struct.iter_unpack("@LL", data[: len(data) // size * size]))
    if found or root != Path("/") or sys.platform != "linux":
        return found
    getauxval = ctypes.CDLL(None).getauxval
    getauxval.argtypes, getauxval.restype = [ctypes.c_ulong], ctypes.c_ulong
    return {entry: getauxval(entry) for entry in (_AT_HWCAP, _AT_HWCAP2)}


def _tells(release: str) -> bool:
    match = re.match(r"(\d{1,4})\.(\d{1,4})", release)
    return match is None or (int(match[1]), int(match[2])) >= _TELLS_SINCE


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    found = set(names)
    return tuple(name for name in NAMES if name in found)
