"""Scenario: frames arrive independently of each other, so many a second on average."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from assess.measure.scenarios.scenario import Scenario


def poisson(asked: Mapping[str, Any]) -> Scenario:
    """Exponential times between releases with the mean of "rate_hz", from "seed": the same seed, the same schedule."""

    def releases(begin_ns: int) -> Iterator[int]:
        rng = random.Random(f"{asked['seed']} releases")  # noqa: S311 - a schedule, no secret.
        after_s = 0.0
        while True:
            yield begin_ns + round(after_s * 1e9)
            after_s += rng.expovariate(asked["rate_hz"])

    return Scenario(releases=releases)
