"""Files in and out of the page cache: pushed out without privileges, and looked at whether they are gone.

`posix_fadvise(POSIX_FADV_DONTNEED)` drops pages that are clean and that no process has mapped; anyone may ask it for a
file that they can read. `mincore` tells which pages of a mapping are in the cache.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Somebody may read a file again just after it was dropped, and pages may be under way to the disk.
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Cached:
    """How much of some files is in the page cache.

    Attributes:
        bytes: of all files.
        cached_bytes: of these, in the cache.
        largest: the file of which most is in the cache; "" if none is.
    """

    bytes: int
    cached_bytes: int
    largest: str = ""

    @property
    def share(self) -> float:
        """Cached share, 0 to 1."""
        return self.cached_bytes / self.bytes if self.bytes else 0.0


def drop(files: Iterable[Path]) -> Cached:
    """Push files out of the page cache, and say what is still there.

    Raises:
        OSError: the system cannot, or a file cannot be read.
    """
    if not hasattr(os, "posix_fadvise"):
        raise OSError("this system has no posix_fadvise")
    left = files = list(files)
    for _ in range(_ATTEMPTS):
        for file in left:
            _advise(file)
        left = [file for file in left if cached_bytes(file)]
    return look(files)


def look(files: Iterable[Path]) -> Cached:
    """How much of these files is in the page cache.

    Raises:
        OSError: the system does not tell, or a file cannot be read.
    """
    size = total = most = 0
    largest = ""
    for file in files:
        found = cached_bytes(file)
        size, total = size + file.stat().st_size, total + found
        if found > most:
            most, largest = found, str(file)
    return Cached(size, total, largest)


def warm(files: Iterable[Path]) -> None:
    """Read files, so that they are in the page cache.

    Raises:
        OSError: one cannot be read.
    """
    for path in files:
        with path.open("rb", buffering=0) as file:
            while file.read(2**20):
                pass


def cached_bytes(path: Path) -> int:
    """How much of a file is in the page cache; whole pages, the last one up to the file's end.

    Raises:
        OSError: the system does not tell, or the file cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            return 0
        # A private mapping may be written to, which ctypes wants; nothing is, and no page is touched.
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) as mapping:
            pages = -(-size // mmap.PAGESIZE)
            resident = (ctypes.c_ubyte * pages)()
            start = ctypes.c_char.from_buffer(mapping)
            try:
                _mincore(ctypes.addressof(start), size, resident)
            finally:
                del start  # The mapping cannot be closed while it is pointed to.
    count = sum(page & 1 for page in resident)
    return count * mmap.PAGESIZE - (pages * mmap.PAGESIZE - size if resident[-1] & 1 else 0)


def _mincore(address: int, size: int, resident: ctypes.Array[ctypes.c_ubyte]) -> None:
    try:
        call = ctypes.CDLL(None, use_errno=True).mincore
    except (AttributeError, TypeError) as error:
        raise OSError("this system has no mincore") from error
    call.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    if call(address, size, resident) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _advise(path: Path) -> None:
    with path.open("rb") as file:
        # Only clean pages are dropped; a file that was just written is not on the disk yet.
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
