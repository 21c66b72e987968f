"""Whether a program emulates the processor that this process sees: its times are the emulator's, not a processor's.

An emulator in user mode translates one program and hands its system calls on, so most of what a guest reads of itself
is the guest's own. What is read here stays the host's: the file that is really executed, which the kernel knows by
/proc/thread-self/exe (qemu rewrites /proc/self/exe only, linux-user/syscall.c), and the name of the process in
/proc/self/status. An emulator of a whole machine hides better; it is known by the processor that it makes up.
"""

from __future__ import annotations

import platform
import re
import struct
from pathlib import Path
from typing import Final

from assess.measure.identity import CPUINFO
from assess.measure.kernel_files import bytes_of, text_of

#: e_machine of an ELF file's header (elf.h), and the family of architectures that runs it without an emulator.
_ELF_FAMILIES: Final = {3: "x86", 62: "x86", 40: "arm", 183: "arm", 243: "riscv", 21: "power", 22: "s390", 258: "loong"}
_EXECUTED: Final = ("proc/thread-self/exe", "proc/self/exe")
#: Magic number, class, byte order and padding, e_type, e_machine.
_ELF_HEAD: Final = 20

#: Programs that emulate in user mode, by the beginning of their names.
_PROGRAMS: Final = ("qemu-", "box64", "box86", "FEXInterpreter", "FEXLoader", "rosetta")

#: Processors that only an emulator has. TCG is QEMU's translator, as against KVM ("QEMU TCG CPU version 2.5+"); Rosetta
#: calls itself "VirtualApple @ 2.50GHz"; box64 puts its name before that of the host's processor.
_MADE_UP: Final = (
    (re.compile(r"^model name\s*:.*\bTCG CPU\b", re.MULTILINE), "QEMU (TCG)"),
    (re.compile(r"^model name\s*:.*\bVirtualApple\b", re.MULTILINE), "Rosetta"),
    (re.compile(r"^model name\s*:.*\b[Bb]ox64\b", re.MULTILINE), "box64"),
    # MIDR of `-cpu max`: no maker, and the part "Q" (QEMU target/arm/cpu64.c).
    (re.compile(r"^CPU implementer\s*:\s*0x0+$(?:\n.*)*?\nCPU part\s*:\s*0x0*51$", re.MULTILINE), "QEMU (TCG)"),
)


def emulator(root: Path = Path("/"), machine: str | None = None) -> str:
    """What emulates this process's processor; "" where nothing shows that something does.

    Args:
        root: folder that stands for "/".
        machine: architecture as `uname -m` says; by default this process's own; that of another root is not known.
    """
    here = (platform.machine() if root == Path("/") else "") if machine is None else machine
    ours, executed, listed = _family(here), _executed(root), _listed(root)
    name = _name(root)
    if name:
        return f"{name}, in user mode"
    if ours and executed and ours != executed:
        return f"a program for {executed} that runs {here}"
    if made_up := next((who for sign, who in _MADE_UP if sign.search(text_of(root / CPUINFO))), ""):
        return made_up
    if ours and listed and ours != listed:
        return f"something that runs {here}: /proc/cpuinfo is that of {listed}"
    return ""


def _name(root: Path) -> str:
    """The emulator's program; the kernel keeps 15 characters of it."""
    match = re.match(r"Name:\s*(\S+)", text_of(root / "proc/self/status"))
    return match[1] if match and match[1].startswith(_PROGRAMS) else ""


def _executed(root: Path) -> str:
    """Family of architectures of the file that the kernel really executes; "" where that cannot be read."""
    for name in _EXECUTED:
        head = bytes_of(root / name, _ELF_HEAD)
        if len(head) == _ELF_HEAD and head.startswith(b"\x7fELF"):
            (machine,) = struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])
            return _ELF_FAMILIES.get(machine, "")
    return ""


def _listed(root: Path) -> str:
    """Family of architectures that /proc/cpuinfo is of: each kernel's has keys of its own."""
    text = text_of(root / CPUINFO)
    if re.search(r"^CPU implementer\s*:", text, re.MULTILINE):
        return "arm"
    return "x86" if re.search(r"^(vendor_id|flags)\s*:", text, re.MULTILINE) and "Features" not in text else ""


def _family(machine: str) -> str:
    name = machine.lower()
    if re.fullmatch(r"x86_64|amd64|i[3-6]86|x86", name):
        return "x86"
    if re.fullmatch(r"(aarch64|arm).*", name):
        return "arm"
    prefixes = (("riscv", "riscv"), ("ppc", "power"), ("s390", "s390"), ("loongarch", "loong"))
    return next((family for prefix, family in prefixes if name.startswith(prefix)), "")
