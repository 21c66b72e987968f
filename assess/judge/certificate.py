"""Whether a run of frames certifies a deadline: misses counted plainly, and again in the bursts that they come in.

The plain count takes misses to be independent. On real hosts one stall makes several frames late, and then it certifies
processes at exactly the rate that it should refuse 25 % of the time where bursts average five frames, and not 1 %
(docs/benchmarks.md). Counted in episodes, each the one outcome of several frames, the 99 % hold again: for every
process whose episodes begin independently of each other and hold on average no more misses than assumed, however their
lengths are distributed. Bursts longer than any that were seen cannot be ruled out by any count: where they average
twice as many, the shortest run that can be certified is falsely so in 10 %, at ten times as many in 62 %.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assess.project.binomial import allowed, rate_bound, trials_needed
from assess.project.quantile import miss_rate

#: Misses in a burst, on average, that are assumed where the data do not show more: twice the 2.3 that a host with other
#: work made of 1 kHz frames (P(miss | previous missed) = .56, longest run 11). With no miss seen it cannot be
#: estimated; to assume more costs as many times more frames.
ASSUMED_BURST = 5.0
#: Good frames that may stand between two misses of one episode: a stall that lets single frames through is one stall
#: still. On that host 34 of the worst 100 frames missed, in runs of 11 at most. As long as a burst is assumed to be.
GAP = 5
#: Standard errors to the 99 % bound of a mean. Bursts are taken to vary as much as they last (geometric lengths).
_Z = 2.3263


@dataclass(frozen=True, slots=True)
class Episode:
    """Misses with no more than `GAP` good frames between one and the next.

    Attributes:
        first: index of its first miss.
        last: index of its last miss.
        misses: how many frames in between missed, both ends included.
    """

    first: int
    last: int
    misses: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a run of frames certifies about "at most 1 - percentile of the frames miss", with 99 % confidence.

    Attributes:
        percentile: share of frames that must keep the deadline, in percent.
        frames: releases, served or dropped.
        misses: those that were late or dropped.
        longest_run: most misses in direct succession.
        episodes: groups of misses with at most `GAP` good frames inside.
        missed_after_miss: share of the frames directly after a miss that missed as well; None where there is no such.
        allowed_iid: misses that this many frames may have, were misses independent; None: too few for any answer.
        allowed: episodes that they may have; None as above.
        rate_bound_iid: the miss rate is below this, were misses independent.
        rate_bound: the miss rate is below this as long as bursts average at most `burst`.
        more_iid: frames that the plain certificate still lacks, should none of them miss; 0 if it is given.
        more: the same of the burst-aware one. A run of the whole length, taken anew, is the honest way: one extended
            until it passes has several tries.
        certified_iid: the plain certificate is given.
        certified: the burst-aware one is given; the headline.
        burst: misses per episode, on average, that the certificate allows for.
        holds_to_burst: episodes may average this many misses and the certificate would still be given; where it is less
            than `burst`, it is not. Wrong once in 100 at most, whatever the burst: short runs claim no long ones.
        assumption: under what it holds, in words.
    """

    percentile: float
    frames: int
    misses: int
    longest_run: int
    episodes: int
    missed_after_miss: float | None
    allowed_iid: int | None
    allowed: int | None
    rate_bound_iid: float
    rate_bound: float
    more_iid: int
    more: int
    certified_iid: bool
    certified: bool
    burst: float
    holds_to_burst: float
    assumption: str


def certificate(missed: Sequence[bool], percentile: float) -> Certificate:
    """What is certain about the share of frames that miss.

    Args:
        missed: each release in order: was it late, or never served?
        percentile: share of frames that must not miss, in percent.
    """
    rate, frames = miss_rate(percentile), len(missed)
    groups = tuple(episodes(missed))
    misses, count = sum(group.misses for group in groups), len(groups)
    exposed, burst = _exposed(groups, frames), mean_burst(misses, count)
    trials = math.floor(exposed / burst)
    plain, bursty = trials_needed(misses, rate), trials_needed(count, rate)
    return Certificate(
        percentile,
        frames,
        misses,
        longest_run(missed),
        count,
        _after_miss(missed),
        allowed(frames, rate),
        allowed(trials, rate),
        rate_bound(misses, frames),
        rate_bound(count, trials),
        max(0, plain - frames),
        max(0, math.ceil(bursty * burst) - exposed),
        frames >= plain,
        trials >= bursty,
        burst,
        exposed / bursty,
        _assumption(burst),
    )


def frames_for_certificate(percentile: float, episodes: int = 1) -> int:
    """Frames that a run takes to be certified although it has that many episodes of misses, none longer than assumed.

    33,185 for p99.9 with one. Of processes that miss a tenth as often as they may, that certifies three in four whose
    misses come in bursts of five, half of those with bursts of two, and one in six of those whose misses are
    independent: to certify every second of these takes ten episodes, 100,750 frames (docs/benchmarks.md).
    """
    return math.ceil(trials_needed(episodes, miss_rate(percentile)) * ASSUMED_BURST) + episodes * GAP


def episodes(missed: Sequence[bool]) -> Iterator[Episode]:
    """Misses grouped, in order."""
    first = last = misses = 0
    for index, miss in enumerate(missed):
        if not miss:
            continue
        if misses and index - last > GAP + 1:
            yield Episode(first, last, misses)
            misses = 0
        first, last, misses = (index if not misses else first), index, misses + 1
    if misses:
        yield Episode(first, last, misses)


def longest_run(missed: Sequence[bool]) -> int:
    """Most misses in direct succession."""
    longest = run = 0
    for miss in missed:
        run = run + 1 if miss else 0
        longest = max(longest, run)
    return longest


def mean_burst(misses: int, episodes: int) -> float:
    """Misses per episode to allow for: as assumed, or where more were seen, the 99 % bound of their mean."""
    if misses <= ASSUMED_BURST * episodes:
        return ASSUMED_BURST
    return misses / episodes * (1.0 + _Z / math.sqrt(episodes))


def _exposed(groups: Sequence[Episode], frames: int) -> int:
    """Frames but for the good ones in which no episode could have begun: those within one and those that end it."""
    closed = (min(group.last + GAP, frames - 1) - group.first + 1 - group.misses for group in groups)
    return frames - sum(closed)


def _after_miss(missed: Sequence[bool]) -> float | None:
    followers = [after for before, after in itertools.pairwise(missed) if before]
    return sum(followers) / len(followers) if followers else None


def _assumption(burst: float) -> str:
    seen = "as assumed" if burst == ASSUMED_BURST else "more than assumed, from the bursts seen"
    return (
        f"misses come in bursts of at most {burst:.3g} on average ({seen}), one burst is independent of the others, "
        "and the process stays as it was"
    )
