"""Jitter and the age of outputs, defined; all times in nanoseconds of one clock.

A frame is scheduled (released), starts, and is done; each frame served has one of each, in order of service.

release jitter     start minus scheduled: how late an inference begins; waiting for the one before it counts too.
period jitter      from one start to the next, minus from one schedule to the next: the period, unless frames in between
                   were dropped. A dropped frame is a drop and not jitter.
age of the output  At each release, served or dropped, a consumer reads the newest finished output. Its age is then the
                   time since the frame behind it was scheduled: the age of what the consumer knows about the world.
                   An output that is done at that very instant can be read. Before the first there is nothing to read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from assess.project.quantile import empirical


@dataclass(frozen=True, slots=True)
class Lateness:
    """Delays from their schedule; none is negative.

    Attributes:
        p50_ns: half of them are not above this.
        p99_ns: 99 % of them are not above this.
        max_ns: the largest.
    """

    p50_ns: int
    p99_ns: int
    max_ns: int


@dataclass(frozen=True, slots=True)
class Jitter:
    """Deviations from even spacing, of either sign.

    Attributes:
        sd_ns: their standard deviation about 0, where a steady job has its mean.
        peak_to_peak_ns: the largest less the smallest.
        p99_abs_ns: 99 % of them are not further from 0.
    """

    sd_ns: float
    peak_to_peak_ns: int
    p99_abs_ns: int


@dataclass(frozen=True, slots=True)
class Age:
    """How old the outputs are when they are read.

    Attributes:
        p50_ns: half of the reads found one that was not older.
        p99_ns: 99 % of the reads did.
        max_ns: the oldest that was read.
        reads: instants at which there was an output.
        without: instants at which there was none yet.
    """

    p50_ns: int
    p99_ns: int
    max_ns: int
    reads: int
    without: int


def release_jitter(scheduled_ns: Sequence[int], start_ns: Sequence[int]) -> Lateness:
    """How late inferences begin.

    Raises:
        ValueError: there are no frames.
    """
    return _lateness(_differences(scheduled_ns, start_ns))


def period_jitter(scheduled_ns: Sequence[int], start_ns: Sequence[int]) -> Jitter:
    """How unevenly inferences begin: from one to the next, spacing less scheduled spacing is the change of the delay.

    Raises:
        ValueError: there are fewer than two frames.
    """
    delays = _differences(scheduled_ns, start_ns)
    if len(delays) < 2:
        raise ValueError("jitter is between frames: it takes two")
    changes = [later - earlier for earlier, later in itertools.pairwise(delays)]
    spread = math.sqrt(sum(change * change for change in changes) / len(changes))
    return Jitter(spread, max(changes) - min(changes), int(empirical([abs(change) for change in changes], 99)))


def output_age(scheduled_ns: Sequence[int], done_ns: Sequence[int], dropped_ns: Sequence[int] = ()) -> Age | None:
    """How old an output is when it is read, at every release; None where no release ever found one.

    Args:
        scheduled_ns: releases of the frames served, in order of service.
        done_ns: when each was done.
        dropped_ns: releases that were never served; the consumer reads at them as well.
    """
    finished = sorted(zip(done_ns, scheduled_ns, strict=True))
    instants = sorted((*scheduled_ns, *dropped_ns))
    ages: list[int] = []
    newest: int | None = None
    position = 0
    for instant in instants:
        while position < len(finished) and finished[position][0] <= instant:
            # Outputs may overtake each other; the newest is the one of the latest frame.
            scheduled = finished[position][1]
            newest = scheduled if newest is None else max(newest, scheduled)
            position += 1
        if newest is not None:
            ages.append(instant - newest)
    if not ages:
        return None
    found = _lateness(ages)
    return Age(found.p50_ns, found.p99_ns, found.max_ns, len(ages), len(instants) - len(ages))


def _differences(from_ns: Sequence[int], to_ns: Sequence[int]) -> list[int]:
    differences = [later - earlier for earlier, later in zip(from_ns, to_ns, strict=True)]
    if not differences:
        raise ValueError("without frames there is no timing")
    return differences


def _lateness(delays: Sequence[int]) -> Lateness:
    return Lateness(int(empirical(delays, 50)), int(empirical(delays, 99)), max(delays))
