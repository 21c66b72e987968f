"""Where a worker keeps samples: outside the memory that it measures, however many there are."""

from __future__ import annotations

import os
from array import array
from typing import Final

from assess.errors import AssessError

#: 64 kB are written at once, in some 15 us between two inferences; so much memory the samples take, and no more.
_CHUNK: Final = 8192


class Count:
    """Only counts: the samples of a warm-up are not part of the job."""

    def __init__(self) -> None:
        self._count = 0

    def append(self, _: int, /) -> None:
        """Count one more."""
        self._count += 1

    def __len__(self) -> int:
        return self._count


class SampleFile:
    """Samples in a file, but for the last few; 64-bit integers in the machine's own byte order."""

    def __init__(self, path: str, flags: int = os.O_WRONLY | os.O_CREAT | os.O_EXCL) -> None:
        self._path = path
        self._written = 0
        self._last = array("q")
        # Not buffered by Python: the file is in the kernel's page cache, which is not this process's memory.
        self._file = os.open(path, flags, 0o600)

    def append(self, sample: int, /) -> None:
        """Keep one more sample, in nanoseconds."""
        self._last.append(sample)
        if len(self._last) == _CHUNK:
            self._write()

    def __len__(self) -> int:
        return self._written + len(self._last)

    def read(self) -> list[int]:
        """All samples in order; nothing can be appended afterwards."""
        self._write()
        os.close(self._file)
        samples = array("q")
        file = os.open(self._path, os.O_RDONLY)
        try:
            while chunk := os.read(file, _CHUNK * samples.itemsize):
                samples.frombytes(chunk)
        finally:
            os.close(file)
        return samples.tolist()

    def _write(self) -> None:
        data = memoryview(self._last).cast("B")
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:  # A full disk is no fault of the model.
            raise AssessError(
                f"the samples could not be written: {error.strerror or error}", where=self._path
            ) from error
        data.release()
        self._written += len(self._last)
        self._last = array("q")
