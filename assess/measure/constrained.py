"""Run workers under the limits that a run asks for: memory, CPUs, a share of their time, the real-time class.

The limits are the parent's to hold: they are there before the worker is asked anything, so before it has a second
thread. What the worker alone can do - become real-time, lock its memory - it does before it imports a runtime.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError
from assess.measure.constraint import Constraints, CpuQuota, Scheduling
from assess.measure.cpu_quota import QuotaGuard
from assess.measure.cpu_request import as_list, check_quota, chosen_cpus, parse_cpus, usable_cpus
from assess.measure.kernel_files import text_of
from assess.measure.measurement import Settings
from assess.measure.memory_limit import MemoryGuard, MemoryLimit
from assess.measure.own_scheduling import PRIORITY
from assess.measure.timed_run import Launch
from assess.sandbox import Confine, Ending

#: Passes whose process is the one that is timed.
_TIMED: Final = ("timed", "generate", "pipeline")
_REAL_TIME: Final = "--nice-realtime"
_ALLOW: Final = "be root, run `sudo setcap cap_sys_nice+ep` on this Python, or allow it with `ulimit -r 10`"


class Constrained:
    """Launches the workers of one run within its limits; a `Launch`.

    Attributes:
        cpus: on which workers are put; empty for all.
    """

    def __init__(
        self,
        settings: Settings,
        launch: Launch,
        *,
        root: Path = Path("/"),
        usable: Callable[[], Collection[int]] = usable_cpus,
        allowed: Callable[[], None] | None = None,
    ) -> None:
        """See whether all that the settings ask for can be held here, before anything is measured.

        Args:
            settings: of the run.
            launch: runs a worker; it is not told of limits where there are none.
            root: folder that stands for "/".
            usable: CPUs that this process may run on.
            allowed: raises AssessError where no process may become real-time.

        Raises:
            AssessError: something cannot; what to do is said.
        """
        self._launch, self._root = launch, root
        self._is_real_time, there = settings.realtime, frozenset(usable())
        request = parse_cpus(settings.cpus)
        self.cpus = chosen_cpus(request, there, root)
        self._memory = None if settings.memory_limit_bytes is None else MemoryGuard(settings.memory_limit_bytes)
        self._quota = None if request.quota is None else QuotaGuard(request.quota, root)
        self._found: CpuQuota | None = None
        if self._quota is not None:
            check_quota(self._quota.cpus, there)
            _require_no_real_time(settings)
            self._quota.check()
        if self._is_real_time:
            (allowed or require_real_time)()
            self.cpus = self.cpus or _all_but_the_first(there)
            _require_one_left(self.cpus, there, real_time_share(root))
        affinity = self._affinity() if self.cpus else None
        # The quota last: in version 2 it is held by the group that holds the memory.
        self._confines: tuple[Confine, ...] = tuple(
            each for each in (self._memory, affinity, self._quota) if each is not None
        )

    def __call__(self, module: str, request: dict[str, Any], *rest: Any, **options: Any) -> Ending:
        """Run a worker, as `sandbox.run` does."""
        if not self._confines:
            return self._launch(module, request, *rest, **options)
        ending = self._launch(module, request, *rest, confine=self._confine, **options)
        if self._quota is not None and request.get("pass") in _TIMED:
            self._found = self._quota.found(self._found)
        return ending

    def changes(self, settings: Settings) -> dict[str, Any]:
        """What workers are asked in another way: ONNX Runtime's own choice of threads puts each on a CPU of its own,
        of all that there are, whatever the process may use.
        """
        return {"threads": len(self.cpus)} if self.cpus and settings.threads == 0 else {}

    @property
    def memory(self) -> MemoryLimit | None:
        """How the limit on memory was held; None if there was none."""
        return self._memory.found() if self._memory else None

    def constraints(self, scheduling: Scheduling | None) -> Constraints | None:
        """What held the process that was timed; None if nothing was asked for.

        Args:
            scheduling: as it read it back.
        """
        if not (self.cpus or self._quota or self._is_real_time):
            return None
        quota = (self._found or self._quota.found()) if self._quota else None
        return Constraints(self.cpus, quota, scheduling, real_time_share(self._root) if self._is_real_time else None)

    @contextmanager
    def _confine(self, process: subprocess.Popen[bytes]) -> Iterator[Callable[[], str]]:
        whys: list[Callable[[], str]] = []
        with ExitStack() as held:
            for confine in self._confines:
                whys.append(held.enter_context(confine(process)))
            yield lambda: next((why for each in whys if (why := each())), "")

    def _affinity(self) -> Confine:
        def confine(process: subprocess.Popen[bytes]) -> AbstractContextManager[Callable[[], str]]:
            return on_cpus(process.pid, self.cpus, apart=self._is_real_time)

        return confine


@contextmanager
def on_cpus(pid: int, cpus: Collection[int], *, apart: bool) -> Iterator[Callable[[], str]]:
    """Put a process that has one thread yet on some CPUs.

    Args:
        pid: of the process.
        cpus: where it, and all threads that it will start, may run.
        apart: whether this thread, and those that it starts meanwhile, keep off them: a real-time process that runs
            without end must not be able to keep away who is to end it.
    """
    with suppress(ProcessLookupError):  # It has ended by itself: how is told by who waits for it.
        os.sched_setaffinity(pid, cpus)
        if (had := os.sched_getaffinity(pid)) != set(cpus):
            raise AssessError(f"the worker was put on CPUs {as_list(cpus)} and is on {as_list(had)}", where="--cpus")
    own = os.sched_getaffinity(0)
    apart = apart and bool(own - set(cpus))
    if apart:
        os.sched_setaffinity(0, own - set(cpus))
    try:
        yield lambda: ""
    finally:
        if apart:
            os.sched_setaffinity(0, own)


def require_real_time() -> None:
    """Refuse where no process of ours may become real-time: tried on this thread, for an instant.

    Raises:
        AssessError: what forbids it, and what to do.
    """
    if not hasattr(os, "sched_setscheduler"):
        raise AssessError("this system has no SCHED_FIFO", where=_REAL_TIME, hint="measure on Linux")
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        raise AssessError(
            f"no process may become real-time here: {_why_forbidden(error)}", where=_REAL_TIME, hint=_ALLOW
        ) from error
    os.sched_setscheduler(0, policy, parameters)


def _why_forbidden(error: OSError) -> str:
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    if os.geteuid() != 0 and most != resource.RLIM_INFINITY and most < PRIORITY:
        return f"{error.strerror}; the limit on real-time priorities is {most}, {PRIORITY} is needed"
    return f"{error.strerror}; the container lacks CAP_SYS_NICE, or its control group has no real-time budget"


def real_time_share(root: Path = Path("/")) -> float | None:
    """The most of a CPU that real-time processes get where others wait (Documentation/scheduler/sched-rt-group.rst).

    None where there is no bound, or the kernel tells none.
    """
    runtime, period = (text_of(root / f"proc/sys/kernel/sched_rt_{name}_us") for name in ("runtime", "period"))
    if not runtime.isdecimal() or not period.isdecimal() or not int(period) or int(runtime) >= int(period):
        return None
    return int(runtime) / int(period)


def _all_but_the_first(there: Collection[int]) -> tuple[int, ...]:
    """Of several CPUs the first is left free: interrupts and the system's own work are there more than elsewhere."""
    cpus = sorted(there)
    return tuple(cpus[1:] or cpus)


def _require_one_left(cpus: Collection[int], there: Collection[int], share: float | None) -> None:
    """Refuse what nobody could end: a real-time process that never waits keeps all others from its CPUs."""
    if set(there) - set(cpus):
        return
    if len(there) > 1:
        left = as_list(sorted(there)[1:])
        raise AssessError(
            f"a real-time process on CPUs {as_list(cpus)} leaves none to whoever has to end it", where=_REAL_TIME,
            hint=f"leave one free, e.g. --cpus {left if '-' in left or ',' in left else f'{left}-{left}'}",
        )  # fmt: skip
    if share is None:
        raise AssessError(
            "there is one CPU only, and nothing bounds the time of real-time processes", where=_REAL_TIME,
            hint="sudo sysctl kernel.sched_rt_runtime_us=950000",
        )  # fmt: skip


def _require_no_real_time(settings: Settings) -> None:
    if settings.realtime:
        raise AssessError(
            "a share of CPU time does not hold a real-time process: the kernel counts ordinary ones only",
            where=f"--cpus {settings.cpus}", hint=f"give it whole CPUs, or leave out {_REAL_TIME}",
        )  # fmt: skip
