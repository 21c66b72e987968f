"""Where a worker writes frames: a file of three 64-bit columns, mapped into memory one window after the other.

Whatever ends the worker - a crash in a kernel, SIGKILL - each frame that was done is in the file, since mapped pages
are the kernel's. The window has a fixed size, so the worker's own memory does not grow with the number of frames.
"""

from __future__ import annotations

import mmap
import os
from typing import Final

from assess.errors import AssessError

COLUMNS: Final = 3
#: 192 KiB a window: a multiple of every page size in use (4, 16 and 64 KiB). A new one takes some 15 us between frames.
_WINDOW: Final = 8192
WINDOW_BYTES: Final = _WINDOW * COLUMNS * 8
#: In place of start and end: this release was dropped.
DROPPED: Final = -1


class Rows:
    """Frames as they come: scheduled, start and done, as readings of the worker's clock."""

    def __init__(self, path: str) -> None:
        """Begin a file.

        Raises:
            FileExistsError: it is there; no file is overwritten.
            AssessError: it cannot be written.
        """
        self._path, self._count, self._served = path, 0, 0
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise
        except OSError as error:
            raise self._unwritten(error) from error
        self._next_window()

    def __len__(self) -> int:
        """Frames that were served."""
        return self._served

    @property
    def released(self) -> int:
        """Frames that were served or dropped."""
        return self._count

    def append(self, scheduled: int, start: int, done: int, /) -> None:
        """Keep a frame that was served."""
        self._write(scheduled, start, done)
        self._served += 1

    def drop(self, scheduled: int, /) -> None:
        """Keep a release that was dropped."""
        self._write(scheduled, DROPPED, DROPPED)

    def _write(self, scheduled: int, start: int, done: int) -> None:
        at = (self._count % _WINDOW) * COLUMNS
        cells = self._cells
        cells[at], cells[at + 1] = scheduled, start
        cells[at + 2] = done  # Last: a row counts once it has an end.
        self._count += 1
        if self._count % _WINDOW == 0:
            self._next_window()

    def _next_window(self) -> None:
        start = self._count // _WINDOW * WINDOW_BYTES
        try:
            if hasattr(os, "posix_fallocate"):
                # A full disk must be an error here, and not a SIGBUS at some later frame.
                os.posix_fallocate(self._file, start, WINDOW_BYTES)
            else:
                os.ftruncate(self._file, start + WINDOW_BYTES)
            window = mmap.mmap(self._file, WINDOW_BYTES, offset=start)
        except OSError as error:  # No fault of the model.
            raise self._unwritten(error) from error
        self._cells = memoryview(window).cast("q")

    def _unwritten(self, error: OSError) -> AssessError:
        return AssessError(
            f"the samples could not be written: {error.strerror or error}",
            where=self._path,
            hint="free some space, or set TMPDIR to a folder that has it",
        )
