"""Calibrate the machine at hand, through ONNX Runtime itself: arithmetic, memory bandwidth and cost of an operator.

Each part runs in a process of its own, so that one that crashes, hangs or runs out of memory takes nothing from the
rest; time that a part leaves is shared by those after it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, cast

from assess import sandbox
from assess.measure.calibration.figures import Figure, best, dispatch, rate
from assess.measure.calibration.models import CONVOLUTION, DEPTHWISE, DISPATCH, PRECISIONS, PRODUCT, STREAM
from assess.measure.calibration.working_set import USUAL_CACHE_BYTES, last_level_cache_bytes, working_set_bytes
from assess.measure.host import available_bytes, cpu_share, usable_cores
from assess.measure.passes.calibration import Timings
from assess.measure.plain import decode
from assess.measure.timed_run import WORKER, Launch, OnProgress, silent
from assess.sandbox import Ending, Limits

Kind = Literal["matrix product", "convolution", "depthwise convolution"]

#: Everything there is to measure, in this order: what a provider hangs over comes last.
PARTS: Final = (STREAM, DISPATCH, PRODUCT, CONVOLUTION, DEPTHWISE)
#: What parts of a calibration take of its time: the arithmetic ones sweep shapes in each precision.
_WEIGHTS: Final = {STREAM: 3.0, DISPATCH: 2.0, PRODUCT: 3.0, CONVOLUTION: 2.0, DEPTHWISE: 1.0}
BUDGET_S: Final = 60.0
#: No process outlives so many times the budget: with the default it is all over in a minute and a half, hangs included.
_OVERRUN: Final = 1.5
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


@dataclass(frozen=True, slots=True)
class Rate:
    """Arithmetic of one kind in one precision, at the shape where it was fastest.

    Attributes:
        kind: of arithmetic.
        precision: "fp32", "fp16", "bf16" or "int8".
        shape: where the peak was reached.
        operator: of ONNX.
        operations_per_s: the peak that was reached and held; a multiply-accumulate is two operations.
        note: what is uncertain; "" for nothing.
    """

    kind: Kind
    precision: str
    shape: str
    operator: str
    operations_per_s: Figure
    note: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the machine at hand reached. Parts that it lacks are in `absent`, by name.

    Attributes:
        provider: execution provider that ran it.
        threads: intra-op threads.
        runtime_version: of ONNX Runtime; "" if no process told.
        rates: arithmetic, by kind and then precision.
        streams: memory bandwidth, the highest first; several ways of going over more bytes than the caches hold.
        dispatch: seconds that an operator costs beside its arithmetic.
        call: seconds that a call of the session costs beside its operators.
        wall_s: what it all took.
        why_shared: what shows that others used the host meanwhile, which holds for every figure; "" for nothing.
        absent: what was not measured, and why.
    """

    provider: str
    threads: int
    runtime_version: str
    rates: tuple[Rate, ...]
    streams: tuple[Figure, ...]
    dispatch: Figure | None
    call: Figure | None
    wall_s: float
    why_shared: str = ""
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def bandwidth(self) -> Figure | None:
        """Memory bandwidth: the highest of `streams` that nothing disturbed; if none is so, the highest."""
        quiet = (stream for stream in self.streams if not stream.why_noisy)
        return next(quiet, self.streams[0] if self.streams else None)

    def disturbed(self, figure: Figure) -> str:
        """What disturbed one of these figures: itself, its part, or all that was measured; "" for nothing."""
        return "; ".join(filter(None, (figure.why_noisy, self.why_shared)))

    def rate(self, kind: Kind, precision: str) -> Rate | None:
        """The arithmetic of a kind in a precision; None if it is absent."""
        return next((each for each in self.rates if (each.kind, each.precision) == (kind, precision)), None)

    def peak(self, precision: str) -> Rate | None:
        """The faster of matrix product and convolution in a precision: what the engine really reached."""
        dense = [each for each in self.rates if each.precision == precision and each.kind != DEPTHWISE]
        return max(dense, key=lambda each: each.operations_per_s.value, default=None)


