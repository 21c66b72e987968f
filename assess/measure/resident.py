"""Resident memory of this process by what backs it, as its page tables have it; the standard library only.

/proc/self/smaps walks the page tables (man 5 proc), so it is exact where the counters of /proc/self/status lag behind.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Resident:
    """What is resident, in bytes.

    Attributes:
        anonymous: heap, stacks and private copies of file pages; what is swapped out is not in it.
        code: pages of files, but for the model's own.
        model: pages of the model's files; ONNX Runtime maps external data.
        swapped: swapped out.
    """

    anonymous: int
    code: int
    model: int = 0
    swapped: int = 0

    @property
    def total(self) -> int:
        """All that is resident, as `VmRSS` counts."""
        return self.anonymous + self.code + self.model

    @property
    def owned(self) -> int:
        """What only this process can free: anonymous memory, wherever it is."""
        return self.anonymous + self.swapped


def read_resident(model_files: Collection[str] = (), smaps: Path = Path("/proc/self/smaps")) -> Resident:
    """What is resident now.

    Args:
        model_files: absolute paths, without links.
        smaps: tests hand in one of their own.

    Raises:
        OSError: the system has no such file.
    """
    anonymous = code = model = swapped = file_pages = 0
    of_model = False
    with smaps.open(errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name == "Rss":
                file_pages = _bytes(value)
            elif name == "Anonymous":
                private = _bytes(value)
                anonymous += private
                if of_model:
                    model += file_pages - private
                else:
                    code += file_pages - private
            elif name == "Swap":
                swapped += _bytes(value)
            elif "-" in name.partition(" ")[0]:
                # "start-end perms offset device inode path": the path may have blanks, and colons.
                path = line.rstrip("\n").split(maxsplit=5)[5:]
                of_model = bool(path) and path[0] in model_files
    return Resident(anonymous, code, model, swapped)


def c_library_trim() -> Callable[[], object] | None:
    """A call that hands freed heap back to the kernel (glibc's `malloc_trim`); None where the C library has none."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows takes no None.
        return None
    return lambda: trim(0)


def _bytes(value: str) -> int:
    return int(value.split()[0]) * 1024
