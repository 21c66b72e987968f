"""Which devices `assess list` shows, and which it leaves out because what was asked for is not published."""

from __future__ import annotations

import typing
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.device import Device

Answer = Literal["yes", "no", "not known"]

_OPTIONS: Final = {
    "sector": "--sector",
    "min_memory": "--min-memory",
    "precision": "--precision",
    "availability": "--availability",
    "vendor": "--vendor",
}


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """What a device must have to be listed; None asks nothing.

    Attributes:
        sector: that it serves.
        min_memory: capacity of the memory that models live in, at least, as "8 GiB".
        precision: that an engine has a peak in.
        availability: of it.
        vendor: part of its vendor's name.
    """

    sector: str | None = None
    min_memory: str | None = None
    precision: str | None = None
    availability: str | None = None
    vendor: str | None = None

    @property
    def given(self) -> list[str]:
        """The options that ask something."""
        return [_OPTIONS[one.name] for one in fields(self) if getattr(self, one.name) is not None]

    def check(self) -> None:
        """Refuse words that no device can have.

        Raises:
            AssessError: with the nearest word that one can have.
        """
        from assess.describe.device import Device, Peak, Sector
        from assess.describe.suggestions import did_you_mean

        allowed: dict[str, Any] = {
            "sector": Sector,
            "precision": Peak.model_fields["precision"].annotation,
            "availability": Device.model_fields["availability"].annotation,
        }
        for name, words in allowed.items():
            given, known = getattr(self, name), typing.get_args(words)
            if given is not None and given not in known:
                raise AssessError(
                    f"there is no {name} {given!r}", where=_OPTIONS[name], hint=did_you_mean(given, known)
                )
        self._least_bytes()

    def takes(self, device: Device) -> Answer:
        """Whether a device is listed."""
        answers = [
            _of(self.sector is None or self.sector in device.sectors),
            _of(self.availability in (None, device.availability)),
            _of(self.vendor is None or self.vendor.casefold() in device.vendor.casefold()),
            self._memory(device),
            self._peak(device),
        ]
        return "no" if "no" in answers else "not known" if "not known" in answers else "yes"

    def _memory(self, device: Device) -> Answer:
        least = self._least_bytes()
        memory = device.memory or device.on_chip
        if least is None or (memory and memory.capacity and memory.capacity.value >= least):
            return "yes"
        return "no" if memory and memory.capacity else "not known"

    def _peak(self, device: Device) -> Answer:
        peaks = [peak.precision for engine in device.engine for peak in engine.peak]
        if self.precision is None or self.precision in peaks:
            return "yes"
        return "no" if peaks else "not known"

    def _least_bytes(self) -> float | None:
        from assess.units import parse

        try:
            return None if self.min_memory is None else parse(self.min_memory, "B")
        except ValueError as error:
            raise AssessError(str(error), where="--min-memory") from error


def _of(fits: bool) -> Answer:
    return "yes" if fits else "no"
