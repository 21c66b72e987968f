"""Drive a model the way its job will, and time each inference: two loops, and nothing but the loops."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol, TypeVar

from assess.measure.pace import Pacer

#: Between two inferences, and never more often: telling wakes the parent, which may cost the next inference its cache.
TELL_EVERY_NS: Final = 500_000_000

#: Told the share that is done, 0 to 1, and the seconds that are left as far as the pace so far tells.
Progress = Callable[[float, float], None]


class Plan(NamedTuple):
    """How long to drive.

    Attributes:
        min_count: frames, at least: inferences in a closed loop, releases in an open one.
        min_duration_ns: from the start of the first to the end of the last, at least.
        until_ns: no inference starts after this reading of the clock, even if `min_count` is not reached.
    """

    min_count: int
    min_duration_ns: int
    until_ns: int


class Queue(NamedTuple):
    """What happens to frames that are released while an inference runs.

    Attributes:
        depth: so many wait; when one more comes, the oldest is dropped (KEEP_LAST of ROS 2). None: all wait.
        deadline_ns: a frame that waited so long is dropped when its turn comes. None: none is.
    """

    depth: int | None = 1
    deadline_ns: int | None = None


def nobody(done: float, left_s: float) -> None:
    """Progress that nobody watches."""


class Store(Protocol):
    """Where frames are kept."""

    def append(self, scheduled: int, start: int, done: int, /) -> None:
        """Keep one that was served."""

    def __len__(self) -> int: ...


class OpenStore(Store, Protocol):
    """Where frames of an open loop are kept: some are dropped."""

    def drop(self, scheduled: int, /) -> None:
        """Keep one that was dropped."""


class Count:
    """Only counts: the frames of a warm-up are not part of the job."""

    def __init__(self) -> None:
        self._count = 0

    def append(self, _scheduled: int, _start: int, _done: int, /) -> None:
        """Count one more."""
        self._count += 1

    def __len__(self) -> int:
        return self._count


Kept = TypeVar("Kept", bound=Store)
OpenKept = TypeVar("OpenKept", bound=OpenStore)


def closed_loop(
    infer: Callable[[], object],
    plan: Plan,
    frames: Kept,
    *,
    clock: Callable[[], int] = time.perf_counter_ns,
    progress: Progress = nobody,
    enough: Callable[[int, int], bool] | None = None,
) -> Kept:
    """Call `infer` back to back until both minima of the plan are reached; at least once.

    Args:
        infer: runs one inference.
        plan: how long.
        frames: where they are kept; a frame is released when its inference starts.
        clock: nanoseconds, monotonic.
        progress: told now and then.
        enough: told the end and the service time of each frame; once it says so, the loop ends after the minima.

    Returns:
        `frames`.
    """
    keep = frames.append
    begun = start = clock()
    next_tell = begun + TELL_EVERY_NS
    while True:
        infer()
        end = clock()
        keep(start, start, end)
        steady = enough is None or enough(end, end - start)
        reached = steady and end - begun >= plan.min_duration_ns and len(frames) >= plan.min_count
        if reached or end >= plan.until_ns:
            return frames
        if end >= next_tell:
            progress(*how_far(len(frames), end - begun, plan))
            next_tell = end + TELL_EVERY_NS
        start = clock()


def open_loop(
    infer: Callable[[], object],
    releases: Iterator[int],
    queue: Queue,
    plan: Plan,
    frames: OpenKept,
    *,
    clock: Callable[[], int],
    pacer: Pacer,
    progress: Progress = nobody,
    enough: Callable[[int, int], bool] | None = None,
) -> OpenKept:
    """Call `infer` for each release that the queue lets through; never before the release, later if it is busy.

    The schedule is never moved: what a stall delays is late, or dropped. After the last release those that wait are
    still served, or dropped when time is up: no release is forgotten.

    Args:
        infer: runs one inference.
        releases: readings of the clock, ascending; each is one frame.
        queue: what happens to those that wait.
        plan: releases are taken until both minima are reached; `until_ns` ends all.
        frames: where they are kept.
        clock: nanoseconds, monotonic.
        pacer: waits for the next release.
        progress: told now and then, after an inference.
        enough: as for `closed_loop`.

    Returns:
        `frames`.
    """
    schedule = _Schedule(releases, plan, enough)
    waiting: deque[int] = deque()
    begun = now = clock()
    next_tell = begun + TELL_EVERY_NS
    while now < plan.until_ns:
        schedule.release(now, waiting)
        _drop(waiting, queue, now, frames)
        if not waiting:
            if schedule.upcoming is None:
                return frames
            pacer.until(min(schedule.upcoming, plan.until_ns))
            now = clock()
            continue
        scheduled = waiting.popleft()
        start = clock()
        infer()
        now = clock()
        frames.append(scheduled, start, now)
        schedule.heed(now, now - start)
        if now >= next_tell:
            progress(*how_far(schedule.count, now - begun, plan))
            next_tell = now + TELL_EVERY_NS
    schedule.release(now, waiting)
    for scheduled in waiting:
        frames.drop(scheduled)
    return frames


class _Schedule:
    """Releases one after the other, until the plan's minima are reached."""

    def __init__(self, releases: Iterator[int], plan: Plan, enough: Callable[[int, int], bool] | None) -> None:
        self._releases, self._plan, self._enough = releases, plan, enough
        self._steady = enough is None
        self.count = 0
        self.upcoming: int | None = next(releases, None)
        self._first = self.upcoming or 0

    def release(self, now: int, waiting: deque[int]) -> None:
        """Move all that are due to those that wait."""
        while self.upcoming is not None and self.upcoming <= now:
            waiting.append(self.upcoming)
            self.count += 1
            self.upcoming = next(self._releases, None)
            if self._reached():
                self.upcoming = None

    def heed(self, done: int, service: int) -> None:
        """Learn whether the run is steady."""
        if self._enough is not None:
            self._steady = self._enough(done, service)

    def _reached(self) -> bool:
        if self.upcoming is None or not self._steady or self.count < self._plan.min_count:
            return False
        return self.upcoming - self._first >= self._plan.min_duration_ns


def _drop(waiting: deque[int], queue: Queue, now: int, frames: OpenStore) -> None:
    while waiting and (
        (queue.depth is not None and len(waiting) > queue.depth)
        or (queue.deadline_ns is not None and now - waiting[0] >= queue.deadline_ns)
    ):
        frames.drop(waiting.popleft())


def how_far(count: int, span_ns: int, plan: Plan) -> tuple[float, float]:
    """Share of a plan that is done, and the seconds that are left at the pace so far."""
    left_ns = max((plan.min_count - count) * span_ns / max(count, 1), plan.min_duration_ns - span_ns, 0.0)
    return span_ns / (span_ns + left_ns), left_ns * 1e-9
