"""What held the process that was timed, beside memory: CPUs, a quota of their time, the scheduling class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

QuotaMechanism = Literal["cgroup cpu.max", "cgroup cpu.cfs_quota_us"]

#: What a reader of a run under a quota must know. With a fifth of a CPU the median of one model stayed at 2.2 ms, and
#: p99 went from 3.5 to 86 ms.
NOT_SLOWER = "a quota does not make a fast CPU a slow one: its median is this CPU's, its tail the quota's"


@dataclass(frozen=True, slots=True)
class Scheduling:
    """How the process that was timed was scheduled, as it read it back with its threads made.

    Attributes:
        cpus: on which any of its threads might run.
        threads: that were looked at.
        policy: "other", "FIFO" and so on, of all threads; "several" where they differ.
        priority: the lowest of its threads' real-time priorities; 0 where there is none.
        locked: whether its memory was locked.
        why_not_locked: why it was not; "" if it was, or nobody asked.
    """

    cpus: tuple[int, ...]
    threads: int
    policy: str
    priority: int = 0
    locked: bool = False
    why_not_locked: str = ""


@dataclass(frozen=True, slots=True)
class CpuQuota:
    """A share of CPU time in each period, after which the process stood still.

    Attributes:
        cpus: time allowed in a period, over the period: 0.5 is half of one CPU.
        period_s: of the quota.
        mechanism: what held it.
        periods: in which the process that was timed ran, its start included; None if the kernel does not tell.
        stopped: of them, those in which it was stopped.
        stopped_s: for how long, in all of its threads together.
    """

    cpus: float
    period_s: float
    mechanism: QuotaMechanism
    periods: int | None = None
    stopped: int | None = None
    stopped_s: float | None = None


@dataclass(frozen=True, slots=True)
class Constraints:
    """Limits of the CPU as they were in effect.

    Attributes:
        cpus: that the process was put on by affinity; empty for no such limit.
        quota: of CPU time; None for none.
        scheduling: as the process read it back; None if it ended before it could.
        real_time_share: the most of a CPU that all real-time processes get where others wait, 0 to 1; None where
            nobody asked for that class, or there is no bound.
    """

    cpus: tuple[int, ...] = ()
    quota: CpuQuota | None = None
    scheduling: Scheduling | None = None
    real_time_share: float | None = None
