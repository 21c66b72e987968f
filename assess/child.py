"""The child's side of a sandbox: take one request, stay within the limits, answer on a private channel.

Imported by processes whose memory is measured, so nothing heavy is imported here.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from assess.errors import AssessError

Tell = Callable[[dict[str, Any]], None]


class Stopped(BaseException):
    """The parent asked to stop (SIGTERM): what has been done so far is to be answered. No `Exception`, so that nobody
    takes it for a failure of the model.
    """


_PR_SET_PDEATHSIG = 1  # linux/prctl.h


#: How the dynamic loader of glibc says that a library that is imported does not fit (elf/dl-map-segments.h).
_NO_ROOM: Final = "failed to map segment"


def serve(handle: Callable[[dict[str, Any], Tell], Any]) -> None:
    """Read a request from standard input, run `handle` on it within the limits, and send what it returns.

    `handle` receives the request and `tell`, which sends a progress message to the parent. Whatever native code
    prints goes to standard error: standard output is moved away and carries messages only, one JSON object a line.
    """
    channel = os.dup(1)
    os.dup2(2, 1)

    def send(message: dict[str, Any]) -> None:
        data = json.dumps(message, allow_nan=False).encode() + b"\n"
        while data:
            data = data[os.write(channel, data) :]

    # Ctrl-C reaches the whole process group; the parent decides, and ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    order = json.loads(sys.stdin.buffer.readline())
    _die_with(order["parent"])
    _go_first()
    _stay_within(order["memory_bytes"], order["cpu_s"])
    try:
        answer = handle(order["request"], lambda message: send({"progress": message}))
    except AssessError as error:
        send({"error": {"problem": error.problem, "where": error.where, "hint": error.hint}})
    except MemoryError:
        send({"out of memory": True})
    except ImportError as error:
        if _NO_ROOM not in str(error):
            raise
        send({"out of memory": True})
    except Stopped:
        send({"stopped": True})
    else:
        send({"answer": answer})


#: Whether the parent asked to stop. Native code that is being imported turns `Stopped` into an ImportError.
_asked: list[int] = []


def was_stopped() -> bool:
    """Whether the parent asked to stop, whatever became of the exception."""
    return bool(_asked)


def _stop(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    _asked.append(number)
    raise Stopped


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends, however it ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # It ended before we asked.
        os._exit(1)


def _go_first() -> None:
    """Where memory runs out for all, let the kernel end this process and not the one that waits for it."""
    try:
        file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:  # Not Linux, or not allowed: then the kernel chooses.
        return
    try:
        os.write(file, b"1000")
    except OSError:
        pass
    finally:
        os.close(file)


def _stay_within(memory_bytes: int | None, cpu_s: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time limit still holds.
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_CPU, cpu_s)
    if memory_bytes is not None and sys.platform == "linux":  # macOS has the limit but takes no value for it.
        _lower(resource.RLIMIT_AS, memory_bytes)


def _lower(limit: int, value: int) -> None:
    import resource

    _, hard = resource.getrlimit(limit)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (allowed, hard))
