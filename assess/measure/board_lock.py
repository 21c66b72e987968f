"""One measurement at a time on a board, whoever's it is: the second waits, and is told who holds it and since when."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from assess.errors import AssessError

#: In the folder that all users of a board share.
LOCK: Final = "assess-board.lock"
#: Is in the environment of what runs for the holder.
HELD: Final = "ASSESS_BOARD_HELD"
_LOOK_EVERY_S: Final = 1.0
_MOST_BYTES: Final = 300
_MOST_DIGITS: Final = 15
#: In a folder where all may put what they like: no link is followed, and nothing is waited for.
_SAFELY: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@contextmanager
def board_lock(
    who: str,
    wait_s: float,
    on_wait: Callable[[str], object],
    *,
    path: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Iterator[None]:
    """Hold the lock of this board; the system gives it back however the process ends.

    Args:
        who: is told to those who wait.
        wait_s: is waited for it, at most.
        on_wait: told who holds it and since when, each time that it is looked at.
        path: of the lock; in the folder for temporary files that all users share by default.
        clock: seconds, monotonic.
        sleep: waits.
        now: seconds since 1970.

    Raises:
        AssessError: it was not free in time, or cannot be made.
    """
    import fcntl

    file = _opened(path or _shared() / LOCK)
    try:
        until = clock() + wait_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                held = _holder(file, now())
                if clock() >= until:
                    raise AssessError(
                        f"another measurement runs on this board: {held}",
                        hint='wait for it, or wait longer: `wait = "1 h"` in the inventory',
                    ) from None
                on_wait(held)
                sleep(_LOOK_EVERY_S)
        _sign(file, f"{now():.0f} {who}")
        yield
    finally:
        os.close(file)  # With it goes the lock.


def holder(path: Path | None = None, *, now: Callable[[], float] = time.time) -> str:
    """Who holds the lock of this board, and since when; "" if nobody does."""
    import fcntl

    try:
        file = os.open(path or _shared() / LOCK, os.O_RDONLY | _SAFELY)
    except OSError:  # Nobody has held it yet.
        return ""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(file, now())
    finally:
        os.close(file)
    return ""


def _shared() -> Path:
    """The folder that all users of a board have: TMPDIR may name one that only this user has."""
    usual = Path("/tmp")  # noqa: S108 - what is made there is opened with care
    return usual if usual.is_dir() else Path(tempfile.gettempdir())


def _opened(path: Path) -> int:
    """The file, which any user may lock and sign. It is opened before it is made: in folders that all may write to,
    the kernel forbids to open for making what is another user's (fs.protected_regular).
    """
    for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        try:
            file = os.open(path, flags | _SAFELY, 0o666)
        except OSError as error:
            failed = error
            continue
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:  # Anybody may put something else in its place.
            os.close(file)
            raise AssessError(
                "is no plain file of its own", where=str(path), hint="see who put it there, and remove it"
            )
        if flags & os.O_CREAT:
            os.fchmod(file, 0o666)  # Whatever this user's umask is.
        return file
    raise AssessError(f"cannot be locked: {failed.strerror or failed}", where=str(path)) from failed


def _sign(file: int, text: str) -> None:
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, text.encode()[:_MOST_BYTES], 0)
    except OSError:  # Another user's file that only can be read: it is held all the same, without a name.
        return


def _holder(file: int, now: float) -> str:
    since, _, who = os.pread(file, _MOST_BYTES, 0).decode("utf-8", "replace").partition(" ")
    if not (since.isascii() and since.isdigit() and len(since) < _MOST_DIGITS) or not who:
        return "somebody who left no name"
    return f"{who}, since {max(0.0, now - int(since)):.0f} s"
