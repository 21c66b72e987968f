"""A number with low, high, unit and basis: nothing else reaches the judge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Rung(IntEnum):
    """The ladder of evidence, weak to strong."""

    DECLARED = 1
    PROJECTED = 2
    STATIC = 3
    MEASURED = 4

    @property
    def text(self) -> str:
        """How a report names the rung."""
        return _TEXTS[self]


_TEXTS = {
    Rung.DECLARED: "declared",
    Rung.PROJECTED: "projected from the data sheet",
    Rung.STATIC: "read from the model file",
    Rung.MEASURED: "measured on the device",
}


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
