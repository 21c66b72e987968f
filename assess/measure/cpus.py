"""Which CPU two processes in lockstep share."""

from __future__ import annotations

import os
from pathlib import Path

from assess.measure.kernel_files import text_of, whole_number


def equal_cpus(root: Path = Path("/")) -> tuple[int, ...]:
    """The CPUs that this process may use, only the fastest where some are slower; empty where nobody may choose.

    Two processes that take turns are put on one CPU: a scheduler that keeps each on its own, beside a neighbour who
    moves between both, makes one of them slower than the other for as long as they run. On a host of two busy threads
    of one core the ratio of a model to itself was off by up to 47 % so, and by 3 % at most on one CPU.
    """
    if not (hasattr(os, "sched_setaffinity") and hasattr(os, "sched_getaffinity")):
        return ()
    capacities = {cpu: _capacity(cpu, root) for cpu in sorted(os.sched_getaffinity(0))}
    most = max(capacities.values())
    return tuple(cpu for cpu, capacity in capacities.items() if capacity == most)


def _capacity(cpu: int, root: Path) -> int:
    """Of 1024, as Linux's capacity-aware scheduling has it (Documentation/scheduler/sched-capacity.rst)."""
    return whole_number(text_of(root / f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity")) or 1024
