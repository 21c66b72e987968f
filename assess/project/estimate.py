"""A number with low, high, unit and basis: nothing else reaches the judge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Rung(IntEnum):
    """The ladder of evidence, weak to strong; TOLD is what a vendor's tool says of samples that it keeps to itself."""

    PROJECTED = 1
    TOLD = 2
    STATIC = 3
    MEASURED = 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known about one quantity on the device.

    Attributes:
        low: at least this, in `unit`.
        high: at most this; infinity where nothing bounds it from above.
        unit: base unit as in `assess.units`.
        rung: how strong the evidence is.
        basis: how it was got, one line.
        by: tool of a vendor that measured it; "" if `assess` did, or nothing was measured.
    """

    low: float
    high: float
    unit: str
    rung: Rung
    basis: str
    by: str = ""
