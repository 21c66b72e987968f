"""Binomial tails, and what is counted back from them: the one thing that every bound of this tool stands on."""

from __future__ import annotations

import math

#: Confidence of each bound; the constant of MLPerf LoadGen's early stopping (loadgen/early_stopping.cc, tolerance 0),
#: so that the numbers of samples needed are the field's: 459 for p99, 4,603 for p99.9. No option: nobody weakens it.
CONFIDENCE = 0.99
#: How often a bound may be wrong.
_ALPHA = 1.0 - CONFIDENCE
#: That many standard deviations below the mean lies the 1 % point of a normal distribution.
_Z = 2.3263
#: Terms below this share of their sum no longer change it.
_TINY = 1e-17


def at_most(count: int, trials: int, probability: float) -> float:
    """P(at most `count` of `trials` succeed), each with `probability`, independently.

    The terms are summed from `count` outwards, away from the mode, until they no longer matter: a few standard
    deviations of them, however many trials. The first one stands on lgamma: at 10 million trials good to 1e-7.
    """
    if count < 0:
        return 0.0
    if count >= trials or probability <= 0.0:
        return 1.0
    if probability >= 1.0:
        return 0.0
    if count > trials * probability:
        # Counted as failures, the upper tail is a lower one.
        return 1.0 - _lower(trials - count - 1, trials, 1.0 - probability)
    return _lower(count, trials, probability)


def _lower(count: int, trials: int, probability: float) -> float:
    """The same where `count` is not above the mode, so that each term is smaller than the one before."""
    odds = (1.0 - probability) / probability
    term = total = _exactly(count, trials, probability)
    for successes in range(count, 0, -1):
        term *= successes * odds / (trials - successes + 1)
        total += term
        if term < _TINY * total:
            break
    return total


def _exactly(count: int, trials: int, probability: float) -> float:
    """P(exactly `count` succeed), through logarithms so that no factorial overflows."""
    ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    return math.exp(ways + count * math.log(probability) + (trials - count) * math.log1p(-probability))


def allowed(trials: int, rate: float) -> int | None:
    """Most successes among `trials` that still show, with 99 % confidence, that the rate is below `rate`.

    The budget of misses in a run of that many frames: 77 at p99.9 in 100,000. None where not even 0 would show it.
    """
    spread = math.sqrt(trials * rate * (1.0 - rate))
    # Cornish and Fisher's second term: the guess is seldom off by more than one.
    count = max(0, math.floor(trials * rate - _Z * spread + (1.0 - 2.0 * rate) * (_Z * _Z - 1.0) / 6.0 - 0.5))
    while count >= 0 and at_most(count, trials, rate) > _ALPHA:
        count -= 1
    if count < 0:
        return None
    while at_most(count + 1, trials, rate) <= _ALPHA:
        count += 1
    return count


def trials_needed(successes: int, rate: float) -> int:
    """Fewest trials of which `successes` may succeed and the rate is still shown to be below `rate`.

    LoadGen's h_min(t) + t. For a rate of 1 %: 459 with none, 662 with one.
    """
    low, high = successes, math.ceil((successes + 1) * 10.0 / rate)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at_most(successes, middle, rate) <= _ALPHA else (middle, high)
    return high


def rate_bound(successes: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Upper bound of the rate after `successes` of `trials` (Clopper and Pearson, one-sided).

    1.0 where there were no trials: nothing is known.

    Args:
        successes: what was counted.
        trials: of so many.
        confidence: 0 to 1. Certificates have the default; where few trials can be had, 95 % is said beside the bound.
    """
    if successes >= trials:
        return 1.0
    low, high = successes / trials, 1.0
    # 60 halvings leave less than a double can tell; the upper end is kept, so that the bound holds.
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if at_most(successes, trials, middle) > 1.0 - confidence else (low, middle)
    return high
