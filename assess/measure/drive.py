"""Drive a model back to back and time each inference: the loop, and nothing but the loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeVar

#: Between two inferences, and never more often: telling wakes the parent, which may cost the next inference its cache.
TELL_EVERY_NS: Final = 500_000_000

#: Told the share that is done, 0 to 1, and the seconds that are left as far as the pace so far tells.
Progress = Callable[[float, float], None]


class Plan(NamedTuple):
    """How long to drive.

    Attributes:
        min_count: inferences, at least.
        min_duration_ns: from the start of the first to the end of the last, at least.
        until_ns: no inference starts after this reading of the clock, even if `min_count` is not reached.
    """

    min_count: int
    min_duration_ns: int
    until_ns: int


def nobody(done: float, left_s: float) -> None:
    """Progress that nobody watches."""


class Store(Protocol):
    """Where samples are kept."""

    def append(self, sample: int, /) -> None:
        """Keep one more."""

    def __len__(self) -> int: ...


Kept = TypeVar("Kept", bound=Store)


def drive(
    infer: Callable[[], object],
    plan: Plan,
    samples: Kept,
    *,
    clock: Callable[[], int] = time.perf_counter_ns,
    progress: Progress = nobody,
) -> Kept:
    """Call `infer` until both minima of the plan are reached; at least once.

    Returns:
        `samples`, with the nanoseconds from just before to just after each inference, in order.
    """
    keep = samples.append
    begun = start = clock()
    next_tell = begun + TELL_EVERY_NS
    while True:
        infer()
        end = clock()
        keep(end - start)
        if (end - begun >= plan.min_duration_ns and len(samples) >= plan.min_count) or end >= plan.until_ns:
            return samples
        if end >= next_tell:
            progress(*_how_far(len(samples), end - begun, plan))
            next_tell = end + TELL_EVERY_NS
        start = clock()


def _how_far(count: int, span_ns: int, plan: Plan) -> tuple[float, float]:
    left_ns = max((plan.min_count - count) * span_ns / count, plan.min_duration_ns - span_ns, 0.0)
    return span_ns / (span_ns + left_ns), left_ns * 1e-9
