"""The arithmetic of a calibration: from medians of rounds to figures with a range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from assess.measure.passes.calibration import FEWEST_ROUNDS, Trial
from assess.units import Unit

#: Rounds that differ by more than this from the lowest to the highest were disturbed: on a quiet machine they are
#: within a few percent.
NOISY: Final = 0.15
#: That the range of a figure holds the median that many more rounds would have.
_CONFIDENCE: Final = 0.95
#: Threads that wait longer, as a share of the time, did not have the machine for themselves; on a quiet one they wait
#: for half a percent.
_WAITED: Final = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that was measured in several rounds.

    Attributes:
        value: median of the rounds.
        low: such that the range holds the true median with 95 % confidence; the lowest round if there are fewer than 6.
        high: its other end.
        unit: as in `assess.units`: "op/s", "B/s" or "s".
        rounds: how many there were.
        method: how it was measured, in words.
        waited_share: of the time of all figures that were measured in one go, that threads were ready to run but had no
            CPU; None if the system does not tell.
    """

    value: float
    low: float
    high: float
    unit: Unit
    rounds: int
    method: str
    waited_share: float | None = None

    @property
    def spread(self) -> float:
        """By how much the high end exceeds the low one, as a share of the low one."""
        return self.high / self.low - 1

    @property
    def why_noisy(self) -> str:
        """Why the figure is not to be relied on as it is; "" if it is."""
        reasons = []
        if self.rounds < FEWEST_ROUNDS:
            reasons.append(f"only {self.rounds} of at least {FEWEST_ROUNDS} rounds fitted into the time")
        elif self.spread > NOISY:
            reasons.append(f"rounds differ by {self.spread:.0%}, more than {NOISY:.0%}: something disturbed the host")
        if self.waited_share is not None and self.waited_share > _WAITED:
            reasons.append(
                f"threads had to wait for a CPU in {self.waited_share:.0%} of the time, more than {_WAITED:.0%}: "
                "others were running"
            )
        return "; ".join(reasons)


def median_range(values: Sequence[float]) -> tuple[float, float]:
    """Two of the values between which the true median is with 95 % confidence, whatever the distribution.

    As many values as fall below the true median are above it: their count is binomial. The two ends are as far in as
    the confidence allows: the second of 9 from either side; the lowest and the highest of up to 8.
    """
    ascending, count = sorted(values), len(values)
    outside, rank = 0, 0
    while 2 * (outside := outside + math.comb(count, rank)) <= (1 - _CONFIDENCE) * 2**count:
        rank += 1
    rank = max(rank, 1)
    return ascending[rank - 1], ascending[count - rank]


def rate(trial: Trial, unit: Unit, method: str, waited_share: float | None = None) -> Figure:
    """Work per second."""
    per_s = [trial.work / ns * 1e9 for ns in trial.round_ns]
    return Figure(median(per_s), *median_range(per_s), unit, len(per_s), method, waited_share)


def best(trials: Sequence[Trial]) -> Trial:
    """The trial with the highest median rate: the peak that was reached and held."""
    return max(trials, key=lambda trial: trial.work / median(trial.round_ns))


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Intercept and slope of y over x by least squares of the relative deviation.

    Noise is a share of the time it comes with: without the weights 1 / y² the longest chain alone would decide what a
    call costs.

    Args:
        points: (x, y) with at least two x and positive y.
    """
    weights = [1 / y**2 for _, y in points]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    along = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, points, strict=True))
    slope = along / sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    return mean_y - slope * mean_x, slope


def dispatch(
    chains: Sequence[Trial], method: str, waited_share: float | None = None
) -> tuple[Figure | str, Figure | str]:
    """Seconds per call and seconds per operator, from chains of several lengths; or why either is not known."""
    rounds = min(len(chain.round_ns) for chain in chains)
    if len({chain.work for chain in chains}) < 2:
        why = "chains of two lengths at least are needed"
        return why, why
    fits = [line([(chain.work, chain.round_ns[index] * 1e-9) for chain in chains]) for index in range(rounds)]
    value = line([(chain.work, median(chain.round_ns) * 1e-9) for chain in chains])
    words = ("a call that runs no operator", "an operator more")
    found: list[Figure | str] = []
    for which, name in enumerate(words):
        lowest, highest = median_range([fit[which] for fit in fits])
        if lowest <= 0:
            found.append(f"the times of the chains grow such that {name} would take no time: noise")
        else:
            # Medians over rounds first, then the line, is not the median of the lines: it may be just outside.
            low, high = min(lowest, value[which]), max(highest, value[which])
            found.append(Figure(value[which], low, high, "s", rounds, f"{method}; {name}", waited_share))
    return found[0], found[1]
