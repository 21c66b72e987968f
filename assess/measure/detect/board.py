"""The board: its name, its maker, and the module or variant that its part number stands for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from assess.clean import clean
from assess.measure import identity
from assess.measure.detect.facts import Fact
from assess.measure.kernel_files import text_of

DEVICE_TREES: Final = ("proc/device-tree", "sys/firmware/devicetree/base")
DMI: Final = "sys/class/dmi/id"

#: Prefixes of device-tree names (Linux Documentation/devicetree/bindings/vendor-prefixes.yaml).
_PREFIXES: Final = {
    "nvidia": "NVIDIA", "raspberrypi": "Raspberry Pi", "rockchip": "Rockchip", "radxa": "Radxa", "nxp": "NXP",
    "fsl": "NXP", "ti": "Texas Instruments", "qcom": "Qualcomm", "xlnx": "AMD", "apple": "Apple", "amlogic": "Amlogic",
    "mediatek": "MediaTek", "friendlyarm": "FriendlyElec", "pine64": "Pine64", "asus": "ASUS", "google": "Google",
    "st": "STMicroelectronics", "renesas": "Renesas", "toradex": "Toradex", "variscite": "Variscite",
    "khadas": "Khadas", "hardkernel": "Hardkernel", "xunlong": "Xunlong", "beagle": "BeagleBoard.org",
}  # fmt: skip

#: What boards' makers leave in DMI when they do not fill it in. A name that many machines have identifies none.
_UNFILLED: Final = re.compile(
    r"(to be filled by o\.?e\.?m\.?|system (product name|manufacturer|version)|default string"
    r"|not (applicable|specified)|none|n/a|unknown|o\.?e\.?m\.?|type1productconfigid|[x0. -]*)",
    re.IGNORECASE,
)

_GIB: Final = 2**30


class Module(NamedTuple):
    """What a part number stands for; 0 where it leaves the memory open."""

    name: str
    memory_bytes: int


#: NVIDIA's module part numbers, from the lists of board names in Jetson Linux and github:rbonghi/jetson_stats
#: (jtop/core/jetson_variables.py); the capacity is part of the name.
_MODULES: Final = {
    "p3767-0000": Module("NVIDIA Jetson Orin NX 16GB", 16 * _GIB),
    "p3767-0001": Module("NVIDIA Jetson Orin NX 8GB", 8 * _GIB),
    "p3767-0003": Module("NVIDIA Jetson Orin Nano 8GB", 8 * _GIB),
    "p3767-0004": Module("NVIDIA Jetson Orin Nano 4GB", 4 * _GIB),
    "p3767-0005": Module("NVIDIA Jetson Orin Nano 8GB, of the developer kit", 8 * _GIB),
    "p3701-0000": Module("NVIDIA Jetson AGX Orin", 0),
    "p3701-0004": Module("NVIDIA Jetson AGX Orin 32GB", 32 * _GIB),
    "p3701-0005": Module("NVIDIA Jetson AGX Orin 64GB", 64 * _GIB),
    "p3701-0008": Module("NVIDIA Jetson AGX Orin Industrial 64GB", 64 * _GIB),
    "p3668-0000": Module("NVIDIA Jetson Xavier NX, of the developer kit", 8 * _GIB),
    "p3668-0001": Module("NVIDIA Jetson Xavier NX 8GB", 8 * _GIB),
    "p3668-0003": Module("NVIDIA Jetson Xavier NX 16GB", 16 * _GIB),
    "p2888-0005": Module("NVIDIA Jetson AGX Xavier 64GB", 64 * _GIB),
    "p2888-0006": Module("NVIDIA Jetson AGX Xavier 8GB", 8 * _GIB),
    "p2888-0008": Module("NVIDIA Jetson AGX Xavier Industrial 32GB", 32 * _GIB),
}

#: Raspberry Pi's revision code: bit 23 says that the other bits have this meaning, 20 to 22 are the memory
#: (www.raspberrypi.com/documentation, "Raspberry Pi revision codes").
_NEW_REVISION: Final = 1 << 23
_REVISION_MEMORY: Final = (2**28, 2**29, 2**30, 2**31, 2**32, 2**33, 2**34)


def plain(text: str) -> bool:
    """Whether a text that firmware gave is one: printable, not damaged, no longer than a name."""
    return 0 < len(text) <= 200 and text.isprintable() and "\ufffd" not in text


def board(root: Path) -> Fact[str] | str:
    """The board's name, the same that `read_host` reports, or why there is none."""
    name = identity.board(root)
    if not name.text:
        return "neither a device tree nor DMI names it"
    if not plain(name.text):
        return f"{name.source} holds no name: {clean(name.text[:60])}"
    if DMI in name.source:
        return _dmi_board(root, name)
    return Fact(name.text, name.source)


