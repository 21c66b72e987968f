"""E-divisive (Matteson & James, JASA 109, 2014): where two parts of a series differ most, and whether by chance.

The statistic is the energy distance of both parts, which needs no distribution; the split that it is largest at is
searched by ruptures (binary segmentation) with that statistic as its cost; it is kept if no shuffling of the same runs
has one as large. Each part is then searched in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from ruptures.base import BaseCost
from ruptures.detection import Binseg

Array = np.ndarray[Any, np.dtype[np.float64]]

#: Shufflings that must all split worse, so that an unchanged series is split once in a hundred times.
_SHUFFLES: Final = 99
#: Of shufflings: the same series has the same levels each time.
_SEED: Final = 20261129
#: Sums in another order differ by so much, relative.
_ROUNDING: Final = 1e-9


class _Energy(BaseCost):  # type: ignore[misc]  # ruptures has no types.
    """Distances within a part, each pair twice, divided by its runs.

    What is gained by a split in two is then n m / (n + m) times the energy distance of both parts, e-divisive's
    statistic with its exponent of 1.
    """

    model = "energy"
    min_size = 1

    def fit(self, signal: Array) -> _Energy:
        """Sum up the distances of all pairs, so that those of a part are four look-ups."""
        self.signal = signal
        distances = np.abs(signal[:, None] - signal[None, :])
        self._sums = np.zeros((len(signal) + 1, len(signal) + 1))
        self._sums[1:, 1:] = distances.cumsum(axis=0).cumsum(axis=1)
        return self

    def error(self, start: int, end: int) -> float:
        """The cost of a part."""
        sums = self._sums
        within = sums[end, end] - 2.0 * sums[start, end] + sums[start, start]
        return float(within) / (end - start)


def change_points(values: Sequence[float], *, least: int) -> list[int]:
    """Indices, ascending, at which another level begins.

    Args:
        values: oldest first.
        least: values that a level has at least.
    """
    series = np.asarray(values, dtype=np.float64)
    search = Binseg(custom_cost=_Energy(), min_size=least, jump=1).fit(series)
    draw = np.random.default_rng(_SEED)
    found: list[int] = []
    parts = [(0, len(values))]
    while parts:
        start, end = parts.pop()
        split, gain = search.single_bkp(start, end)
        if split is None or gain <= 0.0 or _by_chance(series[start:end], gain, least, draw):
            continue
        found.append(split)
        parts += [(split, end), (start, split)]
    return sorted(found)


def _by_chance(part: Array, gain: float, least: int, draw: np.random.Generator) -> bool:
    """Whether the same runs in another order are split as well: what `_Energy` tells, for every split at once."""
    count = len(part)
    left = np.arange(least, count - least + 1)  # Runs before the split.
    earlier, distances = np.tri(count), np.empty((count, count))
    to_all = np.abs(part[:, None] - part[None, :]).sum(axis=1)
    for _ in range(_SHUFFLES):
        order = draw.permutation(count)
        shuffled = part[order]
        np.abs(np.subtract.outer(shuffled, shuffled, out=distances), out=distances)
        within_left = 2.0 * np.einsum("ij,ij->i", distances, earlier).cumsum()[left - 1]
        from_left = to_all[order].cumsum()
        within_right = from_left[-1] - 2.0 * from_left[left - 1] + within_left
        gains = from_left[-1] / count - within_left / left - within_right / (count - left)
        if gains.max() >= gain * (1.0 - _ROUNDING):
            return True
    return False
