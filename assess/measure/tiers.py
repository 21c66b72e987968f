"""How much is measured: five tiers, from a smoke test to heat in equilibrium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier.

    Attributes:
        name: as it is asked for.
        summary: what it is good for, one line.
        timed_s: timed span, at least.
        count: frames, at least; 0 where the job's percentile decides.
        passes: what else is run, each in a process of its own.
    """

    name: str
    summary: str
    timed_s: float
    count: int
    passes: tuple[str, ...]


_ALL: Final = ("floor", "start", "outputs", "memory", "profile")

#: Counts are MLPerf LoadGen's floors of p90, p99 and p99.9 with one frame discarded (64, 662, 6,636). Spans leave room
#: for the other passes, so that the whole takes about 5, 30 and 120 s; at the rate of a slow sensor counts take longer.
TIERS: Final = (
    Tier("smoke", "does it run, and about how fast: about 5 s", 1.5, 64, ("floor",)),
    Tier("quick", "p99 with confidence: about 30 s", 15.0, 662, ("floor", "start", "outputs")),
    Tier("standard", "p99.9 with confidence, and every pass: about 2 min", 75.0, 6_636, _ALL),
    Tier("certify", "as long as a certificate of the job's percentile needs, 1 min at least", 60.0, 0, _ALL),
    # Three equal minutes may come before a heavy board is warm: ten at least.
    Tier("sustained", "until heat and latency have settled: 10 to 30 min", 600.0, 662, _ALL),
)
SMOKE, QUICK, STANDARD, CERTIFY, SUSTAINED = TIERS

#: The sustained tier ends here even if nothing has settled.
SUSTAINED_LIMIT_S: Final = 1800.0


def tier(name: str) -> Tier:
    """The tier of a name.

    Raises:
        KeyError: there is none.
    """
    return {each.name: each for each in TIERS}[name]