def _dmi_board(root: Path, name: identity.Read) -> Fact[str] | str:
    version = dmi(root, "product_version")
    if not _UNFILLED.fullmatch(name.text):
        # Lenovo keeps the machine type in the one and the name that people use in the other.
        return Fact(name.text, name.source, f"product version: {version}" if version else "")
    maker, board_name = dmi(root, "board_vendor"), dmi(root, "board_name")
    if not board_name:
        return f"{name.source} was never filled in: {name.text}"
    note = f"the main board; {name.source} was never filled in: {name.text}"
    return Fact(f"{maker} {board_name}".strip(), f"/{DMI}/board_name", note, derived=True)


def identifying(fact: Fact[str] | None) -> str:
    """What of the board's name a measurement is recognised by: nothing that stands for many machines."""
    return fact.value if fact and not fact.derived else ""


def vendor(root: Path) -> Fact[str] | str:
    """Who made the board, as the firmware states it, or why that is not known."""
    names, source = _compatible(root)
    if names and "," in names[0]:
        prefix = names[0].partition(",")[0]
        return Fact(_PREFIXES.get(prefix, prefix), source, f"of {names[0]}")
    if maker := dmi(root, "sys_vendor"):
        return Fact(maker, f"/{DMI}/sys_vendor")
    return "neither a device tree nor DMI names it"


def compatible(root: Path) -> Fact[tuple[str, ...]] | str:
    """Names of the board and of its chip in the device tree, or why there are none."""
    names, source = _compatible(root)
    return Fact(names, source) if names else "no device tree: the machine is described by ACPI, or hides it"


def module_of(root: Path) -> tuple[Fact[str] | str, Fact[int] | None]:
    """The compute module, and the memory that its part number or the board's revision stands for."""
    names, source = _compatible(root)
    for name in names:
        part = name.partition(",")[2]
        if name.startswith("nvidia,") and (found := _MODULES.get(part)):
            memory = Fact(found.memory_bytes, source, f"of module {part.upper()}: {found.name}", derived=True)
            return Fact(found.name, source, f"module {part.upper()}", derived=True), memory if memory.value else None
    code = re.search(r"^Revision\s*:\s*([0-9a-f]{6,8})$", text_of(root / identity.CPUINFO), re.MULTILINE)
    if any(name.startswith("raspberrypi,") for name in names) and code:
        return "its name is the board's", _raspberry_memory(code[1])
    return "no part number that is known here", None


def _raspberry_memory(code: str) -> Fact[int] | None:
    bits = int(code, 16)
    which = bits >> 20 & 0x7
    if not bits & _NEW_REVISION or which >= len(_REVISION_MEMORY):
        return None
    size = _REVISION_MEMORY[which]
    return Fact(size, f"/{identity.CPUINFO}", f"revision {code}: {size // 2**20} MiB in bits 20 to 22")


def dmi(root: Path, name: str) -> str:
    """A string of DMI; "" where it is not there, damaged, or was never filled in."""
    text = text_of(root / DMI / name)
    return text if plain(text) and not _UNFILLED.fullmatch(text) else ""


def _compatible(root: Path) -> tuple[tuple[str, ...], str]:
    for tree in DEVICE_TREES:
        names = tuple(name for name in text_of(root / tree / "compatible").split("\0") if plain(name))
        if names:
            return names, f"/{tree}/compatible"
    return (), ""
