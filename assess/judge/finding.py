"""An answer to one criterion: a verdict, because of what, against which limit, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from assess.project.estimate import Estimate, Rung


class Verdict(IntEnum):
    """Answers, from good to bad; NOT_ASKED never weighs."""

    NOT_ASKED = 0
    PASS = 1
    MARGINAL = 2
    UNKNOWN = 3
    FAIL = 4

    @property
    def text(self) -> str:
        """As reports print it."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Limit:
    """What something is judged against.

    Attributes:
        value: in `unit`.
        unit: base unit.
        text: what sets it, e.g. "deadline of camera-30hz".
        is_least: whether more is better: what is found is to be at least this much.
        is_uncertain: whether a number that it stands on was never read, or is missing: the best answer is MARGINAL.
        to_read: what would make an uncertain one certain; "" if that is not known.
    """

    value: float
    unit: str
    text: str
    is_uncertain: bool = False
    is_least: bool = False
    to_read: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One criterion's answer.

    Attributes:
        verdict: the answer.
        because: why, one sentence.
        found: what was found; None where it is not a number.
        limit: what it was judged against; None where it is not a number.
        next_step: the one thing to do about it; empty on PASS.
        details: further lines, e.g. the operators that fall back.
        criterion: name of the criterion; filled in by the criterion itself.
    """

    verdict: Verdict
    because: str
    found: Estimate | None = None
    limit: Limit | None = None
    next_step: str = ""
    details: tuple[str, ...] = ()
    criterion: str = ""

    @property
    def margin(self) -> float | None:
        """Share of the limit that is left at the bad end of the range; None without a limit or with an open end."""
        if self.found is None or self.limit is None or not self.limit.value:
            return None
        if self.limit.is_least:
            return (self.found.low - self.limit.value) / self.limit.value
        return None if math.isinf(self.found.high) else (self.limit.value - self.found.high) / self.limit.value


def smallest(limits: Sequence[Limit]) -> Limit:
    """The limit that decides where several hold at once; uncertain if any is, since that one may be smaller still."""
    least = min(limits, key=lambda limit: limit.value)
    others = [limit for limit in limits if limit.is_uncertain]
    if least.is_uncertain or not others:
        return least
    text = f"{least.text}; uncertain: {', '.join(limit.text for limit in others)}"
    return replace(least, text=text, is_uncertain=True, to_read=others[0].to_read)


def compare(found: Estimate, limit: Limit) -> Verdict:
    """The ten lines that every number is judged by: the range against the limit.

    A projection is never better than MARGINAL, and neither are statistics that a tool tells of samples that nobody saw,
    and anything against an uncertain limit.
    """
    low, high, most = found.low, found.high, limit.value
    if limit.is_least:
        low, high, most = -high, -low, -most
    if low > most:
        return Verdict.FAIL
    if high > most:
        return Verdict.MARGINAL
    if found.rung <= Rung.TOLD or limit.is_uncertain:
        return Verdict.MARGINAL
    return Verdict.PASS


def unread_of(found: Estimate, limit: Limit) -> str:
    """What to read, where nothing but that the limit was never read keeps it from passing; "" where more does."""
    return limit.to_read if compare(found, replace(limit, is_uncertain=False)) is Verdict.PASS else ""
