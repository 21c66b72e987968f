"""A limit on the memory that a process really takes, by the strongest means that needs no privileges.

`RLIMIT_AS`, which a sandbox uses for untrusted files, limits address space: ONNX Runtime reserves far more of it than
it touches, so that it says no to models that would fit. Here the limit is on resident and swapped memory. A control
group holds it exactly; where none can be made, this process looks every 20 ms and kills.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from assess.sandbox import control_groups

#: One look costs about 30 us; in 20 ms one thread can touch some 40 MB, by which the limit may be overshot.
_LOOK_EVERY_S: Final = 0.02
#: Shares of what may be used from which a peak is called tight, and close.
_TIGHT, _CLOSE = 0.9, 0.7

Mechanism = Literal["cgroup memory.max", "cgroup memory.limit_in_bytes", "watchdog on resident memory"]


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """A limit that was enforced on a worker.

    Attributes:
        limit_bytes: as asked.
        mechanism: what held it: a control group, or a watchdog in the parent.
        swap_bytes: the most of the worker that was seen swapped out; a control group allows none where the kernel
            can account for swap. None if it could not be seen.
    """

    limit_bytes: int
    mechanism: Mechanism
    swap_bytes: int | None


class _Files(NamedTuple):
    """Names of a control group's files."""

    mechanism: Mechanism
    limit: str
    swap_limit: str
    swap_value: str
    events: str


_V2: Final = _Files("cgroup memory.max", "memory.max", "memory.swap.max", "0", "memory.events")
#: In version 1 the limit of memory and swap together is that of memory alone.
_V1: Final = _Files(
    "cgroup memory.limit_in_bytes", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "", "memory.oom_control"
)


class MemoryGuard:
    """Holds one limit on the processes that it is given, one after the other; for `sandbox.run(confine=)`.

    `swap_bytes` is the most of any of them; None while none could be seen.
    """

    def __init__(self, limit_bytes: int, root: Path = Path("/")) -> None:
        self.limit_bytes, self._root = limit_bytes, root
        self.mechanism: Mechanism = "watchdog on resident memory"
        self.swap_bytes: int | None = None

    @contextmanager
    def __call__(self, process: subprocess.Popen[bytes]) -> Iterator[Callable[[], str]]:
        """Hold the limit on a process until the block ends, which must be after the process did.

        Yields:
            Once the block has ended: why the process was ended, if it was for its memory; "" if not.
        """
        group = self._group(process.pid)
        if group is None:
            watch = _Watch(process, self.limit_bytes, self._root)
            try:
                yield lambda: watch.over
            finally:
                watch.stop()
                self.mechanism = "watchdog on resident memory"
                self._swapped(watch.swap_bytes)
            return
        folder, files, no_swap = group
        self.mechanism = files.mechanism
        self._swapped(0 if no_swap else None)
        over = ""
        try:
            yield lambda: over
        finally:
            over = self._killed(folder, files)
            with suppress(OSError):  # A process that it started is still there: the group stays, and its limit.
                folder.rmdir()

    def found(self) -> MemoryLimit:
        """How the limit was held, on the last process, and the most that any of them had swapped out."""
        return MemoryLimit(self.limit_bytes, self.mechanism, self.swap_bytes)

    def _swapped(self, seen: int | None) -> None:
        if seen is not None:
            self.swap_bytes = max(self.swap_bytes or 0, seen)

    def _group(self, pid: int) -> tuple[Path, _Files, bool] | None:
        """A control group of its own for the process: beside ours or further out, wherever we may make one."""
        for parent in control_groups(self._root):
            files = _V1 if (parent / _V1.limit).exists() else _V2
            # In version 2 children have a memory limit only if their parent hands the controller on.
            if files is _V2 and "memory" not in _text(parent / "cgroup.subtree_control").split():
                continue
            folder = parent / f"assess-{os.getpid()}-{secrets.token_hex(4)}"
            try:
                folder.mkdir()
            except OSError:
                continue
            try:
                (folder / files.limit).write_text(str(self.limit_bytes))
                no_swap = _write(folder / files.swap_limit, files.swap_value or str(self.limit_bytes))
                (folder / "cgroup.procs").write_text(str(pid))
            except OSError:
                with suppress(OSError):
                    folder.rmdir()
                continue
            return folder, files, no_swap
        return None

    def _killed(self, folder: Path, files: _Files) -> str:
        kills = re.search(r"^oom_kill (\d+)$", _text(folder / files.events), re.MULTILINE)
        return _over(self.limit_bytes, files.mechanism) if kills and int(kills[1]) else ""


class _Watch:
    """Looks at a process again and again, and kills it once it takes more than it may."""

    def __init__(self, process: subprocess.Popen[bytes], limit_bytes: int, root: Path) -> None:
        self.over = ""
        self.swap_bytes: int | None = None
        self._process, self._limit, self._status = process, limit_bytes, root / "proc" / str(process.pid) / "status"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            taken = _taken(self._status, self._process.pid)
            if taken is None:
                continue
            resident, swapped = taken
            if swapped is not None:
                self.swap_bytes = max(self.swap_bytes or 0, swapped)
            if resident + (swapped or 0) > self._limit:
                self.over = _over(self._limit, "watchdog on resident memory")
                self._process.kill()
                return


def _taken(status: Path, pid: int) -> tuple[int, int | None] | None:
    """Resident and swapped bytes of a process; None once it is gone."""
    text = _text(status)
    found = {name: int(value) * 1024 for name, value in re.findall(r"^(VmRSS|VmSwap):\s+(\d+) kB$", text, re.MULTILINE)}
    if "VmRSS" in found:
        return found["VmRSS"], found.get("VmSwap")
    if text:
        return None  # A process that has ended but was not waited for has no memory.
    import psutil  # type: ignore[import-untyped]

    try:
        return int(psutil.Process(pid).memory_info().rss), None
    except psutil.Error:
        return None


def oom_risk(peak_bytes: int, limit_bytes: int | None, available_bytes: int | None) -> str:
    """How near a process comes to being killed for memory, in words.

    Args:
        peak_bytes: the most that the process took, with its runtime.
        limit_bytes: what it may take.
        available_bytes: what the host had to give before it ran.
    """
    bounds = [
        (bound, name)
        for bound, name in ((limit_bytes, "of its limit"), (available_bytes, "of the memory that was available"))
        if bound
    ]
    if not bounds:
        return "unknown: neither a limit nor the memory available is known"
    bound, name = min(bounds)
    share = peak_bytes / bound
    word = "certain" if share >= 1 else "high" if share >= _TIGHT else "moderate" if share >= _CLOSE else "low"
    return f"{word}: the peak is {share:.0%} {name}"


def _over(limit_bytes: int, mechanism: str) -> str:
    return f"needed more memory than it may use (limit {limit_bytes / 2**20:.0f} MiB, {mechanism})"


def _write(file: Path, value: str) -> bool:
    """Whether a file that not every kernel has took the value."""
    try:
        if not file.exists():
            return False
        file.write_text(value)
    except OSError:
        return False
    return True


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
