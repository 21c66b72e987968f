"""Stand-ins for the world: a clock that only moves when told to, and a runtime that takes exactly so long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import Any

from assess.measure.engine import Kernel
from assess.measure.worker import find
from assess.sandbox import Ending

MS = 1_000_000


class FakeClock:
    """Reads `now`, in nanoseconds."""

    def __init__(self, now: int = 0) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Sleep to the nanosecond."""
        self.now += round(seconds * 1e9)

    def watch(self, instant: int) -> None:
        """Watch until an instant: it comes at once."""
        self.now = max(self.now, instant)


class FakeMemory:
    """A high-water mark that shows the next of some values at each look."""

    method = "fake"

    def __init__(self, *peaks: int) -> None:
        self.peaks = list(peaks)
        self.restarts = 0

    def restart(self) -> None:
        self.restarts += 1

    def peak_bytes(self) -> int:
        return self.peaks.pop(0)


class FakeSession:
    """A session whose inferences take the next of some times; an exception among them is raised."""

    def __init__(self, clock: FakeClock, first: Any, runs: Iterable[Any], providers: list[str]) -> None:
        self._clock, self._first, self._runs = clock, first, iter(runs)
        self._providers = providers

    def _take(self, time: Any) -> None:
        if isinstance(time, BaseException):
            raise time
        self._clock.now += time

    def first(self) -> None:
        self._take(self._first)

    def settle(self) -> tuple[str, Callable[[], object]]:
        return "preallocated", lambda: self._take(next(self._runs))

    def feed_back(self, states: dict[str, str]) -> Callable[[], object]:
        self.states = states
        return self.settle()[1]

    def effective(self) -> dict[str, Any]:
        return {"providers": self._providers, "optimisation": "all"}


class RefusedError(Exception):
    """What the fake runtime raises when it does not run a model."""


class FakeEngine:
    """A runtime of 40 ms to load, 9 ms for the first inference and 2 ms for each other, unless told otherwise."""

    refusals: tuple[type[Exception], ...] = (RefusedError,)
    imported_ns = (150 * MS, 450 * MS)

    def __init__(
        self,
        clock: FakeClock,
        *,
        load: Any = 40 * MS,
        first: Any = 9 * MS,
        runs: Iterable[Any] | None = None,
        providers: Iterable[str] = ("CPUExecutionProvider",),
    ) -> None:
        self.versions = {"onnxruntime": "fake"}
        self._clock, self._load, self._available = clock, load, list(providers)
        self._session = FakeSession(clock, first, repeat(2 * MS) if runs is None else chain(runs), self._available)
        self.read: list[dict[str, str]] = []

    def providers(self) -> list[str]:
        return ["AzureExecutionProvider", *self._available]

    def read_inputs(self, inputs: list[dict[str, str]]) -> None:
        self.read = inputs

    def load(self, request: dict[str, Any]) -> FakeSession:
        self._session._take(self._load)
        return self._session


def kernel(clock: FakeClock, memory: Any = None, waited: Iterable[int | None] = (0, 0)) -> Kernel:
    """A system of one thread, with memory peaks of 50, 90, 70 and 80 bytes in the four phases."""
    readings = iter(waited)
    return Kernel(
        clock, memory or FakeMemory(50, 90, 70, 80), lambda: 1, lambda: next(readings), clock.sleep, clock.watch
    )


def launch(engine: FakeEngine, system: Kernel) -> Callable[..., Ending]:
    """In place of `sandbox.run`: the worker's flow in this process, its answer as the parent would read it."""

    def run(module: str, request: dict[str, Any], limits: Any, *, on_progress: Any, **options: Any) -> Ending:
        assert module == "assess.measure.worker"
        return Ending("answered", find(request["pass"])(request, on_progress, engine, system), "", "")

    return run
