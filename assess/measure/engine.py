"""What a pass needs of a runtime and of the system it runs on; both are handed in, so that tests use exact numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from assess.errors import AssessError
from assess.measure.memory import PeakMemory, peak_memory

Tell = Callable[[dict[str, Any]], None]

#: The execution provider that sends inputs to a service.
CLOUD: Final = "AzureExecutionProvider"

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

    def feed(self, arrays: Mapping[str, Any]) -> None:
        """Replace inputs, by name, from the next inference on; the others stay."""

    def outputs(self) -> dict[str, Any]:
        """Arrays that the last inference put out, by name; valid until the next one."""

    def feed_back(self, states: Mapping[str, str]) -> Callable[[], object]:
        """A call that runs one inference and feeds each of these inputs (values) from the output (key) of the last."""

    def placement(self) -> list[dict[str, Any]]:
        """Parts of the graph in order: {"provider": ..., "nodes": [{"name": ..., "operator": ...}]}; or empty."""

    def end_profiling(self) -> str:
        """End the profile that `load` was asked for, and say which file holds it."""


class Engine(Protocol):
    """A runtime.

    Attributes:
        refusals: what it raises when it does not run a model.
        versions: of itself and of what it stands on.
        imported_ns: when its import began and when it ended, on the clock `time.perf_counter_ns`.
    """

    refusals: tuple[type[Exception], ...]
    versions: dict[str, str]
    imported_ns: tuple[int, int]

    def providers(self) -> list[str]:
        """Execution providers that it has."""

    def read_inputs(self, inputs: list[dict[str, str]]) -> None:
        """Read the arrays to be fed."""

    def load(self, request: Mapping[str, Any]) -> Session:
        """Make a session as the request asks.

        Keys: "model" (a path, or the bytes of a model), "provider", "provider_options", "threads", "optimisation",
        "custom_ops"; optional: "inputs" (which of those that were read are fed; all by default), "profile" (a prefix:
        write a profile), "save_optimised" (a path: also write the graph as it is after optimisation), "placement"
        (whether `placement` will be asked for).
        """


class Kernel(NamedTuple):
    """What is asked of the system the worker runs on.

    Attributes:
        clock: nanoseconds, monotonic.
        memory: the high-water mark, or why there is none.
        threads: how many threads this process has; None if the system does not tell.
        waited_ns: how long this thread was ready to run but had no CPU; None if the system does not tell.
        sleep: sleeps for so many seconds.
        watch: watches the clock until an instant; None: in a loop.
        scheduling: how this process and its threads are scheduled, as fields of `Scheduling`; None: nobody asks.
    """

    clock: Callable[[], int]
    memory: PeakMemory | str
    threads: Callable[[], int | None]
    waited_ns: Callable[[], int | None]
    sleep: Callable[[float], object] = time.sleep
    watch: Callable[[int], object] | None = None
    scheduling: Callable[[], dict[str, Any] | None] = lambda: None

    def process(self) -> dict[str, Any]:
        """What is told of this process once all of its threads are there."""
        found = self.scheduling()
        return {"threads": self.threads(), **({} if found is None else {"scheduling": found})}


def this_kernel() -> Kernel:
    """The system this process runs on."""
    return Kernel(time.perf_counter_ns, peak_memory(), _threads, _waited_ns)


def answer_or_refusal(engine: Engine, flow: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `flow` answers or, if the runtime refused, {"refused": its message, "kind": of failure}."""
    try:
        return flow()
    except MemoryError as error:
        return {"refused": str(error) or "MemoryError", "kind": "out of memory"}
    except engine.refusals as error:
        ran_out = any(sign in str(error).lower() for sign in _OUT_OF_MEMORY)
        return {"refused": str(error), "kind": "out of memory" if ran_out else "refused"}


def require_provider(provider: str, engine: Engine) -> None:
    """Refuse a provider that this runtime does not have.

    Raises:
        AssessError: those that it has are named.
    """
    available = engine.providers()
    if provider not in available:
        raise AssessError(
            f"this ONNX Runtime has no {provider}",
            where="--provider",
            hint=f"it has {', '.join(name for name in available if name != CLOUD)}; "
            "others come with other builds of onnxruntime",
        )


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
