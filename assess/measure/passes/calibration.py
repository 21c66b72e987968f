"""The calibration pass: time one part of a calibration, in rounds that alternate between its models.

Rounds, so that what disturbs the host for a while disturbs all models alike, and shows as a difference between rounds.
What the times mean is the parent's arithmetic.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Any, Final

from assess.measure.calibration.models import DISPATCH, STREAM, Task, Tensor, chains, drawn, streams, tasks
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.kernel_times import KernelTime, kernel_times
from assess.measure.passes.timed import run_queue_share

#: Of each model; one median a round. One of them may be disturbed and the range of their median still is not.
ROUNDS: Final = 9
#: So many have a range that holds their median with 95 % confidence.
FEWEST_ROUNDS: Final = 6
#: The threads of a session go on spinning when its inference is done (35 ms with ONNX Runtime 1.32), and would take the
#: CPU from the next model: until they sleep, this process uses more than such a share of a CPU in such a step.
_QUIET, _STEP_S = 0.2, 0.002
#: Threads that spin for longer are part of the runtime; then it goes on.
_MOST_STEPS: Final = 50
#: Before a round is timed, so long: caches are cold, and clocks may be low.
_SETTLE_NS: Final = 5_000_000
#: A model is left out when those rounds would take more than this share of the time that is left.
_MOST_SHARE: Final = 0.5
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Trial:
    """A model that was timed.

    Attributes:
        what: it computes, for people.
        operator: that did the work.
        work: of one inference: operations, bytes, or operators that were dispatched.
        round_ns: median time of an inference in each round.
    """

    what: str
    operator: str
    work: int
    round_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Timings:
    """What the calibration pass answers.

    Attributes:
        trials: the models that were timed, the least work first.
        skipped: those that were not, and why.
        note: what is uncertain about all of them; "" for nothing.
        waited_share: of the time of the rounds, that a thread of this process was ready to run but had no CPU; None if
            the system does not tell.
    """

    trials: tuple[Trial, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    waited_share: float | None = None


def calibration_pass(
    request: dict[str, Any],
    tell: Tell,
    engine: Engine,
    kernel: Kernel,
    *,
    waited_ns: Callable[[], int | None] | None = None,
    cpu_ns: Callable[[], int] = time.process_time_ns,
) -> dict[str, Any]:
    """Time one part within "budget_s".

    Keys of the request: "part" (a kind of `calibration.models`), "precision" (of an arithmetic part),
    "working_set_bytes" (of the bandwidth), "most_bytes" (that a model may need), "scratch" (a folder), "provider",
    "threads".

    Args:
        request: see above.
        tell: told the versions of the runtime, and each round.
        engine: runtime.
        kernel: system.
        waited_ns: how long the threads of this process, together, were ready to run but had no CPU; None: asked of the
            kernel.
        cpu_ns: nanoseconds of CPU time that this process has used.

    Returns:
        `Timings` as JSON has them, {"absent": why there are none} or, if the runtime refused, {"refused": its message,
        "kind": of failure}.

    Raises:
        AssessError: the runtime has no such execution provider.
    """
    require_provider(request["provider"], engine)
    tell({"known": {"versions": engine.versions}})
    gc.collect()
    gc.disable()
    bench = _Bench(request, tell, engine, kernel, waited_ns or all_waited_ns, cpu_ns)
    return answer_or_refusal(engine, lambda: _time(bench))


def _time(bench: _Bench) -> dict[str, Any]:
    """Of several pairs of element types the first that runs; if none does, why the first, usual one does not."""
    reasons: list[str] = []
    for each in _alternatives(bench.request):
        try:
            why, note = bench.native(each[0])
        except bench.engine.refusals as error:
            why, note = f"ONNX Runtime refused it: {_short(error)}", ""
        if not why:
            return _timings(bench, each, note)
        reasons.append(why)
    return {"absent": reasons[0]}


def _alternatives(request: Mapping[str, Any]) -> list[list[Task]]:
    if request["part"] == STREAM:
        return [list(streams(request["working_set_bytes"]))]
    if request["part"] == DISPATCH:
        return [list(chains())]
    return tasks(request["part"], request["precision"], large=request["provider"] != "CPUExecutionProvider")


def _timings(bench: _Bench, wanted: Iterable[Task], note: str) -> dict[str, Any]:
    ready, skipped = bench.ready(wanted)
    if bench.request["part"] == STREAM and bench.request["provider"] == "CPUExecutionProvider":
        ready.append(_copy(bench.base, bench.request["threads"]))
    if not ready:
        return {"absent": next(iter(skipped.values()))}
    waited, start = bench.waited_ns(), bench.clock()
    rounds = alternate([call for _, call in ready], bench.until_ns, bench.clock, bench.quiet, bench.tell)
    trials = [
        Trial(task.what, task.operator, task.work, tuple(each)) for (task, _), each in zip(ready, rounds, strict=True)
    ]
    share = run_queue_share(waited, bench.waited_ns(), (bench.clock() - start) * (bench.request["threads"] or 1))
    # Threads of the other models' sessions wait too: on a busy host all together for longer than those of one.
    return asdict(Timings(tuple(trials), skipped, note, share if share is None else min(1.0, share)))


def all_waited_ns(tasks: Path = Path("/proc/self/task")) -> int | None:
    """Of all threads of this process, together: the second field of schedstat (Documentation/scheduler)."""
    try:
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks.iterdir())
    except (OSError, IndexError, ValueError):
        return None


class _Bench:
    """The runtime, and the time and memory that one part has."""

    def __init__(
        self,
        request: dict[str, Any],
        tell: Tell,
        engine: Engine,
        kernel: Kernel,
        waited_ns: Callable[[], int | None],
        cpu_ns: Callable[[], int],
    ) -> None:
        self.request, self.tell, self.engine = request, tell, engine
        self.clock, self.sleep, self.waited_ns, self.cpu_ns = kernel.clock, kernel.sleep, waited_ns, cpu_ns
        self.until_ns = kernel.clock() + int(request["budget_s"] * 1e9)
        self._files = 0
        self._sessions: list[Session] = []
        self._base: Any = None

    @property
    def base(self) -> Any:
        """The one array that all streams read from; written to once, so that memory is really behind it."""
        import numpy

        if self._base is None:
            self._base = numpy.ones(self.request["working_set_bytes"] // 4, numpy.float32)
        return self._base

    def quiet(self) -> None:
        """Wait until no thread of this process runs any more."""
        for _ in range(_MOST_STEPS):
            used, start = self.cpu_ns(), self.clock()
            self.sleep(_STEP_S)
            if self.cpu_ns() - used <= _QUIET * (self.clock() - start):
                return

    def native(self, task: Task) -> tuple[str, str]:
        """Run once with a profile: see `why_not_native`."""
        if (need := task.needed_bytes) > self.request["most_bytes"]:
            return _too_large(need, self.request["most_bytes"]), ""
        session = self._load(task, profile=str(Path(self.request["scratch"]) / "profile"))
        session.first()
        file = Path(session.end_profiling())
        with file.open(encoding="utf-8", errors="replace") as lines:
            kernels = kernel_times(lines).kernels
        file.unlink()
        return why_not_native(kernels, task.operator, self.request["provider"])

    def ready(self, wanted: Iterable[Task]) -> tuple[list[tuple[Task, Callable[[], object]]], dict[str, str]]:
        """The models that can be timed, the least work first, each with its call; and why the others cannot."""
        found: list[tuple[Task, Callable[[], object]]] = []
        skipped: dict[str, str] = {}
        ns_per_work = 0.0
        refusals: tuple[type[Exception], ...] = (MemoryError, *self.engine.refusals)
        for task in wanted:
            expected_ns = ns_per_work * task.work
            left_ns = self.until_ns - self.clock()
            if task.needed_bytes > self.request["most_bytes"]:
                skipped[task.what] = _too_large(task.needed_bytes, self.request["most_bytes"])
            elif found and expected_ns * FEWEST_ROUNDS * 2 > _MOST_SHARE * left_ns:
                skipped[task.what] = f"one inference would take about {expected_ns * 1e-9:.2g} s: too little time"
            else:
                try:
                    call = self._settled(task)
                    start = self.clock()
                    call()
                    ns_per_work = (self.clock() - start) / task.work
                    found.append((task, call))
                except refusals as error:
                    skipped[task.what] = f"ONNX Runtime refused it: {_short(error)}"
        return found, skipped

    def _settled(self, task: Task) -> Callable[[], object]:
        session = self._load(task)
        self._sessions.append(session)  # It holds the arrays that are fed; its call does not.
        session.first()
        _, call = session.settle()
        return call

    def _load(self, task: Task, **changes: Any) -> Session:
        arithmetic = task.weights is not None
        raw = drawn(task.weights, task.amplitude).tobytes() if task.weights else b""
        session = self.engine.load(
            {
                "model": task.write(raw),
                "provider": self.request["provider"],
                "provider_options": self.request["provider_options"],
                "threads": self.request["threads"],
                # Optimised as any model would be; but what does nothing useful would be optimised away.
                "optimisation": "all" if arithmetic else "disabled",
                "inputs": [self._input(each) for each in task.fed] if arithmetic else [],
                **changes,
            }
        )
        if not arithmetic:
            session.feed(self._slices(task.fed))
        return session

    def _input(self, what: Tensor) -> dict[str, str]:
        """A file that the engine has read: it knows element types that numpy does not."""
        import numpy

        self._files += 1
        file = Path(self.request["scratch"]) / f"{self._files}.npy"
        numpy.save(file, drawn(what, 1.0, seed=1))
        described = {"name": what.name, "file": str(file), "dtype": what.dtype}
        self.engine.read_inputs([described])
        file.unlink()
        return described

    def _slices(self, fed: Sequence[Tensor]) -> dict[str, Any]:
        """Parts of the one array, one after the other; of its beginning where it is too short."""
        if self.request["part"] == DISPATCH:
            import numpy

            return {each.name: numpy.ones(each.shape, numpy.float32) for each in fed}
        arrays, start = {}, 0
        for each in fed:
            count = each.stored_bytes // 4
            start = start if start + count <= self.base.size else 0
            arrays[each.name] = self.base[start : start + count].reshape(each.shape)
            start += count
        return arrays


def why_not_native(kernels: Sequence[KernelTime], operator: str, provider: str) -> tuple[str, str]:
    """Whether a model ran as it was meant to, from its profile: why not ("" if it did), and what is uncertain.

    A provider without kernels for a precision gets casts put around the operator, and its speed is that of another
    precision; an operator that a provider does not take runs on the CPU.
    """
    casts = sum(kernel.operator == "Cast" for kernel in kernels)
    ran = {kernel.provider for kernel in kernels if kernel.operator == operator}
    if casts:
        return f"{provider} has no kernel for it: ONNX Runtime put {casts} casts to another precision around it", ""
    if elsewhere := ran - {provider}:
        return f"{provider} does not take {operator}: it ran on {', '.join(sorted(elsewhere))}", ""
    if not ran and not any(kernel.provider == provider for kernel in kernels):
        return f"the profile shows no kernel of {provider}", ""
    note = "" if ran else f"{provider} compiles the model as a whole: the precision inside is its own choice"
    return "", note


def alternate(
    calls: Sequence[Callable[[], object]],
    until_ns: int,
    clock: Callable[[], int],
    quiet: Callable[[], object],
    tell: Tell,
) -> list[list[int]]:
    """Medians of each call's durations in up to `ROUNDS` rounds, of which the first is done at any rate."""
    rounds: list[list[int]] = [[] for _ in calls]
    for done in range(ROUNDS):
        tell({"rounds": done})
        left_ns = until_ns - clock()
        if done and left_ns <= 0:
            break
        span_ns = max(0, left_ns) // ((ROUNDS - done) * len(calls))
        for call, medians in zip(calls, rounds, strict=True):
            end_ns = clock() + span_ns
            quiet()
            medians.append(_block(call, end_ns, clock))
    return rounds


