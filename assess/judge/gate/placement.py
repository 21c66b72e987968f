"""Placement: operators that the provider asked for took before, and does not take now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from assess.judge.gate.comparison import Comparison, GateVerdict

PLACEMENT: Final = "placement"


def judge_placement(baseline: Mapping[str, int], candidate: Mapping[str, int]) -> Comparison:
    """What falls back now and did not before.

    Args:
        baseline: operators that are not on the provider asked for, with how many there are of each.
        candidate: the same.
    """
    more = {name: count for name, count in candidate.items() if count > baseline.get(name, 0)}
    details = tuple(f"{name}: {baseline.get(name, 0)} -> {count}" for name, count in sorted(more.items()))
    before, after = sum(baseline.values()), sum(candidate.values())
    said = f"{before} -> {after} operators on another provider"
    if more:
        text = f"{said}; more of {', '.join(sorted(more))}"
        step = f"see where they went: assess fit; if that is meant: --allow {PLACEMENT}"
        return Comparison(PLACEMENT, GateVerdict.REGRESSION, text, before, after, details=details, next_step=step)
    verdict = GateVerdict.IMPROVEMENT if after < before else GateVerdict.PASS
    return Comparison(PLACEMENT, verdict, said, before, after)
