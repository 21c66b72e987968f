"""A number with low, high, unit and basis: nothing else reaches the judge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Rung(IntEnum):
    """The ladder of evidence, weak to strong."""

    PROJECTED = 1
    STATIC = 2
    MEASURED = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known about one quantity on the device.

    Attributes:
        low: at least this, in `unit`.
        high: at most this; infinity where nothing bounds it from above.
        unit: base unit as in `assess.units`.
        rung: how strong the evidence is.
        basis: how it was got, one line.
    """

    low: float
    high: float
    unit: str
    rung: Rung
    basis: str
