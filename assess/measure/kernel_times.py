"""Read ONNX Runtime's own profile: how long each node's kernel ran, and what the arena held. Its text is data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

#: How the events of kernels end; older versions also wrote "_fence_before" and "_fence_after".
_KERNEL: Final = "_kernel_time"
_US: Final = 1_000


@dataclass(slots=True)
class KernelTime:
    """A node as it was executed.

    Attributes:
        name: of the node of the optimised graph.
        operator: what it is there, without its domain.
        provider: who ran it.
        calls: how often.
        ns: in sum, without the kernels that ran within it (bodies of If, Loop and Scan).
        arena_bytes: most that the provider's arena had handed out when it was done; None if the profile does not tell.
    """

    name: str
    operator: str
    provider: str
    calls: int = 0
    ns: int = 0
    arena_bytes: int | None = None


@dataclass(slots=True)
class KernelTimes:
    """What a profile holds, without its first inferences.

    Attributes:
        runs: inferences.
        run_ns: their time, in sum.
        kernels: by first execution.
        arena_peak_bytes: the most that an arena had handed out, ever; None if the profile does not tell.
        unread: lines that are no events.
    """

    runs: int = 0
    run_ns: int = 0
    kernels: list[KernelTime] = field(default_factory=list)
    arena_peak_bytes: int | None = None
    unread: int = 0


def kernel_times(lines: Iterable[str], *, skip: int = 0) -> KernelTimes:
    """Add up a profile, line by line: it may be long, and ONNX Runtime writes each event on a line of its own.

    Times are whole microseconds, rounded down: of operators that take less the sum is too low.

    Args:
        lines: of the file.
        skip: inferences to leave out: the first ones, which are warm-up.
    """
    found, kernels, run = KernelTimes(), dict[tuple[str, str, str], KernelTime](), _Run()
    for line in lines:
        text = line.strip().rstrip(",")
        if text in ("[", "]", ""):
            continue
        try:
            event = json.loads(text)
            if event["cat"] == "Node" and event["name"].endswith(_KERNEL):
                run.add(event)
            elif event["cat"] == "Session" and event["name"] == "model_run":
                duration = int(event["dur"]) * _US
                if skip > 0:
                    skip -= 1
                else:
                    found.runs += 1
                    found.run_ns += duration
                    run.total(kernels)
                found.arena_peak_bytes = _most(found.arena_peak_bytes, run.arena_peak_bytes)
                run = _Run()
        except (ValueError, KeyError, TypeError, AttributeError):
            found.unread += 1
    found.kernels = list(kernels.values())
    return found


@dataclass(slots=True)
class _Run:
    """The kernels of one inference, whose end is written after theirs."""

    kernels: list[tuple[tuple[str, str, str], int, int | None]] = field(default_factory=list)
    arena_peak_bytes: int | None = None
    _open: dict[Any, list[tuple[int, int]]] = field(default_factory=dict)

    def add(self, event: dict[str, Any]) -> None:
        start, duration, facts = int(event["ts"]), int(event["dur"]), event["args"]
        if duration < 0:
            raise ValueError("negative duration")
        key = (event["name"].removesuffix(_KERNEL), str(facts["op_name"]), str(facts["provider"]))
        # An event is written when it ends: what began after it, in its thread, ran within it.
        earlier, within = self._open.setdefault(event["tid"], []), 0
        while earlier and earlier[-1][0] >= start:
            within += earlier.pop()[1]
        earlier.append((start, duration))
        self.kernels.append((key, max(duration - within, 0) * _US, _bytes(facts, "mem_bytes_in_use")))
        self.arena_peak_bytes = _most(self.arena_peak_bytes, _bytes(facts, "mem_in_use_peak"))

    def total(self, kernels: dict[tuple[str, str, str], KernelTime]) -> None:
        for key, ns, arena_bytes in self.kernels:
            if key not in kernels:
                kernels[key] = KernelTime(*key)
            kernel = kernels[key]
            kernel.calls += 1
            kernel.ns += ns
            kernel.arena_bytes = _most(kernel.arena_bytes, arena_bytes)


def _bytes(facts: dict[str, Any], name: str) -> int | None:
    text = facts.get(name)
    return int(text) if isinstance(text, str | int) and str(text).isdecimal() else None


def _most(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)
