"""Run a program that ends, with all that it began, when the process that asked for it ends: run as a file.

`python -I -S guarded.py PARENT COMMAND...`: by its path and without site packages, so that it costs milliseconds and
leaves the program's environment as it is. It leads a session of its own, which the program and its children stay in;
what leaves it all the same becomes a child of this process when its parent ends, and is ended too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
#: As shells report a command that is there and cannot be run.
CANNOT_BE_RUN = 126


def main(words: list[str]) -> int:
    """Run the command and end as it does: with its exit code, or by its signal."""
    parent, *command = words
    signal.signal(signal.SIGUSR1, lambda *_: _end_all())
    # Who asks the session to end asks the program: this process waits for it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
        if os.getppid() != int(parent):  # It ended before we asked.
            return CANNOT_BE_RUN
    child = os.fork()
    if child == 0:
        os._exit(_become(command))
    for pipe in (sys.stdout, sys.stderr):
        os.close(pipe.fileno())  # They end when the program's do.
    _, status = os.waitpid(child, 0)
    _end_children()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        _end_by(-code)
    return code


def _end_all() -> None:
    """End everything that was begun, and this process."""
    _end_children()
    os.killpg(0, signal.SIGKILL)


def _end_children() -> None:
    """End all children, and those that become this process's own by that, until there are none."""
    while children := _children():
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except (ProcessLookupError, ChildProcessError):
                continue


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123 - nothing more is imported
            return [int(each) for each in file.read().split()]
    except OSError:  # Not Linux, or a kernel without it: the session is all that is known.
        return []


def _become(command: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE):  # Python ignores the last one.
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - that no shell is between is the point
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror or error}\n".encode())
    return CANNOT_BE_RUN


def _end_by(number: int) -> None:
    """End by the same signal, without a core file of this process beside that of the program."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
