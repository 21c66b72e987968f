"""Frames: when each was released, when its inference began and when it ended. Response and service never mix."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

from assess.measure.rows import COLUMNS, DROPPED, WINDOW_BYTES


@dataclass(frozen=True, slots=True)
class Frames:
    """One entry for each frame that was served, in the order of service; all in nanoseconds since the first release.

    Attributes:
        scheduled_ns: when the frame was released; in a closed loop, when its inference began.
        start_ns: when its inference began.
        done_ns: when its inference ended.
        dropped_ns: releases of frames that were never served, because the queue policy dropped them.
    """

    scheduled_ns: tuple[int, ...] = ()
    start_ns: tuple[int, ...] = ()
    done_ns: tuple[int, ...] = ()
    dropped_ns: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.done_ns)

    @property
    def service_ns(self) -> tuple[int, ...]:
        """From the start of each inference to its end."""
        return tuple(done - start for start, done in zip(self.start_ns, self.done_ns, strict=True))

    @property
    def response_ns(self) -> tuple[int, ...]:
        """From the release of each frame to the end of its inference."""
        return tuple(done - scheduled for scheduled, done in zip(self.scheduled_ns, self.done_ns, strict=True))

    @property
    def waited_ns(self) -> tuple[int, ...]:
        """From the release of each frame to the start of its inference."""
        return tuple(start - scheduled for scheduled, start in zip(self.scheduled_ns, self.start_ns, strict=True))

    @property
    def span_ns(self) -> int:
        """From the first release to the end of the last inference."""
        return max(self.done_ns, default=0)

    def missed(self, deadline_ns: int) -> tuple[bool, ...]:
        """For each release in order of release, dropped ones included: whether its output was late or never came."""
        served = (
            (release, done - release > deadline_ns)
            for release, done in zip(self.scheduled_ns, self.done_ns, strict=True)
        )
        events = sorted([*served, *((release, True) for release in self.dropped_ns)])
        return tuple(late for _, late in events)


def closed_loop_frames(service_ns: tuple[int, ...]) -> Frames:
    """Frames of a closed loop of which only the service times are known: each starts when the last one ended."""
    start, starts, ends = 0, [], []
    for service in service_ns:
        starts.append(start)
        start += service
        ends.append(start)
    return Frames(tuple(starts), tuple(starts), tuple(ends))


def read_frames(path: Path) -> tuple[int, Frames]:
    """Everything that a worker wrote before it ended, however it ended.

    Returns:
        The worker's clock at the first release, and the frames counted from it; (0, no frames) where there is no file.
    """
    cells = array("q")
    try:
        with path.open("rb") as file:
            while chunk := file.read(WINDOW_BYTES):
                cells.frombytes(chunk[: len(chunk) // 8 * 8])
    except FileNotFoundError:
        return 0, Frames()
    # A row counts once it has an end.
    rows = [(cells[at], cells[at + 1], cells[at + 2]) for at in range(0, len(cells) - 2, COLUMNS) if cells[at + 2]]
    origin = min((scheduled for scheduled, _, _ in rows), default=0)
    served = [row for row in rows if row[2] != DROPPED]
    return origin, Frames(
        tuple(scheduled - origin for scheduled, _, _ in served),
        tuple(start - origin for _, start, _ in served),
        tuple(done - origin for _, _, done in served),
        tuple(sorted(scheduled - origin for scheduled, _, done in rows if done == DROPPED)),
    )