class _Part(NamedTuple):
    kind: str
    precision: str

    @property
    def name(self) -> str:
        return f"{self.kind} {self.precision}".rstrip()


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
    """Measure the machine at hand in about `budget_s`, never more than half as much again.

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
        found = work.through(list(_wanted(parts, precisions)))
    after = share()
    return Calibration(
        provider=provider,
        threads=count,
        runtime_version=found.version,
        rates=tuple(found.rates),
        streams=tuple(sorted(found.streams, key=lambda figure: -figure.value)),
        dispatch=found.dispatch,
        call=found.call,
        wall_s=clock() - room.begun,
        why_shared=_why_shared(before, after),
        absent=found.absent,
    )


def _wanted(parts: Sequence[str], precisions: Sequence[str]) -> Iterable[_Part]:
    for kind in PARTS:
        if kind in parts:
            yield from (_Part(kind, each) for each in (precisions if kind not in (STREAM, DISPATCH) else ("",)))


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
        return min(1.0, (self.clock() - self.begun) / self.budget_s)

    def share_s(self, parts: Sequence[_Part]) -> float:
        """What the first of the parts still to come may take."""
        return self.left_s * _WEIGHTS[parts[0].kind] / sum(_WEIGHTS[each.kind] for each in parts)

    def timeout_s(self, share_s: float) -> float:
        """When the process of a part is given up."""
        last = self.begun + _OVERRUN * self.budget_s - self.clock()
        return min(_PATIENCE * share_s + _START_S, last)


class _Found:
    """What the parts have told so far."""

    def __init__(self) -> None:
        self.version = ""
        self.times_cache = 0.0
        self.rates: list[Rate] = []
        self.streams: list[Figure] = []
        self.dispatch: Figure | None = None
        self.call: Figure | None = None
        self.absent: dict[str, str] = {}

    def hear(self, message: Mapping[str, Any]) -> None:
        """Keep the version that a worker tells."""
        known = message.get("known")
        versions = known.get("versions") if isinstance(known, dict) else None
        if isinstance(versions, dict) and isinstance(version := versions.get("onnxruntime"), str):
            self.version = version

    def take(self, part: _Part, timings: Timings | str) -> None:
        """Make figures of what a part measured, or keep why it did not."""
        if isinstance(timings, str):
            self.absent[part.name] = timings
            return
        if part.kind == STREAM:
            over = f"; {self.times_cache:.1f} times the last-level cache"
            for trial in timings.trials:
                words = f"{trial.what}; what a cache reads before it is overwritten is not counted{over}"
                self.streams.append(rate(trial, "B/s", words, timings.waited_share))
            self.absent |= {f"{part.name}: {what}": why for what, why in timings.skipped.items()}
        elif part.kind == DISPATCH:
            self._take_dispatch(timings)
        else:
            self._take_rate(part, timings)

    def _take_dispatch(self, timings: Timings) -> None:
        lengths = ", ".join(str(chain.work) for chain in timings.trials)
        words = f"line through the times of chains of {lengths} operators on one number"
        call, operator = dispatch(timings.trials, words, timings.waited_share)
        self.call = self._known("call", call)
        self.dispatch = self._known(DISPATCH, operator)

    def _known(self, name: str, figure: Figure | str) -> Figure | None:
        if isinstance(figure, str):
            self.absent[name] = figure
            return None
        return figure

    def _take_rate(self, part: _Part, timings: Timings) -> None:
        peak = best(timings.trials)
        words = f"{peak.operator}, {peak.what}: the fastest of {len(timings.trials)} shapes"
        figure = rate(peak, "op/s", words, timings.waited_share)
        self.rates.append(Rate(cast(Kind, part.kind), part.precision, peak.what, peak.operator, figure, timings.note))


class _Work(NamedTuple):
    """How parts are measured, one after the other."""

    asked: Mapping[str, Any]
    room: _Room
    launch: Launch
    on_progress: OnProgress
    cache_bytes: int
    free_bytes: Callable[[], int]

    def through(self, parts: Sequence[_Part]) -> _Found:
        """What they found."""
        found = _Found()
        for index, part in enumerate(parts):
            found.take(part, self._measured(part, self.room.share_s(parts[index:]), found))
        return found

    def _measured(self, part: _Part, share_s: float, found: _Found) -> Timings | str:
        def hear(message: Mapping[str, Any]) -> None:
            found.hear(message)
            self.on_progress(f"measuring {part.name}", self.room.done, self.room.left_s)

        hear({})
        if share_s < _LEAST_PART_S:
            return f"no time was left of {self.room.budget_s:g} s"
        free = self.free_bytes()
        request = {
            **self.asked,
            "pass": "calibration",
            "part": part.kind,
            "precision": part.precision,
            "budget_s": share_s,
            "most_bytes": int(free * _MODEL_SHARE),
        }
        if part.kind == STREAM:
            size = working_set_bytes(self.cache_bytes, free)
            if isinstance(size, str):
                return size
            request["working_set_bytes"] = size
            found.times_cache = size / self.cache_bytes
        return _timings(self.launch(WORKER, request, Limits(self.room.timeout_s(share_s), None), on_progress=hear))


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
