"""Become another program that ends when the process that asked for it ends: run as a file, with PARENT COMMAND...

By its path and without site packages, so that it costs milliseconds and leaves the program's environment as it is.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h; it holds across exec.
#: As shells report a command that is there and cannot be run.
CANNOT_BE_RUN = 126


def main(words: list[str]) -> int:
    """Replace this process; returns only if that could not be done."""
    parent, *command = words
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(parent):  # It ended before we asked.
            return CANNOT_BE_RUN
    try:
        os.execvp(command[0], command)  # noqa: S606 - that no shell is between is the point
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror or error}\n")
    return CANNOT_BE_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
