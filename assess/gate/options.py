"""What a gate is asked, from words: the same for the command line and for tests that gate a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assess.describe.graph import DEFAULT_LIMITS
from assess.describe.library import Library
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError
from assess.gate.plan import METRICS, MOST_PAIRS, GatePlan
from assess.judge.gate.latency import LOOKS
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, find_counterpart
from assess.sandbox import Limits


def plan_of(
    margin: str | None,
    *,
    max_pairs: int | None = None,
    budget_s: float | None = None,
    allow: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> GatePlan:
    """The plan of a gate.

    Args:
        margin: slowdown that is allowed, a share: "3%" or "0.03"; None for the usual ones.
        max_pairs: pairs, at most; None for the usual looks.
        budget_s: seconds, instead of a number of pairs.
        allow: metrics that may be worse.
        skip: metrics that are not compared.

    Raises:
        AssessError: the margin is no share, a metric is none, or both time and pairs are given.
    """
    if max_pairs is not None and budget_s is not None:
        raise AssessError("either time or the number of pairs is fixed", where="--budget", hint="leave out --max-pairs")
    if max_pairs is not None and not LOOKS[0] <= max_pairs <= MOST_PAIRS:
        raise AssessError(f"{max_pairs} is not between {LOOKS[0]} and {MOST_PAIRS}", where="--max-pairs")
    if budget_s is not None and budget_s < 1.0:
        raise AssessError("less than a second is no time to measure in", where="--budget")
    looks = LOOKS if max_pairs is None else (*(look for look in LOOKS[:-1] if look < max_pairs), max_pairs)
    plan = GatePlan(
        looks=looks,
        budget_s=budget_s,
        allowed=_metrics(allow, "allow"),
        skipped=_metrics(skip, "skip"),
    )
    return plan if margin is None else replace(plan, margin=_share(margin), floor_margin=_share(margin))


def find_both(
    model: str,
    against: str,
    library: Library,
    dims: Mapping[str, int],
    limits: Limits = DEFAULT_LIMITS,
    on_progress: OnProgress = silent,
) -> tuple[Subject, Subject]:
    """The accepted model and the newer one; a dimension may be in one of them alone.

    Raises:
        AssessError: one of them is not there or is no model, or neither has one of the dimensions.
    """
    (accepted, unknown), (newer, others) = (
        find_counterpart(one, library, dims, limits, on_progress) for one in (against, model)
    )
    if neither := sorted(unknown & others):
        raise AssessError(f"neither model has a dynamic dimension {neither[0]!r}", where="--dim",
                          hint="assess inspect MODEL names those that it has")  # fmt: skip
    return accepted, newer


def _metrics(words: Sequence[str], option: str) -> frozenset[str]:
    for word in words:
        if word not in METRICS:
            raise AssessError(
                f"there is no metric {word!r}", where=f"--{option}", hint=did_you_mean(word, METRICS)
            )  # fmt: skip
    return frozenset(words)


def _share(text: str) -> float:
    """A share as a number: "3%" or "0.03"."""
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        share = float(number) / (100.0 if percent else 1.0)
    except ValueError:
        share = -1.0
    if not 0.0 < share < 1.0:
        raise AssessError(f"{text!r:.40} is no share between 0 and 1", where="--margin", hint='write "3%" or 0.03')
    return share
