"""Whether there are wheels of ONNX Runtime for a machine: without them no model runs there as it does here.

By the files of onnxruntime 1.32.0 on PyPI as pip lists them, 29 November 2026; for Linux these and no others, for each
version of Python from 3.11 on:

    onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_aarch64.whl
    onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl

What it needs beside itself (numpy 2.4.6, protobuf, flatbuffers, packaging) is there for both.
"""

from __future__ import annotations

import re
from typing import Final

_ARCHITECTURES: Final = {"aarch64": "aarch64", "arm64": "aarch64", "x86_64": "x86_64", "amd64": "x86_64"}
#: manylinux_2_28: built against that version of glibc.
_GLIBC: Final = (2, 28)

#: Machines that are asked about, and what their users can do instead.
_32_BIT_ARM: Final = re.compile(r"arm(v[5-8].*|hf|el)?$")
_32_BIT_X86: Final = re.compile(r"i[3-6]86|x86$")
_64_BIT: Final = (
    "if its processor is 64-bit, install the system's 64-bit image: wheels are there for aarch64 and x86_64"
)
_VENDOR: Final = "else measure it by the tool that its vendor ships"


def no_wheels(architecture: str, libc: str) -> str:
    """Why there is no wheel of ONNX Runtime for a machine that runs Linux, and what to do; "" if there is one.

    Args:
        architecture: as `uname -m` says: "aarch64", "armv7l", "riscv64".
        libc: its C library and version, as "glibc 2.36", "musl 1.2.5"; "" if it is not known.
    """
    name = architecture.strip().lower()
    if name not in _ARCHITECTURES:
        return f"PyPI has no wheel of ONNX Runtime for {architecture or 'an unknown architecture'}: {_step(name)}"
    kind, _, version = libc.strip().lower().partition(" ")
    if kind.startswith("musl"):
        return (
            "PyPI has no wheel of ONNX Runtime for musl: run in a glibc root on it (a Debian one, by chroot or "
            "container), or build ONNX Runtime for it"
        )
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version)
    if found and (int(found[1]), int(found[2])) < _GLIBC:
        least = ".".join(map(str, _GLIBC))
        return (
            f"the wheels of ONNX Runtime need glibc {least}, it has {version}: run in a newer root on it (a container, "
            "chroot), update its system, or use the wheel that the board's vendor builds for it"
        )
    return ""


def _step(name: str) -> str:
    if _32_BIT_ARM.match(name) or _32_BIT_X86.match(name):
        return f"{_64_BIT}; {_VENDOR}"
    return f"{_VENDOR[5:]}, or build ONNX Runtime for it"
