"""The worker's side of constrained runs: become real-time, lock memory, and read back how all threads are scheduled.

Imported by processes whose memory is measured, so nothing heavy is imported here.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError

#: Above every ordinary process, and below what the kernel itself runs as real-time: interrupts that are threads have
#: 50 (kernel/irq/manage.c), and a driver that they starve may be the one that the model's input comes through.
PRIORITY: Final = 10
#: sched(7).
POLICIES: Final = {0: "other", 1: "FIFO", 2: "round robin", 3: "batch", 5: "idle", 6: "deadline", 7: "ext"}

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4  # asm-generic/mman.h
#: The longest pass beside the timed one, an evaluation, may take so long.
_LONGEST_S: Final = 1800
_MARGIN_S: Final = 30


def become_real_time(timeout_s: float) -> str:
    """Make this process, and all threads that it will start, SCHED_FIFO, and lock its memory.

    Args:
        timeout_s: of the pass: where nobody ends the process in time, the kernel does (RLIMIT_RTTIME).

    Returns:
        Why the memory could not be locked; "" if it was.

    Raises:
        AssessError: the system does not allow the scheduling class.
    """
    _end_at(int(max(timeout_s, _LONGEST_S)) + _MARGIN_S)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (OSError, AttributeError) as error:
        raise AssessError(f"the worker could not become real-time: {error}", where="--nice-realtime") from error
    return _lock()


def read_back(why_not_locked: str | None = None, process: Path = Path("/proc/self")) -> dict[str, Any]:
    """The fields of `Scheduling`, of all threads that this process has now.

    Args:
        why_not_locked: as `become_real_time` said; None: nobody asked.
        process: its folder below /proc.
    """
    threads = [int(task.name) for task in (process / "task").iterdir()]
    cpus: set[int] = set().union(*(os.sched_getaffinity(thread) for thread in threads))
    policies = {POLICIES.get(number, str(number)) for number in map(os.sched_getscheduler, threads)}
    return {
        "cpus": sorted(cpus),
        "threads": len(threads),
        "policy": policies.pop() if len(policies) == 1 else "several",
        "priority": min(os.sched_getparam(thread).sched_priority for thread in threads),
        "locked": why_not_locked == "",
        "why_not_locked": why_not_locked or "",
    }


def _lock(mlockall: Callable[[int], int] | None = None) -> str:
    """Lock each page as it is first touched: what is only reserved stays so, and peaks are still the model's."""
    call = mlockall or ctypes.CDLL(None, use_errno=True).mlockall
    if call(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0:
        return ""
    return f"mlockall: {os.strerror(ctypes.get_errno())}; allow it: ulimit -l unlimited, or CAP_IPC_LOCK"


def _end_at(seconds: int) -> None:
    import resource

    micros = seconds * 1_000_000
    _, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
    allowed = micros if hard == resource.RLIM_INFINITY else min(micros, hard)
    resource.setrlimit(resource.RLIMIT_RTTIME, (allowed, hard))
