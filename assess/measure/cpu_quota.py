"""A quota of CPU time, held by a control group: what a container is given, not a slower processor."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from assess.errors import AssessError
from assess.measure.constraint import CpuQuota, QuotaMechanism
from assess.measure.kernel_files import text_of

#: The kernel's own period (Documentation/scheduler/sched-bwc.rst), which containers are given too.
_PERIOD_US: Final = 100_000
_HOW: Final = (
    "whole CPUs need no control group: --cpus 1; for a share be root, or begin with `systemd-run --user --scope "
    "-p Delegate=yes`, or run in a container with its own writable cgroup"
)


class _Count(NamedTuple):
    """cpu.stat of a group: periods in which it ran, those in which it was stopped, and nanoseconds for how long."""

    periods: int
    stopped: int
    stopped_ns: int


class QuotaGuard:
    """Holds one quota on the processes that it is given, one after the other; for `sandbox.run(confine=)`."""

    def __init__(self, cpus: float, root: Path = Path("/")) -> None:
        self.cpus, self._root = cpus, root
        self._mechanism: QuotaMechanism = "cgroup cpu.max"
        self._last: _Count | None = None

    def check(self) -> None:
        """See whether the quota can be held here, before anything is measured.

        Raises:
            AssessError: no control group can be made that holds one.
        """
        folder, _ = self._made(None)
        folder.rmdir()

    @contextmanager
    def __call__(self, process: subprocess.Popen[bytes]) -> Iterator[Callable[[], str]]:
        """Hold the quota on a process until the block ends, which must be after the process did."""
        folder, is_ours = self._made(process.pid)
        self._last = None
        try:
            yield lambda: ""  # It is stopped again and again, and never ended.
        finally:
            self._last = _count(folder)
            if is_ours:
                with suppress(OSError):  # A process that it started is still there: the group stays, and its quota.
                    folder.rmdir()

    def found(self, before: CpuQuota | None = None) -> CpuQuota:
        """How the quota was held on the last process, added to what was found before."""
        made = CpuQuota(self.cpus, _PERIOD_US / 1e6, self._mechanism)
        if self._last is None:
            return before or made
        periods, stopped, ns = self._last
        if before is not None and before.periods is not None:
            periods, stopped = periods + before.periods, stopped + (before.stopped or 0)
            ns += round((before.stopped_s or 0.0) * 1e9)
        return replace(made, periods=periods, stopped=stopped, stopped_s=ns * 1e-9)

    def _made(self, pid: int | None) -> tuple[Path, bool]:
        """A control group with the quota, the process in it if there is one, and whether the group was made for it."""
        why = "this process is in no control group that limits CPU time"
        for folder, is_ours in self._places(pid):
            try:
                if is_ours:
                    folder.mkdir()
                self._limit(folder)
                if pid is not None:
                    self._put(pid, folder)
            except OSError as error:
                why = f"{folder}: {error.strerror or error}"
                if is_ours:
                    with suppress(OSError):
                        folder.rmdir()
                continue
            return folder, is_ours
        raise AssessError(f"a share of CPU time cannot be held here: {why}", where="--cpus", hint=_HOW)

    def _places(self, pid: int | None) -> Iterator[tuple[Path, bool]]:
        """Where a group can be, and whether it is to be made: the one that holds the memory, beside ours, further out.

        In version 2 a process is in one group for all controllers: a second group would take it out of the first.
        """
        name = f"assess-{os.getpid()}-{secrets.token_hex(4)}"
        if pid is not None and (own := self._own_group(pid)) is not None:
            yield own, False
            return
        for parent in cpu_groups(self._root):
            if (parent / "cpu.cfs_quota_us").exists():
                self._mechanism = "cgroup cpu.cfs_quota_us"
                yield parent / name, True
            elif "cpu" in text_of(parent / "cgroup.subtree_control").split():
                self._mechanism = "cgroup cpu.max"
                yield parent / name, True

    def _own_group(self, pid: int) -> Path | None:
        """The group of version 2 that was made for the process's memory."""
        text = text_of(self._root / f"proc/{pid}/cgroup")
        match = re.search(r"^0::(/(?:.*/)?assess-[0-9]+-[0-9a-f]+)$", text, re.MULTILINE)
        folder = self._root / "sys/fs/cgroup" / match[1].lstrip("/") if match else None
        return folder if folder is not None and folder.is_dir() else None

    def _limit(self, folder: Path) -> None:
        quota_us = round(self.cpus * _PERIOD_US)
        if self._mechanism == "cgroup cpu.max":
            (folder / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")
            return
        (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (folder / "cpu.cfs_quota_us").write_text(str(quota_us))

    def _put(self, pid: int, folder: Path) -> None:
        """Move the process into the group, and read back that it is there."""
        (folder / "cgroup.procs").write_text(str(pid))
        if str(pid) not in text_of(folder / "cgroup.procs").split():
            raise OSError(f"process {pid} did not get there")


def cpu_groups(root: Path = Path("/")) -> list[Path]:
    """Folders of the control groups that limit this process's CPU time, innermost first; empty where there are none."""
    found = []
    for line in text_of(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not path or (controllers and "cpu" not in controllers.split(",")):
            continue
        for mount in _mounts(root, controllers):
            inner = mount / path.lstrip("/")
            # In a container the path may be the host's, which is not visible inside: then only the mount itself exists.
            found += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(mount) and folder.is_dir()]
    return found


def _mounts(root: Path, controllers: str) -> list[Path]:
    """Version 1 is mounted by the names of its controllers, or by one of them; version 2 alone, or beside version 1."""
    mount = root / "sys/fs/cgroup"
    if not controllers:
        return [mount / "unified" if (mount / "unified").is_dir() else mount]
    return [folder for name in dict.fromkeys((controllers, "cpu")) if (folder := mount / name).is_dir()]


def _count(folder: Path) -> _Count | None:
    text = text_of(folder / "cpu.stat")
    counts = {name: int(number) for name, number in re.findall(r"^(\w+) (\d{1,20})$", text, re.MULTILINE)}
    if "nr_periods" not in counts:
        return None
    ns = counts.get("throttled_time", counts.get("throttled_usec", 0) * 1000)  # Nanoseconds in version 1.
    return _Count(counts["nr_periods"], counts.get("nr_throttled", 0), ns)
