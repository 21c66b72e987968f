"""What came of one metric: a verdict, because of what, and by how much."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from assess.project.signed_rank import Interval


class GateVerdict(Enum):
    """Answers of a gate; `PASS` is proved, and what is not significant alone is INCONCLUSIVE."""

    PASS = "PASS"  # noqa: S105 - a verdict
    IMPROVEMENT = "IMPROVEMENT"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOISY = "NOISY"
    NOT_COMPARABLE = "NOT COMPARABLE"
    REGRESSION = "REGRESSION"
    FAILED = "FAILED"


#: From the worst: what a gate answers is the worst that one of its metrics does.
FROM_THE_WORST = (
    GateVerdict.FAILED,
    GateVerdict.REGRESSION,
    GateVerdict.NOT_COMPARABLE,
    GateVerdict.NOISY,
    GateVerdict.INCONCLUSIVE,
    GateVerdict.IMPROVEMENT,
    GateVerdict.PASS,
)


#: Answers that nobody has to act on.
FINE: Final = (GateVerdict.PASS, GateVerdict.IMPROVEMENT)
#: Answers that more evidence may change.
OPEN: Final = (GateVerdict.INCONCLUSIVE, GateVerdict.NOISY)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of the candidate against the baseline's.

    Attributes:
        metric: its name, e.g. "latency floor", "peak memory", "operators".
        verdict: the answer.
        because: why, one sentence.
        baseline: the baseline's value; None where it is not a number.
        candidate: the candidate's.
        unit: of both: "s", "B" or "" for a count.
        change: of the candidate relative to the baseline, 0.05 for 5 % more, with its range; None where both values are
            exact or none.
        basis: what that range is, e.g. "98.18 % interval of 8 pairs".
        margin: change that is allowed, relative; None where any is one.
        next_step: the one thing to do about it; empty on PASS.
        details: further lines.
    """

    metric: str
    verdict: GateVerdict
    because: str
    baseline: float | None = None
    candidate: float | None = None
    unit: str = ""
    change: Interval | None = None
    basis: str = ""
    margin: float | None = None
    next_step: str = ""
    details: tuple[str, ...] = ()


def allowed(comparison: Comparison) -> Comparison:
    """The comparison of a metric that may be worse: it is told, and does not weigh. What failed is no comparison."""
    if comparison.verdict not in (GateVerdict.REGRESSION, *OPEN):
        return comparison
    because = f"{comparison.verdict.value.lower()}, which is allowed: {comparison.because}"
    return replace(comparison, verdict=GateVerdict.PASS, because=because, next_step="")


def worst(verdicts: list[GateVerdict]) -> GateVerdict:
    """The worst of some verdicts.

    Raises:
        ValueError: there are none: a gate that compared nothing has no answer.
    """
    if not verdicts:
        raise ValueError("nothing was compared")
    return min(verdicts, key=FROM_THE_WORST.index)