def _block(call: Callable[[], object], end_ns: int, clock: Callable[[], int]) -> int:
    """The median of the durations until an instant, of one call at least; untimed ones come before."""
    begun = start = clock()
    while True:
        call()
        start = clock()
        if start - begun >= min(_SETTLE_NS, (end_ns - begun) // 4):
            break
    durations = []
    while True:
        call()
        done = clock()
        durations.append(done - start)
        if done >= end_ns:
            return median_low(durations)
        start = clock()


def _copy(base: Any, threads: int) -> tuple[Task, Callable[[], object]]:
    """Copying within the process, without the runtime: half of the array to the other half, a piece for each thread."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    import numpy

    count = base.size // 2
    workers = threads or os.cpu_count() or 1
    edges = [count * index // workers for index in range(workers + 1)]
    pieces = [(base[count + a : count + b], base[a:b]) for a, b in pairwise(edges)]
    words = f"numpy.copyto of {count} float32 by {workers} threads: 1 read and 1 written"
    task = Task(words, "numpy.copyto", 8 * count, (), None, 0.0, lambda raw: raw)
    if workers == 1:
        return task, lambda: numpy.copyto(*pieces[0])
    pool = ThreadPoolExecutor(workers)
    return task, lambda: list(pool.map(lambda piece: numpy.copyto(*piece), pieces))


def _too_large(need: int, most: int) -> str:
    wanted, allowed = (f"{size / 2**20:.0f} MiB" for size in (need, most))
    return f"it would need about {wanted} of memory, more than the share of {allowed} of what is free"


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
