"""Scenario: one inference after the other; the number that results is the service time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assess.measure.scenarios.scenario import Scenario


def single(_: Mapping[str, Any]) -> Scenario:
    """A closed loop."""
    return Scenario()
