"""What a scenario says about driving a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple


class Scenario(NamedTuple):
    """How the timed pass drives a model.

    Attributes:
        releases: given the clock at the beginning, the instants at which frames are released, ascending; None for a
            closed loop: the next inference starts when the last has ended.
        enough: told the clock at the end and the service time of each frame, whether the run may end; None: the
            minima of the plan decide alone.
        states: outputs (keys) that are fed back to inputs (values).
    """

    releases: Callable[[int], Iterator[int]] | None = None
    enough: Callable[[int, int], bool] | None = None
    states: Mapping[str, str] = {}
