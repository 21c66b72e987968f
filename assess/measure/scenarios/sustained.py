"""Scenario: until heat, clocks and latency have settled, or for as long as the plan allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assess.measure.scenarios.periodic import at_rate_if_any
from assess.measure.scenarios.scenario import Scenario


def sustained(asked: Mapping[str, Any]) -> Scenario:
    """Goes on until windows of "window_ns" agree; periodic where the job has a rate."""
    return Scenario(releases=at_rate_if_any(asked), enough=_steady(asked["window_ns"]))


def _steady(window_ns: int) -> Callable[[int, int], bool]:
    from assess.measure.windows import PlateauFinder

    return PlateauFinder(window_ns).add
