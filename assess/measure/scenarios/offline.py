"""Scenario: as many inferences a second as the host gives, by the size of the batch; latency does not count.

Each batch is a closed loop in a process of its own, which is what the timed pass does: only the shapes differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low

from assess.measure.frames import Frames


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A batch size that was tried.

    Attributes:
        batch: inferences that one run makes at once.
        frames: one for each run of the whole batch.
        memory_bytes: the most that the model needed over what the process had before; None if it was not read.
        absent: why there are no frames, or fewer than asked for; "" if all is there.
    """

    batch: int
    frames: Frames
    memory_bytes: int | None = None
    absent: str = ""

    @property
    def throughput(self) -> float | None:
        """Inferences a second over the whole span; None if nothing ran."""
        return self.batch * len(self.frames) * 1e9 / self.frames.span_ns if len(self.frames) else None

    @property
    def service_ns(self) -> int | None:
        """Median of the time that one run of the batch takes; None if nothing ran."""
        return median_low(self.frames.service_ns) if len(self.frames) else None


@dataclass(frozen=True, slots=True)
class Offline:
    """Throughput by batch.

    Attributes:
        dims: dimensions of the model that were bound to the size of the batch; empty if the model has a fixed one.
        batches: in the order of the workload.
    """

    dims: tuple[str, ...]
    batches: tuple[BatchRun, ...]

    @property
    def best(self) -> BatchRun | None:
        """The batch of the highest throughput of those that ran to their end; the smaller one of two equal ones.

        None if none did: what a batch did before it crashed is no promise.
        """
        ran = [each for each in self.batches if each.throughput is not None and not each.absent]
        return max(ran, key=lambda each: (each.throughput or 0.0, -each.batch), default=None)
