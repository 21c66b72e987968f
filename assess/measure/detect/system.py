"""What runs on the machine and what it runs in: OS, kernel, hypervisor, and the disk it starts from."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from assess.measure.detect.board import DMI, dmi, plain
from assess.measure.detect.facts import Fact
from assess.measure.detect.processor import Processor
from assess.measure.emulator import emulator
from assess.measure.kernel_files import text_of


class _Sign(NamedTuple):
    """A string of DMI that names a hypervisor or a cloud."""

    file: str
    begins: str
    name: str


#: The strings are those that systemd (src/basic/virt.c) and cloud-init (tools/ds-identify) know them by; clouds first.
_SIGNS: Final = (
    _Sign("product_name", "Google Compute Engine", "Google Compute Engine"),
    _Sign("sys_vendor", "Amazon EC2", "Amazon EC2"),
    _Sign("bios_vendor", "Amazon EC2", "Amazon EC2"),
    _Sign("product_name", "Alibaba Cloud ECS", "Alibaba Cloud"),
    _Sign("sys_vendor", "OpenStack", "OpenStack"),
    _Sign("product_name", "OpenStack", "OpenStack"),
    _Sign("product_name", "KVM", "KVM"),
    _Sign("sys_vendor", "QEMU", "QEMU"),
    _Sign("sys_vendor", "VMware", "VMware"),
    _Sign("product_name", "VirtualBox", "VirtualBox"),
    _Sign("sys_vendor", "innotek GmbH", "VirtualBox"),
    _Sign("sys_vendor", "Xen", "Xen"),
    _Sign("sys_vendor", "Parallels", "Parallels"),
    _Sign("product_name", "BHYVE", "bhyve"),
    _Sign("bios_vendor", "Hyper-V", "Hyper-V"),
    _Sign("product_name", "Virtual Machine", "Hyper-V"),
    _Sign("product_name", "Apple Virtualization", "Apple Virtualization"),
)


def operating_system(root: Path) -> Fact[str] | str:
    """Name and release of the distribution, or why they are not known."""
    for name in ("etc/os-release", "usr/lib/os-release"):
        match = re.search(r"^PRETTY_NAME=([\"']?)(.+)\1\s*$", text_of(root / name), re.MULTILINE)
        if match and plain(match[2]):
            return Fact(match[2], f"/{name}")
    return "no PRETTY_NAME in /etc/os-release"


def kernel(root: Path) -> Fact[str] | str:
    """The kernel's release, or why it is not known."""
    name = "proc/sys/kernel/osrelease"
    text = text_of(root / name)
    return Fact(text, f"/{name}") if plain(text) else f"no /{name}"


def board_support(root: Path) -> Fact[str] | str:
    """NVIDIA's Jetson Linux, which decides the driver, or why there is none."""
    text = text_of(root / "etc/nv_tegra_release")
    match = re.search(r"^# R([0-9]{1,4}) \(release\), REVISION: ([0-9.]{1,16})", text)
    return Fact(f"Jetson Linux {match[1]}.{match[2]}", "/etc/nv_tegra_release") if match else "no /etc/nv_tegra_release"


def virtualisation(root: Path, listed: list[Processor]) -> Fact[str] | str:
    """What the machine is a guest of, or why nothing says that it is one."""
    flags = [each.lines["flags"] for each in listed if "flags" in each.lines]
    flagged = any("hypervisor" in text.split() for text in flags)
    kind = text_of(root / "sys/hypervisor/type")
    if plain(kind):
        return Fact(kind, "/sys/hypervisor/type")
    sign = next((sign for sign in _SIGNS if dmi(root, sign.file).startswith(sign.begins)), None)
    # Clouds rent whole machines under the same names; only x86 says by a flag whether there is a hypervisor.
    bare = not flagged if flags else dmi(root, "product_name").endswith(".metal")
    if sign and not bare:
        return Fact(sign.name, f"/{DMI}/{sign.file}")
    if flagged:
        return Fact("a hypervisor that does not give its name", "/proc/cpuinfo flag hypervisor")
    return "no hypervisor flag in /proc/cpuinfo, and no hypervisor's name in DMI"


def emulated(root: Path) -> Fact[str] | None:
    """What emulates the processor; None where nothing says that something does."""
    name = emulator(root)
    return Fact(name, "the program that is executed, and /proc/cpuinfo") if name else None


def root_filesystem(root: Path) -> int:
    """Size of the file system that the folder lies on, in bytes.

    Raises:
        OSError: the system does not tell.
    """
    told = os.statvfs(root)
    return told.f_frsize * told.f_blocks
