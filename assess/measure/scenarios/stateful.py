"""Scenario: outputs are fed back as the next frame's inputs, as a recurrent policy needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assess.measure.scenarios.periodic import at_rate_if_any
from assess.measure.scenarios.scenario import Scenario


def stateful(asked: Mapping[str, Any]) -> Scenario:
    """Feeds back the "states" (output to input); periodic where the job has a rate."""
    return Scenario(releases=at_rate_if_any(asked), states=asked["states"])
