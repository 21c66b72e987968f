"""What a host is recognised by: its board, its CPU and its power mode, as firmware and kernel name them."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from assess.measure import nvpmodel
from assess.measure.kernel_files import text_of

#: Device tree on ARM boards, DMI on PCs; both are written by the firmware.
_BOARD_FILES: Final = (
    "proc/device-tree/model",
    "sys/firmware/devicetree/base/model",
    "sys/class/dmi/id/product_name",
)

CPUINFO: Final = "proc/cpuinfo"

#: The maker of a core in MIDR, as Arm's kernels tell it: Arm Ltd.
_ARM: Final = "0x41"

#: Arm's kernels name a core by numbers: MIDR part of what Arm designed, from the cores' reference manuals and Linux
#: arch/arm64/include/asm/cputype.h.
_ARM_CORES: Final = {
    "0xd03": "Cortex-A53", "0xd04": "Cortex-A35", "0xd05": "Cortex-A55", "0xd07": "Cortex-A57", "0xd08": "Cortex-A72",
    "0xd09": "Cortex-A73", "0xd0a": "Cortex-A75", "0xd0b": "Cortex-A76", "0xd0c": "Neoverse-N1", "0xd0d": "Cortex-A77",
    "0xd40": "Neoverse-V1", "0xd41": "Cortex-A78", "0xd42": "Cortex-A78AE", "0xd44": "Cortex-X1",
    "0xd46": "Cortex-A510", "0xd47": "Cortex-A710", "0xd48": "Cortex-X2", "0xd49": "Neoverse-N2",
    "0xd4b": "Cortex-A78C", "0xd4d": "Cortex-A715", "0xd4e": "Cortex-X3", "0xd4f": "Neoverse-V2",
    "0xd80": "Cortex-A520", "0xd81": "Cortex-A720", "0xd82": "Cortex-X4", "0xd83": "Neoverse-V3AE",
    "0xd84": "Neoverse-V3", "0xd85": "Cortex-X925", "0xd87": "Cortex-A725", "0xd89": "Cortex-A720AE",
    "0xd8e": "Neoverse-N3",
}  # fmt: skip

#: Cores of makers that design their own: MIDR implementer and part (arch/arm64/include/asm/cputype.h).
_OTHER_CORES: Final = {
    ("0x4e", "0x003"): "NVIDIA Denver 2", ("0x4e", "0x004"): "NVIDIA Carmel", ("0xc0", "0xac3"): "Ampere-1",
    ("0x48", "0xd01"): "HiSilicon TaiShan v110", ("0x61", "0x022"): "Apple M1 Icestorm",
    ("0x61", "0x023"): "Apple M1 Firestorm",
}  # fmt: skip

#: Each CPU's implementer comes before its part.
_CORE_NUMBER: Final = re.compile(r"^CPU (implementer|part)\s*:\s*(0x[0-9a-f]{1,8})$", re.MULTILINE)


class Read(NamedTuple):
    """What was read, and from which file; both empty where nothing was found."""

    text: str
    source: str


def board(root: Path) -> Read:
    """Name of the board or machine."""
    for name in _BOARD_FILES:
        if text := text_of(root / name):
            return Read(text, f"/{name}")
    return Read("", "")


def cpu(root: Path) -> Read:
    """Name of the CPU; where the kernel names cores by numbers, all their names."""
    text = text_of(root / CPUINFO)
    if match := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
        return Read(match[1].strip(), f"/{CPUINFO}")
    if names := dict.fromkeys(_cores(text)):
        return Read(", ".join(names), f"/{CPUINFO}")
    name = platform.processor() if root == Path("/") and platform.system() != "Linux" else ""
    return Read(name, "the operating system" if name else "")


def _cores(text: str) -> Iterator[str]:
    implementer = ""
    for key, number in _CORE_NUMBER.findall(text):
        if key == "implementer":
            implementer = number
        elif implementer:
            yield core(implementer, number)


def core(implementer: str, part: str) -> str:
    """Name of the core that an Arm kernel tells these numbers of; the numbers themselves where no name is known."""
    numbers = implementer.lower(), part.lower()
    known = _ARM_CORES.get(numbers[1]) if numbers[0] == _ARM else _OTHER_CORES.get(numbers)
    if known:
        return known
    maker, design = map(_number, numbers)
    return f"Arm part {design}" if maker == _ARM else f"implementer {maker} part {design}"


def _number(text: str) -> str:
    return text if re.fullmatch(r"0x[0-9a-f]{1,8}", text) else "unreadable"


def power_mode(root: Path) -> Read:
    """Name of the Jetson's nvpmodel mode."""
    mode = nvpmodel.current(root)
    return Read(mode.name, mode.source) if mode else Read("", "")
