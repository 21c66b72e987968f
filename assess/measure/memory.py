"""Peak resident memory of this process, phase by phase, as the kernel counts it.

Linux keeps the high-water mark of resident memory (`VmHWM` in /proc/self/status, man 5 proc) and sets it back to what
is resident now when "5" is written to /proc/self/clear_refs. So no peak between two looks is missed, and a phase's peak
is its own. Kernels before 6.17 count on many cores in batches: up to 128 kB for each core may be missing from a value.

Elsewhere `ru_maxrss` is the nearest thing. It cannot be set back: a phase's peak then is the peak so far, and what the
imports took before the baseline was read hides as much of the model's own memory.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, Protocol

_RESET_PEAK: Final = "5"  # CLEAR_REFS_MM_HIWATER_RSS, fs/proc/task_mmu.c


class PeakMemory(Protocol):
    """A high-water mark; `method` says what it is read from."""

    method: str

    def restart(self) -> None:
        """Count from what is resident now, where the system can."""

    def peak_bytes(self) -> int:
        """The highest since `restart`."""


class KernelMark:
    """`VmHWM` of /proc/self/status, with a reset."""

    method = "VmHWM"

    def __init__(self, process: Path = Path("/proc/self")) -> None:
        self._status = process / "status"
        self._clear = process / "clear_refs"

    def restart(self) -> None:
        """Count from what is resident now."""
        self._clear.write_text(_RESET_PEAK)

    def peak_bytes(self) -> int:
        """The highest since `restart`."""
        for line in self._status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise OSError("/proc/self/status has no VmHWM")


class MaximumSoFar:
    """`ru_maxrss` of getrusage: the highest since the process began."""

    method = "ru_maxrss, which cannot be reset between phases"

    def restart(self) -> None:
        """Nothing to do: the system has no reset."""

    def peak_bytes(self) -> int:
        """The highest since the process began."""
        import resource

        value = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return value if sys.platform == "darwin" else value * 1024  # macOS counts bytes, all others kilobytes.


def peak_memory(process: Path = Path("/proc/self")) -> PeakMemory | str:
    """The best high-water mark of this system, or why there is none."""
    mark = KernelMark(process)
    try:
        mark.restart()
        mark.peak_bytes()
    except OSError:
        pass
    else:
        return mark
    try:
        import resource  # noqa: F401
    except ImportError:
        return f"{sys.platform} tells neither VmHWM nor ru_maxrss"
    return MaximumSoFar()
