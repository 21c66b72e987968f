"""The floor pass: what this host and this harness take of each frame before any model does.

A null model goes through the very loops that the real one will go through; whatever they measure is not the model's.
"""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from assess.measure.drive import Plan, Queue, closed_loop, open_loop
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.memory import PeakMemory
from assess.measure.null_model import INPUT, NULL_MODEL
from assess.measure.pace import Pacer, wake_exactly
from assess.providers import CPU

#: The spin before each release is long enough for nine wake-ups in ten: more would cost a CPU for the rare late one.
#: At least what a wake-up takes on a quiet machine (50 us of timer slack alone where prctl is refused). At most the
#: delay that counts as late below: a host that needs more is to be mended, not spun over. And at most half of the
#: period: a process that never sleeps is the one that a busy scheduler puts off.
_LEAST_SPIN_NS: Final = 50_000
_MOST_SPIN_NS: Final = 1_000_000
#: A frame that starts so much later than scheduled was delayed by the host (perf_analyzer warns at 1 ms in 1 %).
LATE_NS: Final = 1_000_000

#: A host that takes more than this of the deadline cannot tell whether the model keeps it.
SHARE_OF_DEADLINE: Final = 0.1

#: Where the job has no rate: waits of 10 ms, long enough for a core to fall asleep between two frames.
_USUAL_HZ: Final = 100.0
#: Longer waits are cut to this. A core that sleeps for 50 ms is as deeply asleep as it gets (the kernel's tables,
#: drivers/idle/intel_idle.c, enter the deepest state from some 10 ms on), and one that takes a second per frame would
#: have no frames to show.
_LONGEST_WAIT_NS: Final = 50_000_000
#: Shorter ones are stretched to this: a tenth of them is the null model's own.
_SHORTEST_WAIT_NS: Final = 20_000

#: In nanoseconds: spans of the null loop's warm-up, of the null loop, of sleeping alone.
_WARM_UP_NS, _LOOP_NS, _SLEEP_NS = 20_000_000, 150_000_000, 300_000_000
#: Span of sleeping and spinning, unless another is asked for.
_PACED_S: Final = 0.35
#: A span that takes so many times as long is cut off: the host has no CPU for us.
_OVERDUE: Final = 10
#: Pairs of readings of the clock.
_READINGS: Final = 1000
#: The first release comes so long after the loop's start, so that it is waited for like the others.
_LEAD_NS: Final = 2_000_000
#: That a `Spread` keeps.
_PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Spread:
    """Some durations, in nanoseconds; a percentile is the smallest that so many percent do not exceed (nearest rank).

    Attributes:
        count: how many there were. With less than 100 of them p99 is the longest; with less than 1,000, p99.9.
        p50_ns: median.
        p90_ns: 90th percentile.
        p99_ns: 99th percentile.
        p999_ns: 99.9th percentile.
        max_ns: the longest.
    """

    count: int
    p50_ns: int
    p90_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int

    def at(self, percentile: float) -> int:
        """The percentile or, where it is not kept, the next one above it that is; the longest above all of them."""
        kept = zip(_PERCENTILES, (self.p50_ns, self.p90_ns, self.p99_ns, self.p999_ns), strict=True)
        return next((value for percent, value in kept if percent >= percentile), self.max_ns)


@dataclass(frozen=True, slots=True)
class Floor:
    """What the host and the harness take of a frame, measured with a null model.

    Attributes:
        period_ns: between two releases: the job's, but at least 20 us and at most 50 ms.
        null_loop: inferences of the null model back to back: what each figure of a service time holds of the harness.
        timer_ns: median between two readings of the clock with nothing in between.
        sleep: from each release to the start of its inference when only sleep waits for it.
        spin_ns: so long before each release the sleep ends and the clock is watched; chosen from `sleep`.
        lateness: as `sleep`, with that spin: what each response time holds of the host.
        late_share: share of these frames that started more than 1 ms late, 0 to 1.
        pacing_cpu: share of one CPU that waiting for releases, and the null model, took, 0 to 1.
        run_queue_wait: share of the null loop in which the worker was ready to run but had no CPU; None: not told.
        runtime_bytes: that a null session and its first inference add to what is resident after the imports: the
            runtime's own share of a model's memory; None: not told.
        absent: what is None above, and why.
    """

    period_ns: int
    null_loop: Spread
    timer_ns: int
    sleep: Spread
    spin_ns: int
    lateness: Spread
    late_share: float
    pacing_cpu: float
    run_queue_wait: float | None = None
    runtime_bytes: int | None = None
    absent: Mapping[str, str] = field(default_factory=dict)


