"""What gates of so many pairs can tell, computed from how far their pairs scatter; and how many gates would show it.

Of pairs that scatter normally around one change; tests/judge/gate/test_self_test.py simulates gates of such pairs.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from assess.project.binomial import at_most
from assess.project.lockstep import relative

#: The share of gates that "sees" and "proves" stand for.
SURE: Final = 0.95
#: A gate has no fewer pairs than this, and `--max-pairs` goes so far.
FEWEST_PAIRS: Final = 8
MOST_PAIRS: Final = 1000
#: Hodges and Lehmann's centre of normal differences scatters as if it were their mean of so many fewer: 3 / pi
#: (Hodges & Lehmann, Annals of Mathematical Statistics 34, 1963).
_EFFICIENCY: Final = 3.0 / math.pi
#: Of the normal distribution: one-sided 97.5 %, since two things must hold together in 95 %, what is said of the models
#: and what is said of the placebos.
_ONE_SIDED: Final = statistics.NormalDist().inv_cdf((1.0 + SURE) / 2.0)
#: An exact interval of n differences is wider than one of the normal distribution, since ranks are whole numbers: by
#: simulation 26 % at 10, 16 % at 16, 6 % at 40 (95th percentile of the half-width; the formula without it was 1.0).
_STEPS: Final = 2.6
#: A gate has one placebo for two pairs.
_PAIRS_TO_A_PLACEBO: Final = 2


def half_of_the_middle(numbers: Sequence[float]) -> float:
    """Half of the range of the middle 68.27 %: the standard deviation of normal numbers, whatever their outliers do."""
    ascending = sorted(numbers)
    tail = (1.0 - math.erf(math.sqrt(0.5))) / 2.0

    def at(share: float) -> float:
        position = share * (len(ascending) - 1)
        below = math.floor(position)
        above = min(below + 1, len(ascending) - 1)
        return ascending[below] + (position - below) * (ascending[above] - ascending[below])

    return (at(1.0 - tail) - at(tail)) / 2.0


def error_of_centre(scatter: float, pairs: int) -> float:
    """Standard error of the centre of so many pairs.

    Args:
        scatter: of one pair, as a logarithm.
        pairs: how many.
    """
    return scatter / math.sqrt(_EFFICIENCY * pairs)


def smallest_seen(scatter: float, pairs: int, margin: float, confidence: float) -> float:
    """The smallest slowdown, relative, that 95 % of gates call a REGRESSION at their last look.

    The centre must be beyond the margin and its interval above 0, and the centre scatters: whichever asks for more of
    ln(1 + margin) + 1.96 e and (z + 1.96) e, e being the standard error of the centre and z that of the interval.

    Args:
        scatter: of one pair, as a logarithm.
        pairs: of each gate.
        margin: slowdown that it allows, relative.
        confidence: of its interval, two-sided; z is 2.361 at 98.18 %.
    """
    error = error_of_centre(scatter, pairs)
    return relative(max(math.log1p(margin) + _ONE_SIDED * error, (_deviations(confidence) + _ONE_SIDED) * error))


def placebo_half_width(scatter: float, pairs: int, confidence: float) -> float:
    """How far, relative, the baseline against itself is known to in 95 % of gates: a margin below it makes them NOISY.

    The half-width of half as many placebos, z e, whose scatter is known from themselves alone: of one gate in forty it
    comes out larger by more than 1.96 / sqrt(2 (n - 1)) of itself; and wider by `_STEPS` / n.

    Args:
        scatter: of one pair, as a logarithm.
        pairs: of each gate.
        confidence: of its interval, two-sided.
    """
    placebos = max(2, -(-pairs // _PAIRS_TO_A_PLACEBO))
    luck = 1.0 + _ONE_SIDED / math.sqrt(2.0 * (placebos - 1))
    return relative(
        _deviations(confidence) * error_of_centre(scatter, placebos) * luck * (1.0 + _STEPS / placebos)
    )  # fmt: skip


def smallest_margin(scatter: float, pairs: int, confidence: float) -> float:
    """The smallest margin, relative, that 95 % of gates of an unchanged model prove at their last look.

    Two things must fit into it: the upper end of the interval, (z + 1.96) e, wider by `_STEPS` / n; and the half-width
    of the placebos.

    Args:
        scatter: of one pair, as a logarithm.
        pairs: of each gate.
        confidence: of its interval, two-sided.
    """
    error = error_of_centre(scatter, pairs)
    upper_end = relative((_deviations(confidence) + _ONE_SIDED) * error * (1.0 + _STEPS / pairs))
    return max(upper_end, placebo_half_width(scatter, pairs, confidence))


def pairs_needed(scatter: float, margin: float, confidence: float) -> int | None:
    """The fewest pairs with which 95 % of gates of an unchanged model prove the margin; None if 1000 are too few.

    Args:
        scatter: of one pair, as a logarithm.
        margin: relative.
        confidence: of the interval, two-sided.
    """
    counts = range(FEWEST_PAIRS, MOST_PAIRS + 1)
    return next((pairs for pairs in counts if smallest_margin(scatter, pairs, confidence) <= margin), None)


def gates_needed(wrong: int, rate: float) -> int:
    """The fewest gates of which so many may be wrong, and fewer than `rate` of all are still shown to be, at 95 %.

    Clopper and Pearson: none of 59 shows fewer than 5 %, none of 119 fewer than 2.5 %.
    """
    low, high = wrong, wrong + 1
    while at_most(wrong, high, rate) > 1.0 - SURE:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(wrong, middle, rate) > 1.0 - SURE else (low, middle)
    return high


def _deviations(confidence: float) -> float:
    """Standard deviations to each side that hold a normal number with this confidence."""
    return statistics.NormalDist().inv_cdf((1.0 + confidence) / 2.0)
