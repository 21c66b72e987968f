"""Memory of the launches: all but the same from launch to launch, so that a median and a tolerance suffice."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.project.signed_rank import Interval
from assess.units import format_quantity

#: More than both is a regression. Between launches of one model the peak varied by 0.6 to 1.7 % in all, with a standard
#: deviation of 0.1 to 0.5 % (360 launches on a two-core guest); a median of eight launches varies by far less.
SHARE: Final = 0.02
#: Against launches of another day: which pages of the runtime's own files are resident hangs on what lies in the page
#: cache. The same model, of 86 MB with its process, had 2.3 % less a quarter of an hour later, in every launch.
STORED_SHARE: Final = 0.05
LEAST_BYTES: Final = 256 * 2**10


def judge_memory(metric: str, baseline: Sequence[int], candidate: Sequence[int], margin: float = SHARE) -> Comparison:
    """Memory of the candidate's launches against the baseline's.

    Args:
        metric: "peak memory" or "steady memory".
        baseline: bytes of each launch; at least one.
        candidate: the same.
        margin: share of the baseline's that it may be more.
    """
    before, after = statistics.median(baseline), statistics.median(candidate)
    more = after - before
    change = more / before if before else 0.0
    said = f"{format_quantity(before, 'B')} -> {format_quantity(after, 'B')} ({change:+.1%}), medians of launches"
    spread = Interval(change, min(candidate) / before - 1.0, max(candidate) / before - 1.0) if before else None
    if more > max(margin * before, LEAST_BYTES):
        verdict, step = GateVerdict.REGRESSION, "see what it is used for: `assess fit`, memory"
    elif -more > max(margin * before, LEAST_BYTES):
        verdict, step = GateVerdict.IMPROVEMENT, "accept the new model in place of the old one"
    else:
        verdict, step = GateVerdict.PASS, ""
    return Comparison(metric, verdict, said, before, after, "B", spread, "least and most of the launches", margin, step)
