"""Contracts like "at most 2 misses in any 100 frames, never 2 in a row": did a run keep one, and what is certain of it?

That a run kept a contract is no promise for the next one. For that, windows of frames are tried one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assess.judge.certificate import longest_run as longest_run
from assess.project.binomial import rate_bound, trials_needed

#: Windows that may break the contract, as a share: what the frames needed are counted for.
SHARE = 0.01
#: Frames of a window where the contract names none: ten times as many as the longest run it allows, and no fewer
#: than the field's usual 100 (m,k) frames.
_WINDOW, _RUNS = 100, 10

Verdict = Literal["held", "broken", "too few frames"]


@dataclass(frozen=True, slots=True)
class Contract:
    """Which misses a job can bear (Bernat, Burns and Llamosi, Weakly hard real-time systems, 2001).

    Attributes:
        at_most: misses among any `in_any` frames in succession; both or none of the two.
        in_any: how many frames in succession.
        in_a_row: misses in direct succession; 1 is "never 2 in a row".
    """

    at_most: int | None = None
    in_any: int | None = None
    in_a_row: int | None = None

    def __post_init__(self) -> None:
        if (self.at_most is None) != (self.in_any is None):
            raise ValueError("a contract says at_most and in_any together")
        if self.at_most is None and self.in_a_row is None:
            raise ValueError("a contract says at_most and in_any, or in_a_row, or all three")
        if self.in_any is not None and self.in_any < 1:
            raise ValueError("in_any is a number of frames, at least 1")
        if min(self.at_most or 0, self.in_a_row or 0) < 0:
            raise ValueError("at_most and in_a_row are numbers of misses, at least 0")

    @property
    def window(self) -> int:
        """Frames that are one try of the contract."""
        return self.in_any or max(_WINDOW, _RUNS * (self.in_a_row or 0))

    def broken_by(self, missed: Sequence[bool]) -> bool:
        """Whether these frames, in direct succession, break it."""
        if self.in_a_row is not None and longest_run(missed) > self.in_a_row:
            return True
        return self.at_most is not None and self.in_any is not None and most_in_any(missed, self.in_any) > self.at_most


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run says about a contract.

    Attributes:
        contract: the contract.
        frames: releases, served or dropped.
        verdict: of this run alone. It is no certificate: see `share_bound`.
        most: most misses in any `contract.in_any` frames in succession; in all frames where it names none.
        longest_run: most misses in direct succession.
        windows: windows of `contract.window` frames, one after the other.
        violating: those of them that break the contract, each taken alone.
        share_bound: with 99 % confidence fewer of all windows break it, if what happens in one is independent of the
            others: the case where disturbances are shorter than a window.
        more: frames that are lacking, should none of them miss, until that share is certified to be below 1 %.
    """

    contract: Contract
    frames: int
    verdict: Verdict
    most: int
    longest_run: int
    windows: int
    violating: int
    share_bound: float
    more: int


def keeps(missed: Sequence[bool], contract: Contract) -> Kept:
    """Whether the run kept the contract, and for what share of the future's windows that speaks.

    Args:
        missed: each release in order: was it late, or never served?
        contract: which misses are allowed.
    """
    frames, size = len(missed), contract.window
    windows = frames // size
    violating = sum(contract.broken_by(missed[i * size : (i + 1) * size]) for i in range(windows))
    return Kept(
        contract,
        frames,
        _verdict(missed, contract),
        most_in_any(missed, contract.in_any or frames),
        longest_run(missed),
        windows,
        violating,
        rate_bound(violating, windows),
        max(0, trials_needed(violating, SHARE) * size - frames),
    )


def frames_for_contract(contract: Contract) -> int:
    """Frames without a miss from which on fewer than 1 % of all windows break it, with 99 % confidence."""
    return trials_needed(0, SHARE) * contract.window


def most_in_any(missed: Sequence[bool], k: int) -> int:
    """Most misses in any `k` frames in succession; where there are fewer frames, in all of them."""
    most = now = 0
    for index, miss in enumerate(missed):
        now += miss
        if index >= k:
            now -= missed[index - k]
        most = max(most, now)
    return most


def _verdict(missed: Sequence[bool], contract: Contract) -> Verdict:
    if contract.broken_by(missed):
        return "broken"
    # Fewer frames than the contract speaks of could not have broken it.
    least = max(contract.in_any or 0, 0 if contract.in_a_row is None else contract.in_a_row + 1)
    return "held" if len(missed) >= least else "too few frames"
