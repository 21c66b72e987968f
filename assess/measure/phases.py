"""A worker's life in order - load, first inference, warm-up, timed - and what is read in each phase.

Knows no runtime and no clock: they are handed in, so that tests drive the whole flow in exact numbers.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from assess.errors import AssessError
from assess.measure.drive import Plan, drive
from assess.measure.memory import PeakMemory, peak_memory
from assess.measure.store import Count, SampleFile

Tell = Callable[[dict[str, Any]], None]

#: The execution provider that sends inputs to a service.
CLOUD: Final = "AzureExecutionProvider"

#: Share of the time limit after which no inference is started: a model that is slow but runs then ends with the
#: samples it has instead of being stopped without any. The rest is for starting Python and for the last inference.
SHARE_OF_TIMEOUT: Final = 0.8

#: How runtimes word that memory ran out: C++ and libc, ONNX Runtime's arena, CUDA.
_OUT_OF_MEMORY: Final = ("bad_alloc", "cannot allocate memory", "failed to allocate memory", "out of memory")


class Session(Protocol):
    """A model that is loaded."""

    def first(self) -> None:
        """Run the first inference."""

    def settle(self) -> tuple[str, Callable[[], object]]:
        """How inputs and outputs are bound from now on, and a call that runs one inference so."""

    def effective(self) -> dict[str, Any]:
        """Providers and graph optimisation level as the runtime reports them."""


class Engine(Protocol):
    """A runtime.

    Attributes:
        refusals: what it raises when it does not run a model.
        versions: of itself and of what it stands on.
    """

    refusals: tuple[type[Exception], ...]
    versions: dict[str, str]

    def providers(self) -> list[str]:
        """Execution providers that it has."""

    def read_inputs(self, inputs: list[dict[str, str]]) -> None:
        """Read the arrays to be fed."""

    def load(self, request: dict[str, Any]) -> Session:
        """Make a session."""


class Kernel(NamedTuple):
    """What is asked of the system the worker runs on.

    Attributes:
        clock: nanoseconds, monotonic.
        memory: the high-water mark, or why there is none.
        threads: how many threads this process has; None if the system does not tell.
        waited_ns: how long this thread was ready to run but had no CPU; None if the system does not tell.
    """

    clock: Callable[[], int]
    memory: PeakMemory | str
    threads: Callable[[], int | None]
    waited_ns: Callable[[], int | None]


def this_kernel() -> Kernel:
    """The system this process runs on."""
    return Kernel(time.perf_counter_ns, peak_memory(), _threads, _waited_ns)


def live(request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel) -> dict[str, Any]:
    """Go through all phases, telling each as it begins and each fact as it is known: a crash takes nothing with it.

    Returns:
        {"samples": nanoseconds} or, if the runtime refused, {"refused": its message, "kind": of failure}.

    Raises:
        AssessError: the runtime has no such execution provider.
    """
    _require_provider(request["provider"], engine.providers())
    engine.read_inputs(request["inputs"])
    until_ns = kernel.clock() + int(request["timeout_s"] * SHARE_OF_TIMEOUT * 1e9)
    watch = _Watch(kernel.memory)
    tell({"known": {"versions": engine.versions, **watch.read("baseline", fresh=True)}})
    # Collecting garbage now and then would cost single inferences a pause that is ours, not the model's.
    gc.collect()
    gc.disable()
    try:
        return _phases(request, tell, engine, kernel, watch, until_ns)
    except MemoryError as error:
        return {"refused": str(error) or "MemoryError", "kind": "out of memory"}
    except engine.refusals as error:
        ran_out = any(sign in str(error).lower() for sign in _OUT_OF_MEMORY)
        return {"refused": str(error), "kind": "out of memory" if ran_out else "refused"}


def _phases(
    request: dict[str, Any], tell: Tell, engine: Engine, kernel: Kernel, watch: _Watch, until_ns: int
) -> dict[str, Any]:
    clock = kernel.clock
    tell({"phase": "load"})
    start = clock()
    session = engine.load(request)
    load_ns = clock() - start
    tell({"known": {"load_s": load_ns * 1e-9, **watch.read("load_peak"), "effective": session.effective()}})

    tell({"phase": "first inference"})
    watch.restart()
    start = clock()
    session.first()
    first_ns = clock() - start
    tell({"known": {"first_s": first_ns * 1e-9, **watch.read("first_peak")}})

    tell({"phase": "warm-up"})
    watch.restart()
    binding, infer = session.settle()
    warm_up = Plan(request["warmup_count"], int(request["warmup_duration_s"] * 1e9), until_ns)
    warmup_count = len(drive(infer, warm_up, Count(), clock=clock))
    tell({"known": {"binding": binding, "warmup_count": warmup_count, "threads": kernel.threads()}})

    tell({"phase": "timed"})
    timed = Plan(request["min_count"], int(request["min_duration_s"] * 1e9), until_ns)
    waited, start = kernel.waited_ns(), clock()
    samples = drive(
        infer,
        timed,
        SampleFile(request["samples"]),
        clock=clock,
        progress=lambda done, left_s: tell({"done": done, "left_s": left_s}),
    )
    share = _share(waited, kernel.waited_ns(), clock() - start)
    tell({"known": {**watch.read("steady_peak"), "run_queue_wait": share}})
    return {"samples": samples.read()}


class _Watch:
    """Reads the high-water mark, or says once why there is none."""

    def __init__(self, memory: PeakMemory | str) -> None:
        self._memory = memory

    def restart(self) -> None:
        if not isinstance(self._memory, str):
            self._memory.restart()

    def read(self, name: str, *, fresh: bool = False) -> dict[str, Any]:
        if isinstance(self._memory, str):
            return {"no memory": self._memory}
        if fresh:
            self._memory.restart()
        return {"method": self._memory.method, name: self._memory.peak_bytes()}


def _offline(providers: list[str]) -> list[str]:
    return [name for name in providers if name != CLOUD]


def _require_provider(provider: str, available: list[str]) -> None:
    if provider not in available:
        raise AssessError(
            f"this ONNX Runtime has no {provider}",
            where="--provider",
            hint=f"it has {', '.join(_offline(available))}; others come with other builds of onnxruntime",
        )


def _share(before: int | None, after: int | None, span_ns: int) -> float | None:
    return None if before is None or after is None or span_ns <= 0 else (after - before) / span_ns


def _threads(tasks: Path = Path("/proc/self/task")) -> int | None:
    try:
        return sum(1 for _ in tasks.iterdir())
    except OSError:
        return None


def _waited_ns(schedstat: Path = Path("/proc/thread-self/schedstat")) -> int | None:
    """Second field of schedstat: nanoseconds spent on a run queue (Documentation/scheduler/sched-stats.rst)."""
    try:
        return int(schedstat.read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
