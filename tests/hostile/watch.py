"""Watch a folder for anybody who opens or reads what is in it, through the kernel's own events (inotify)."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# linux/inotify.h
_ACCESS: Final = 0x1
_OPEN: Final = 0x20
_IS_FOLDER: Final = 0x40000000
_EVENT: Final = struct.Struct("iIII")


class Watch:
    """Who looked: names of files in the folder that were opened or read since the last question."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def opened(self) -> set[str]:
        """The files that were opened or read, each once; asking clears them."""
        names: set[str] = set()
        while True:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return names
            at = 0
            while at < len(data):
                _, mask, _, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size
                name = data[at : at + length].rstrip(b"\0").decode()
                at += length
                if name or not mask & _IS_FOLDER:  # To list a folder reads no file.
                    names.add(name)


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """Watch the files of a folder, links to them from elsewhere included."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0 or libc.inotify_add_watch(descriptor, os.fsencode(folder), _OPEN | _ACCESS) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    try:
        yield Watch(descriptor)
    finally:
        os.close(descriptor)
