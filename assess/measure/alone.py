"""One timed run at a time on a host: whoever comes second waits until the first is done.

Two runs at the same moment take each other's processor and heat each other's chip; neither would show it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from assess.errors import AssessError
from assess.files import user_folder
from assess.measure.board_lock import HELD, LOCK, board_lock

_FILE: Final = "timed-run.lock"
#: Of what the file says of its holder.
_MOST_CHARACTERS: Final = 200


@contextmanager
def alone(who: str, on_wait: Callable[[str], None], *, folder: Path | None = None) -> Iterator[None]:
    """Hold the locks of this host for timed runs, that of this user and that of all; the system gives them back however
    the process ends.

    Args:
        who: is told to those who wait.
        on_wait: told who holds the lock, if somebody else does, before it is waited for.
        folder: where the lock lies; by default a private one of this user.

    Raises:
        AssessError: the lock cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no such locks, and its runs are no evidence for a device of ours.
        yield
        return
    with _opened(folder or user_folder()) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait(os.pread(file, _MOST_CHARACTERS, 0).decode("utf-8", "replace"))
            fcntl.flock(file, fcntl.LOCK_EX)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{who}, process {os.getpid()}".encode(), 0)
        with _among_users(who, on_wait, folder):
            yield


@contextmanager
def _among_users(who: str, on_wait: Callable[[str], None], folder: Path | None) -> Iterator[None]:
    """Hold the lock that measurements over SSH take too, whoever's they are; a process of its holder has it already."""
    if HELD in os.environ:
        yield
        return
    told: set[str] = set()

    def wait(holder: str) -> None:
        if not told:
            on_wait(holder)
        told.add(holder)

    with board_lock(f"{who}, process {os.getpid()}", math.inf, wait, path=folder / LOCK if folder else None):
        yield


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    path = folder / _FILE
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AssessError(f"cannot be locked: {error.strerror or error}", where=str(path)) from error
    try:
        yield file
    finally:
        os.close(file)
