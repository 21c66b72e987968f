"""The folder of one job on a board: what it is asked, the files that it reads, what came of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError
from assess.target.protocol import SentFile, described, sent_files

#: Files that no job has used for a week are removed, and so is what is left of jobs.
KEPT_S: Final = 7 * 86400.0
#: What came of a job is given to who asks the same again for so long: a link that is lost comes back within hours, and
#: whoever measures again on the next day means it.
FETCHED_WITHIN_S: Final = 8 * 3600.0
#: Names of jobs, and of files, whole or as they are taken.
_KEY: Final = re.compile(r"[0-9a-f]{32}$")
_SHA256: Final = re.compile(r"\.?[0-9a-f]{64}(\..*)?$")


@dataclass(frozen=True, slots=True)
class Job:
    """A job on this board.

    Attributes:
        home: the folder of assess on this board.
        key: the job's identity: the same question has the same.
    """

    home: Path
    key: str

    @property
    def folder(self) -> Path:
        """Of this job alone."""
        return self.home / "jobs" / self.key

    @property
    def tree(self) -> Path:
        """Where the files that it reads lie as they did at home; it is run in there."""
        return self.folder / "tree"

    @property
    def request(self) -> Path:
        """What it is asked."""
        return self.folder / "request.json"

    @property
    def outcome(self) -> Path:
        """What came of it; there once it is whole."""
        return self.folder / "outcome.json"

    @property
    def busy(self) -> Path:
        """Is locked while it runs."""
        return self.folder / "busy"

    def blob(self, sha256: str) -> Path:
        """A file by its content."""
        return self.home / "files" / sha256

    def make(self) -> None:
        """Make its folders.

        Raises:
            AssessError: they cannot be made.
        """
        self._make(self.home / "files")
        self._make(self.folder)
        try:
            self.busy.touch()
            os.utime(self.folder)
        except OSError as error:
            raise AssessError(f"cannot be made: {error.strerror or error}", where=str(self.busy)) from error

    def prune(self, now: float | None = None) -> None:
        """Remove what other jobs left a week ago, and files that none has used since: boards have small disks."""
        since = (time.time() if now is None else now) - KEPT_S
        for each in (*_in(self.home / "jobs", _KEY), *_in(self.home / "files", _SHA256)):
            with suppress(OSError):
                if each != self.folder and each.stat().st_mtime < since and not _is_locked(each / "busy"):
                    shutil.rmtree(each) if each.is_dir() else each.unlink()

    def missing(self, files: Sequence[SentFile]) -> list[SentFile]:
        """Files whose content is not here, each once."""
        wanted = {file.sha256: file for file in files}
        return [file for sha256, file in wanted.items() if not self._has(sha256, file.size)]

    def lay_out(self, files: Sequence[SentFile]) -> None:
        """Put the files where the job looks for them: under their names, without a second copy where that can be.

        What an earlier run of it left there is gone.

        Raises:
            AssessError: one cannot be put there.
        """
        shutil.rmtree(self.tree, ignore_errors=True)
        self._make(self.tree)
        for file in files:
            place, blob = self.tree / file.path, self.blob(file.sha256)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                os.utime(blob)
                _linked(blob, place)
            except OSError as error:
                raise AssessError(f"cannot be put there: {error.strerror or error}", where=str(place)) from error

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """Keep what came of it, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        temporary = self.folder / "outcome.part"
        temporary.write_text(json.dumps(outcome, allow_nan=False), encoding="utf-8")
        temporary.replace(self.outcome)

    def finished(self) -> dict[str, Any] | None:
        """What came of it, if it is whole and not too old."""
        try:
            if time.time() - self.outcome.stat().st_mtime > FETCHED_WITHIN_S:
                return None
            found = json.loads(self.outcome.read_text(encoding="utf-8"))
            files = sent_files(found.get("files", []))
            whole = all(described(self.tree / file.path, file.path) == file for file in files)
        except (OSError, ValueError, AttributeError):
            return None
        return found if whole else None

    def done_at(self) -> str:
        """When it was finished, by this board's clock: UTC, ISO 8601."""
        done = datetime.fromtimestamp(self.outcome.stat().st_mtime, UTC)
        return done.isoformat(timespec="seconds")

    def written(self, outputs: Sequence[str], sent: Sequence[SentFile]) -> Iterator[SentFile]:
        """Files that it wrote where it was to, which is below its tree: those sent that it left alone are none."""
        known = {file.path: file.sha256 for file in sent}
        for output in outputs:
            top = self.tree / output
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                name = path.relative_to(self.tree).as_posix()
                if path.is_file() and not path.is_symlink():
                    found = described(path, name)
                    if known.get(name) != found.sha256:
                        yield found

    def remove(self) -> None:
        """Remove what is its own; files stay for the next job that reads them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AssessError(f"cannot be made: {error.strerror or error}", where=str(folder)) from error

    def _has(self, sha256: str, size: int) -> bool:
        blob = self.blob(sha256)
        try:
            os.utime(blob)  # It is used: whoever prunes now leaves it.
            if blob.stat().st_size == size and described(blob, sha256).sha256 == sha256:
                return True
            blob.unlink()  # Something here wrote into it, or the disk lost some of it: it is sent again.
        except OSError:
            return False
        return False


def _in(folder: Path, ours: re.Pattern[str]) -> list[Path]:
    """What is ours of a folder, by its names."""
    try:
        return [each for each in folder.iterdir() if ours.match(each.name)]
    except OSError:
        return []


def _is_locked(file: Path) -> bool:
    """Whether an agent is at the job whose file it is."""
    import fcntl

    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _linked(blob: Path, place: Path) -> None:
    try:
        place.hardlink_to(blob)
    except OSError:  # A file system without hard links, or that has too many of this one.
        shutil.copyfile(blob, place)