def floor_of(floor: Floor, percentile: float, *, paced: bool = True) -> int:
    """Nanoseconds that the host itself takes of a frame at about this percentile.

    The sum of two percentiles: hardly ever too little, and where there were too few frames for one, the longest.

    Args:
        floor: of the host.
        percentile: 0 to 100.
        paced: whether frames are released by a schedule; in a closed loop nothing can be late.
    """
    return floor.null_loop.at(percentile) + (floor.lateness.at(percentile) if paced else 0)


def level(percentile: float, count: int) -> str:
    """A percentile of so many frames, in words: where none of them lies above it, it is the slowest."""
    is_slowest = math.ceil(percentile * count / 100) >= count
    return f"slowest of {count:,} frames" if is_slowest else f"p{percentile:g} of {count:,} frames"


def spread(durations: list[int]) -> Spread:
    """The spread of at least one duration."""
    ordered = sorted(durations)
    p50, p90, p99, p999 = (ordered[max(0, math.ceil(percent * len(ordered) / 100) - 1)] for percent in _PERCENTILES)
    return Spread(len(ordered), p50, p90, p99, p999, ordered[-1])


def spin_margin(sleep: Spread, period_ns: int) -> int:
    """How long to watch the clock before each release, from how late sleep alone is."""
    return max(_LEAST_SPIN_NS, min(sleep.p90_ns, _MOST_SPIN_NS, period_ns // 2))


def floor_pass(
    request: dict[str, Any],
    tell: Tell,
    engine: Engine,
    kernel: Kernel,
    *,
    cpu: Callable[[], int] = time.process_time_ns,
) -> dict[str, Any]:
    """Measure the floor. Takes about 0.9 s at any rate, unless frames are to be paced for longer.

    Args:
        request: "rate_hz" is the job's, 100 if it has none; "paced_s" is for how long frames are paced.
        tell: told the versions and providers of the runtime, and whether the kernel puts off this thread's timers.
        engine: runtime.
        kernel: system.
        cpu: nanoseconds of CPU time that this process has used.

    Returns:
        The fields of a `Floor` or, if the runtime refused, {"refused": its message, "kind": of failure}.

    Raises:
        AssessError: the runtime has no such execution provider.
    """
    require_provider(request["provider"], engine)
    wake_exactly()
    tell({"known": {"versions": engine.versions, "providers": engine.providers(), **_of_this_process()}})
    gc.collect()
    gc.disable()
    wait_ns = 1e9 / (request.get("rate_hz") or _USUAL_HZ)
    period_ns = round(min(max(wait_ns, _SHORTEST_WAIT_NS), _LONGEST_WAIT_NS))
    return answer_or_refusal(engine, lambda: asdict(_floor(request, engine, kernel, period_ns, cpu)))


def _floor(request: Mapping[str, Any], engine: Engine, kernel: Kernel, period_ns: int, cpu: Callable[[], int]) -> Floor:
    session, runtime_bytes = _load(request, engine, kernel.memory)
    _, infer = session.settle()
    _back_to_back(infer, _WARM_UP_NS, kernel)
    waited, start = kernel.waited_ns(), kernel.clock()
    loop = _back_to_back(infer, _LOOP_NS, kernel)
    wait = _share(waited, kernel.waited_ns(), kernel.clock() - start)
    sleep = spread(paced(infer, period_ns, _SLEEP_NS, 0, kernel).lateness)
    spin_ns = spin_margin(sleep, period_ns)
    used, start = cpu(), kernel.clock()
    frames = paced(infer, period_ns, round(request.get("paced_s", _PACED_S) * 1e9), spin_ns, kernel)
    used, span_ns = cpu() - used, kernel.clock() - start
    absent = {} if wait is not None else {"run queue": "the system does not tell"}
    if isinstance(runtime_bytes, str):
        absent["runtime memory"] = runtime_bytes
    return Floor(
        period_ns=period_ns,
        null_loop=spread(loop.service),
        timer_ns=_timer_ns(kernel.clock),
        sleep=sleep,
        spin_ns=spin_ns,
        lateness=spread(frames.lateness),
        late_share=sum(late > LATE_NS for late in frames.lateness) / len(frames),
        pacing_cpu=min(1.0, used / span_ns),
        run_queue_wait=wait,
        runtime_bytes=None if isinstance(runtime_bytes, str) else runtime_bytes,
        absent=absent,
    )


def _load(request: Mapping[str, Any], engine: Engine, memory: PeakMemory | str) -> tuple[Session, int | str]:
    """A null session that has run once, and the bytes that it took, or why they are not known."""
    import numpy

    array = numpy.zeros(1, numpy.float32)
    before = 0
    if not isinstance(memory, str):
        memory.restart()
        before = memory.peak_bytes()
    session = engine.load(
        {
            **request,
            "model": NULL_MODEL,
            "provider": CPU,
            "provider_options": {},
            "threads": 1,
            "optimisation": "all",
            "custom_ops": (),
            "inputs": [],
        }
    )
    session.feed({INPUT: array})
    session.first()
    return session, memory if isinstance(memory, str) else max(0, memory.peak_bytes() - before)


class _Kept:
    """Frames in memory: what a few tenths of a second bring."""

    def __init__(self) -> None:
        self.service: list[int] = []
        self.lateness: list[int] = []

    def append(self, scheduled: int, start: int, done: int, /) -> None:
        """Keep one that was served."""
        self.service.append(done - start)
        self.lateness.append(start - scheduled)

    def drop(self, scheduled: int, /) -> None:
        """Never called: all releases wait until they are served."""
        raise AssertionError(scheduled)

    def __len__(self) -> int:
        return len(self.service)


def _back_to_back(infer: Callable[[], object], span_ns: int, kernel: Kernel) -> _Kept:
    plan = Plan(1, span_ns, kernel.clock() + _OVERDUE * span_ns)
    return closed_loop(infer, plan, _Kept(), clock=kernel.clock)


def paced(infer: Callable[[], object], period_ns: int, span_ns: int, margin_ns: int, kernel: Kernel) -> _Kept:
    """Frames released every `period_ns` for about `span_ns`, waited for with this margin."""
    first = kernel.clock() + max(_LEAD_NS, period_ns)
    plan = Plan(1, span_ns, first + _OVERDUE * span_ns)
    pacer = Pacer(kernel.clock, kernel.sleep, margin_ns, kernel.watch)
    return open_loop(infer, _every(period_ns, first), Queue(None), plan, _Kept(), clock=kernel.clock, pacer=pacer)


def _every(period_ns: int, first: int) -> Iterator[int]:
    while True:
        yield first
        first += period_ns


def _timer_ns(clock: Callable[[], int]) -> int:
    return spread([-clock() + clock() for _ in range(_READINGS)]).p50_ns


def _share(before: int | None, after: int | None, span_ns: int) -> float | None:
    return None if before is None or after is None or span_ns <= 0 else min(1.0, (after - before) / span_ns)


def _of_this_process(slack: Path = Path("/proc/self/timerslack_ns")) -> dict[str, Any]:
    """What holds in this process and hence in every worker."""
    try:
        timer_slack_ns: int | None = int(slack.read_text())
    except (OSError, ValueError):
        timer_slack_ns = None
    return {"timer_slack_ns": timer_slack_ns, "telemetry": os.environ.get("ORT_DISABLE_TELEMETRY") != "1"}
