"""Files that a worker keeps by their sha256: a model is sent to it once, whatever it is called and wherever it lay."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from assess.describe.beside import beside
from assess.errors import AssessError
from assess.files import cache_folder, sha256_of

#: Of one answer to a worker that asks for a file: small enough for the memory of all on the way.
PART_BYTES: Final = 4 * 2**20
#: What is kept at most, beside what the case at hand needs: a board has little disk.
_MOST_BYTES: Final = 8 * 2**30
#: No case takes so long.
_ABANDONED_S: Final = 2 * 86_400.0
_DIGITS: Final = 64
#: Gives some bytes of a file, by its sha256 and where they begin; fewer than `PART_BYTES` at its end only.
Fetch = Callable[[str, int], bytes]


def usual_folder() -> Path:
    """Where a worker keeps what it was sent, unless it was told another folder."""
    return cache_folder() / "lab"


class Store:
    """A folder of files named by their sha256; several processes may share it."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES, clock: Callable[[], float] = time.time) -> None:
        """Keep files below `folder`, which is made when it is first needed."""
        self._files, self._cases, self._most_bytes = folder / "files", folder / "cases", most_bytes
        self._clock = clock
        self._verified: set[str] = set()

    @contextmanager
    def case(self) -> Iterator[Path]:
        """A folder for the files of one case, gone with it.

        Raises:
            OSError: it cannot be made.
        """
        self._cases.mkdir(parents=True, exist_ok=True)
        self._tidy()
        with tempfile.TemporaryDirectory(dir=self._cases) as name:
            yield Path(name)

    def lay_out(self, folder: Path, files: Mapping[str, str], sizes: Mapping[str, int], fetch: Fetch) -> None:
        """Put files into a folder by their names.

        Args:
            folder: where they are to lie, below a `case`.
            files: their sha256, by name.
            sizes: in bytes, by sha256.
            fetch: gets what is not kept yet.

        Raises:
            AssessError: a name leads out of the folder, or what was sent is not what it should be.
            OSError: the disk is full, or cannot be written to.
        """
        self._make_room(set(files.values()), sum(sizes[each] for each in set(files.values()) if not self._has(each)))
        for name, sha256 in files.items():
            path = beside(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            kept = self._kept(name, sha256, sizes[sha256], fetch)
            try:
                path.hardlink_to(kept)
            except OSError:  # File systems of memory cards have no hard links.
                shutil.copyfile(kept, path)

    def _tidy(self) -> None:
        """Remove what workers left that were killed."""
        left = [*self._cases.iterdir(), *(path for path in self._files.glob("*") if len(path.name) != _DIGITS)]
        for path in left:
            with suppress(OSError):  # Another process is quicker, or it is another user's.
                if self._clock() - path.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _has(self, sha256: str) -> bool:
        """Whether a file is kept, whole: a disk may forget what a power cut caught on its way."""
        path = self._files / sha256
        if sha256 in self._verified and path.is_file():
            return True
        if not path.is_file():
            return False
        try:
            whole = sha256_of(path) == sha256
        except AssessError:  # A memory card that wears out: the file is had again.
            whole = False
        if whole:
            self._verified.add(sha256)
        else:
            path.unlink()
        return whole

    def _kept(self, name: str, sha256: str, size_bytes: int, fetch: Fetch) -> Path:
        if len(sha256) != _DIGITS or not set(sha256) <= set("0123456789abcdef"):
            raise AssessError(f"{sha256!r:.80} is no sha256", where=name)
        path = self._files / sha256
        if self._has(sha256):
            os.utime(path)  # What was used last is given up last.
            return path
        self._files.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._files)
        try:
            with os.fdopen(handle, "wb") as file:
                found = hashlib.sha256()
                while file.tell() < size_bytes:
                    part = fetch(sha256, file.tell())
                    if not part:
                        break
                    found.update(part)
                    file.write(part)
            if found.hexdigest() != sha256:
                raise AssessError("changed since it was described", where=name, hint="try again once it is whole")
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
        self._verified.add(sha256)
        return path

    def _make_room(self, needed: set[str], more_bytes: int) -> None:
        """Give up what was not used for longest, until what comes fits into what may be kept."""
        if not more_bytes or not self._files.is_dir():
            return
        found = [(path, path.stat()) for path in self._files.iterdir() if len(path.name) == _DIGITS]
        used_bytes = sum(status.st_size for _, status in found)
        for path, status in sorted(found, key=lambda each: each[1].st_mtime):
            if used_bytes + more_bytes <= self._most_bytes:
                return
            if path.name not in needed:
                with suppress(FileNotFoundError):  # Another process shares the folder.
                    path.unlink()
                used_bytes -= status.st_size
