"""Small files of the kernel and firmware, read so that no damaged, huge or strange one stops the reader."""

from __future__ import annotations

import os
import re
from io import BufferedReader
from pathlib import Path
from typing import Final

#: More than the largest of them: /proc/cpuinfo has 1.5 kB for each CPU, and 2,048 CPUs are many.
MOST_BYTES: Final = 4 * 2**20

_PART_BYTES: Final = 65536

#: Numbers of the kernel have 64 bits, hence at most 20 digits; Python refuses to read thousands.
_MOST_DIGITS: Final = 20


def text_of(file: Path) -> str:
    """The file without NUL, blanks and line ends around it; "" where it cannot be read or is no plain file.

    What follows the first `MOST_BYTES` is not read, and what is no UTF-8 becomes U+FFFD.
    """
    return bytes_of(file).decode(errors="replace").replace("\r\n", "\n").strip("\0 \n")


def bytes_of(file: Path, most: int = MOST_BYTES) -> bytes:
    """At most so many bytes of the file; none where it cannot be read."""
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            return _read(opened, most)
    except (OSError, ValueError):
        return b""


def _read(opened: BufferedReader, most: int) -> bytes:
    # In parts: the kernel refuses to read a file of /proc/sys at once into a buffer of megabytes.
    read = bytearray()
    while len(read) < most and (part := opened.read1(min(_PART_BYTES, most - len(read)))):
        read += part
    return bytes(read)


def _without_waiting(path: str, flags: int) -> int:
    """A named pipe in the place of a file would be waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def whole_number(text: str) -> int | None:
    """A whole number in decimal digits; None for anything else."""
    return int(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdecimal() else None


def cpus_in(text: str) -> frozenset[int]:
    """CPUs of a list as the kernel writes it, ascending: `0-3,8`; none where it holds anything else."""
    found: set[int] = set()
    least = 0
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", part)
        if match is None or int(match[1]) < least:  # A list that goes back could be made to take for ever.
            return frozenset()
        least = int(match[2] or match[1]) + 1
        found.update(range(int(match[1]), least))
    return frozenset(found)


def meminfo(root: Path, name: str) -> int | None:
    """A line of /proc/meminfo, in bytes; None if it is not there."""
    match = re.search(rf"^{name}:\s+([0-9]+) kB$", text_of(root / "proc/meminfo"), re.MULTILINE)
    kilobytes = whole_number(match[1]) if match else None
    return None if kilobytes is None else kilobytes * 1024
