"""Which CPUs, or how much of their time, a run is to have: words of `--cpus`, and what they come to on this host."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assess.errors import AssessError
from assess.measure.kernel_files import cpus_in, text_of, whole_number

_OPTION: Final = "--cpus"
_FORMS: Final = 'a list of CPUs, "0-1,3" ("3-3" for one); a number of CPUs, 2; or a share of their time, 0.5 or "50%"'
#: The kernel takes no quota below a millisecond, which is a hundredth of the usual period.
_LEAST_QUOTA: Final = 0.01


@dataclass(frozen=True, slots=True)
class CpuRequest:
    """What was asked for; one of the three.

    Attributes:
        cpus: these.
        count: so many.
        quota: so much of their time: 0.5 for half of one CPU.
    """

    cpus: tuple[int, ...] = ()
    count: int | None = None
    quota: float | None = None


def parse_cpus(text: str) -> CpuRequest:
    """Read the words of `--cpus`; "" asks for nothing.

    Raises:
        AssessError: they are none of the three forms.
    """
    word = text.strip()
    if not word:
        return CpuRequest()
    if (count := whole_number(word)) is not None:
        if count < 1:
            raise AssessError(f"{text!r} is no number of CPUs", where=_OPTION, hint=f"it takes {_FORMS}")
        return CpuRequest(count=count)
    if share := re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)\s*%|(\d{0,4}\.\d{1,6})", word):
        quota = float(share[1]) / 100 if share[1] else float(share[2])
        if quota < _LEAST_QUOTA:
            raise AssessError(f"{text!r} is less than a hundredth of a CPU", where=_OPTION)
        return CpuRequest(quota=quota)
    if cpus := cpus_in(word.replace(" ", "")):
        return CpuRequest(cpus=tuple(sorted(cpus)))
    raise AssessError(f"{text!r:.60} does not say which CPUs", where=_OPTION, hint=f"it takes {_FORMS}")


def usable_cpus() -> frozenset[int]:
    """CPUs that this process may run on; empty where the system lets nobody choose."""
    if not (hasattr(os, "sched_setaffinity") and hasattr(os, "sched_getaffinity")):
        return frozenset()
    return frozenset(os.sched_getaffinity(0))


def chosen_cpus(request: CpuRequest, usable: Collection[int], root: Path = Path("/")) -> tuple[int, ...]:
    """The CPUs that a run is put on; empty where it may use all of them.

    Args:
        request: what was asked for.
        usable: CPUs that this process may run on.
        root: folder that stands for "/".

    Raises:
        AssessError: there are not so many, or one is not there for this process; or the system lets nobody choose.
    """
    if request.count is None and not request.cpus:
        return ()
    if not usable:
        raise AssessError("this system lets no process choose its CPUs", where=_OPTION, hint="measure on Linux")
    there = as_list(usable)
    if request.count is not None:
        if request.count > len(usable):
            raise AssessError(f"{request.count} CPUs are asked for, this process may use {there}", where=_OPTION)
        return tuple(sorted(physical_first(usable, root)[: request.count]))
    if missing := [cpu for cpu in request.cpus if cpu not in usable]:
        raise AssessError(f"CPU {as_list(missing)} is not there for this process, which may use {there}", where=_OPTION)
    return request.cpus


def check_quota(quota: float, usable: Collection[int]) -> None:
    """Refuse a quota that limits nothing.

    Raises:
        AssessError: it is of all the CPUs that there are, or more.
    """
    if usable and quota >= len(usable):
        raise AssessError(
            f"{quota:g} CPUs' worth of time is no limit: this process may use {len(usable)}", where=_OPTION,
            hint=f"ask for less than {len(usable)}",
        )  # fmt: skip


def physical_first(cpus: Collection[int], root: Path = Path("/")) -> list[int]:
    """CPUs in the order in which they are taken: one thread of every core first, where the kernel tells."""

    def place(cpu: int) -> tuple[int, int]:
        file = root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
        siblings = sorted(cpus_in(text_of(file)) & set(cpus))
        return (siblings.index(cpu) if cpu in siblings else 0, cpu)

    return sorted(cpus, key=place)


def as_list(cpus: Collection[int]) -> str:
    """CPUs as the kernel writes a list of them: `0-1,3`."""
    spans: list[list[int]] = []
    for cpu in sorted(cpus):
        if spans and cpu == spans[-1][1] + 1:
            spans[-1][1] = cpu
        else:
            spans.append([cpu, cpu])
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)
