"""Scenario: a frame every period, as a sensor delivers them; the number that results is the response time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from assess.measure.scenarios.scenario import Scenario


def periodic(asked: Mapping[str, Any]) -> Scenario:
    """Releases at the rate "rate_hz"; each instant is computed from the first, so that nothing adds up."""
    return Scenario(releases=every(asked["rate_hz"]))


def every(rate_hz: float) -> Callable[[int], Iterator[int]]:
    """Instants at a fixed rate, in whole nanoseconds."""
    return lambda begin_ns: (begin_ns + round(index * 1e9 / rate_hz) for index in count())


def at_rate_if_any(asked: Mapping[str, Any]) -> Callable[[int], Iterator[int]] | None:
    """Releases at the rate where the job has one; otherwise a closed loop."""
    return every(asked["rate_hz"]) if asked.get("rate_hz") else None
