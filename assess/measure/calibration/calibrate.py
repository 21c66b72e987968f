"""Calibrate the machine at hand, through ONNX Runtime itself: arithmetic, memory bandwidth and cost of an operator.

Each part runs in a process of its own, so that one that crashes, hangs or runs out of memory takes nothing from the
rest; time that a part leaves is shared by those after it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from assess import sandbox
from assess.measure.calibration.models import CONVOLUTION, DEPTHWISE, DISPATCH, PRECISIONS, PRODUCT, STREAM
from assess.measure.calibration.reached import Calibration, Part, Told, calibration
from assess.measure.calibration.working_set import USUAL_CACHE_BYTES, last_level_cache_bytes, working_set_bytes
from assess.measure.host import available_bytes, cpu_share, usable_cores
from assess.measure.passes.calibration import Timings
from assess.measure.plain import decode
from assess.measure.timed_run import WORKER, Launch, OnProgress, silent
from assess.sandbox import Ending, Limits

#: Everything there is to measure, in this order: what a provider hangs over comes last.
PARTS: Final = (STREAM, DISPATCH, PRODUCT, CONVOLUTION, DEPTHWISE)
#: What parts of a calibration take of its time: the arithmetic ones sweep shapes in each precision.
_WEIGHTS: Final = {STREAM: 3.0, DISPATCH: 2.0, PRODUCT: 3.0, CONVOLUTION: 2.0, DEPTHWISE: 1.0}
BUDGET_S: Final = 60.0
#: No process outlives the budget by more, hangs included: the last part of a small board may need it to start at all.
MOST_OVER_S: Final = 15.0
#: Less is not worth starting a process for.
_LEAST_PART_S: Final = 0.3
#: A part may take so many times its share and so much longer before it counts as hung: starting Python and ONNX
#: Runtime takes seconds on a small board, and an inference is not cut short.
_PATIENCE, _START_S = 1.5, 10.0

#: Share of the free memory that one model may take.
_MODEL_SHARE: Final = 1 / 4
#: Free memory where the system does not tell.
_USUAL_FREE_BYTES: Final = 2 * 2**30
#: With less of a CPU the figures are those of a shared host.
_OWN_CPU: Final = 0.95


def calibrate(
    *,
    provider: str = "CPUExecutionProvider",
    provider_options: Mapping[str, str] = MappingProxyType({}),
    threads: int | None = None,
    precisions: Sequence[str] = PRECISIONS,
    parts: Sequence[str] = PARTS,
    budget_s: float = BUDGET_S,
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
    clock: Callable[[], float] = time.monotonic,
    share: Callable[[], float] = cpu_share,
    root: Path = Path("/"),
) -> Calibration:
    """Measure the machine at hand in about `budget_s`, never more than 15 s longer.

    Args:
        provider: execution provider.
        provider_options: of it, as ONNX Runtime takes them.
        threads: intra-op threads; None: one for each core that this process may use.
        precisions: of the arithmetic.
        parts: of `PARTS`.
        budget_s: shared by the parts.
        on_progress: told what is being measured, the share that is done and the seconds left.
        launch: runs a worker.
        clock: seconds, monotonic.
        share: measures the share of a CPU that this process gets.
        root: folder that stands for "/".

    Raises:
        AssessError: ONNX Runtime is not there, or lacks the provider.
    """
    room = _Room(clock(), budget_s, clock)
    before = share()
    count = usable_cores() if threads is None else threads
    asked = {"provider": provider, "provider_options": dict(provider_options), "threads": count}
    cache_bytes = last_level_cache_bytes(root) or USUAL_CACHE_BYTES

    def free_bytes() -> int:
        return available_bytes(root) or _USUAL_FREE_BYTES

    with tempfile.TemporaryDirectory(prefix="assess-") as scratch:
        work = _Work({**asked, "scratch": scratch}, room, launch, on_progress, cache_bytes, free_bytes)
        told = work.through(list(_wanted(parts, precisions)))
    why_shared = _why_shared(before, share())
    return calibration(told, provider=provider, threads=count, wall_s=clock() - room.begun, why_shared=why_shared)


def _wanted(parts: Sequence[str], precisions: Sequence[str]) -> Iterable[Part]:
    for kind in PARTS:
        if kind in parts:
            yield from (Part(kind, each) for each in (precisions if kind not in (STREAM, DISPATCH) else ("",)))


class _Room(NamedTuple):
    """The time that there is."""

    begun: float
    budget_s: float
    clock: Callable[[], float]

    @property
    def left_s(self) -> float:
        return max(0.0, self.begun + self.budget_s - self.clock())

    @property
    def done(self) -> float:
        return min(1.0, (self.clock() - self.begun) / self.budget_s) if self.budget_s else 1.0

    def share_s(self, parts: Sequence[Part]) -> float:
        """What the first of the parts still to come may take."""
        return self.left_s * _WEIGHTS[parts[0].kind] / sum(_WEIGHTS[each.kind] for each in parts)

    def timeout_s(self, share_s: float) -> float:
        """When the process of a part is given up."""
        return min(_PATIENCE * share_s + _START_S, self.left_s + MOST_OVER_S)


class _Work(NamedTuple):
    """How parts are measured, one after the other."""

    asked: Mapping[str, Any]
    room: _Room
    launch: Launch
    on_progress: OnProgress
    cache_bytes: int
    free_bytes: Callable[[], int]

    def through(self, parts: Sequence[Part]) -> list[Told]:
        """What they told."""
        return [self._told(part, self.room.share_s(parts[index:])) for index, part in enumerate(parts)]

    def _told(self, part: Part, share_s: float) -> Told:
        versions: list[str] = []

        def hear(message: Mapping[str, Any]) -> None:
            versions.extend(_versions(message))
            self.on_progress(f"measuring {part.name}", self.room.done, self.room.left_s)

        hear({})
        if share_s < _LEAST_PART_S:
            return Told(part, f"no time was left of {self.room.budget_s:.3g} s")
        free = self.free_bytes()
        request = {
            **self.asked,
            "pass": "calibration",
            "part": part.kind,
            "precision": part.precision,
            "budget_s": share_s,
            "most_bytes": int(free * _MODEL_SHARE),
        }
        size = working_set_bytes(self.cache_bytes, free) if part.kind == STREAM else 0
        if isinstance(size, str):
            return Told(part, size)
        limits = Limits(self.room.timeout_s(share_s), None)
        ending = self.launch(WORKER, {**request, "working_set_bytes": size}, limits, on_progress=hear)
        return Told(part, _timings(ending), next(iter(versions), ""), size / self.cache_bytes)


def _versions(message: Mapping[str, Any]) -> list[str]:
    """Of ONNX Runtime: one, where this message of a worker tells it."""
    known = message.get("known")
    versions = known.get("versions") if isinstance(known, dict) else None
    version = versions.get("onnxruntime") if isinstance(versions, dict) else None
    return [version] if isinstance(version, str) else []


def _timings(ending: Ending) -> Timings | str:
    if ending.cause != "answered":
        return ": ".join(filter(None, (ending.cause, ending.detail, ending.printed.rpartition("\n")[2])))
    if not isinstance(ending.answer, dict):
        return "the pass answered what is not a result"
    for key in ("refused", "absent"):
        if isinstance(why := ending.answer.get(key), str):
            return why
    try:
        timings = decode(Timings, ending.answer, "timings")
    except ValueError as error:
        return f"the pass answered what is not a result: {error}"
    if not timings.trials or not all(trial.round_ns and min(trial.round_ns) > 0 for trial in timings.trials):
        return "the clock of this system is too coarse: an inference took no time"
    return timings


def _why_shared(before: float, after: float) -> str:
    if min(before, after) >= _OWN_CPU:
        return ""
    return f"this process got {before:.0%} of a CPU before and {after:.0%} after: others share it"
