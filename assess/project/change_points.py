"""Levels of a series of numbers, and the runs at which they change: e-divisive, without a threshold to be chosen."""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

#: Of so many runs, the last ones, levels are searched for: the search grows with the square of their number, and what
#: was a year ago explains nothing of today.
MOST: Final = 500
#: Runs that a level has at least: two that are slow in succession are no rarity on a machine that is not idle.
LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class Level:
    """Runs between two changes.

    Attributes:
        first: index of its first run.
        last: index of its last run.
        median: of its values.
        change: of the median against the level before, relative; None for the first level, or after one of nothing.
    """

    first: int
    last: int
    median: float
    change: float | None


def obstacle() -> str:
    """Why levels of measured values cannot be searched for here; "" if they can."""
    if importlib.util.find_spec("ruptures") is None:
        return 'ruptures is not installed: pip install "assess[history]"'
    return ""


def levels(values: Sequence[float], *, exact: bool = False) -> tuple[Level, ...]:
    """The levels of the values, in order; one of an unchanged series, none of no values.

    Args:
        values: oldest first; at most `MOST`.
        exact: whether they have no noise: then each value that differs from the one before begins a level.

    Raises:
        ValueError: there are more than `MOST`.
    """
    if len(values) > MOST:
        raise ValueError(f"{len(values)} values are more than {MOST}")
    if not values:
        return ()
    if exact:
        changes = [index for index, (before, after) in enumerate(pairwise(values), 1) if before != after]
    elif len(values) < 2 * LEAST or min(values) == max(values):
        changes = []
    else:
        from assess.project.divisive import change_points  # Takes a second to import.

        changes = change_points(values, least=LEAST)
    ends = [0, *changes, len(values)]
    medians = [statistics.median(values[first:end]) for first, end in pairwise(ends)]
    against = [None, *medians]
    return tuple(
        Level(first, end - 1, median, median / before - 1.0 if before else None)
        for (first, end), median, before in zip(pairwise(ends), medians, against, strict=False)
    )
