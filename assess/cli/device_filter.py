"""Which devices `assess list` shows, and which it leaves out because what was asked for is not published."""

from __future__ import annotations

import typing
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from assess.cli.options import choice
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.device import Device

Answer = Literal["yes", "no", "not known"]

_OPTIONS: Final = {
    "sector": "--sector",
    "least_bytes": "--min-memory",
    "precision": "--precision",
    "availability": "--availability",
    "vendor": "--vendor",
}


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """What a device must have to be listed, made by `device_filter`; None asks nothing.

    Attributes:
        sector: that it serves.
        least_bytes: capacity of the memory that models live in, at least.
        precision: that an engine has a peak in.
        availability: of it.
        vendor: part of its vendor's name.
    """

    sector: str | None
    least_bytes: float | None
    precision: str | None
    availability: str | None
    vendor: str | None

    @property
    def given(self) -> list[str]:
        """The options that ask something."""
        return [_OPTIONS[one.name] for one in fields(self) if getattr(self, one.name) is not None]

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
        memory = device.memory or device.on_chip
        if self.least_bytes is None:
            return "yes"
        return _of(memory.capacity.value >= self.least_bytes) if memory and memory.capacity else "not known"

    def _peak(self, device: Device) -> Answer:
        peaks = [peak.precision for engine in device.engine for peak in engine.peak]
        if self.precision is None or self.precision in peaks:
            return "yes"
        return "no" if peaks else "not known"


def device_filter(
    *,
    sector: str | None = None,
    min_memory: str | None = None,
    precision: str | None = None,
    availability: str | None = None,
    vendor: str | None = None,
) -> DeviceFilter:
    """A filter from the words of the command line.

    Raises:
        AssessError: no device can have one of them; the nearest that one can have is named.
    """
    from assess.describe.device import Device, Peak, Sector

    return DeviceFilter(
        _one_of(sector, Sector, "--sector"),
        None if min_memory is None else _bytes(min_memory),
        _one_of(precision, Peak.model_fields["precision"].annotation, "--precision"),
        _one_of(availability, Device.model_fields["availability"].annotation, "--availability"),
        vendor,
    )


def _one_of(word: str | None, words: Any, option: str) -> str | None:
    return None if word is None else choice(word, typing.get_args(words), option)


def _bytes(text: str) -> float:
    from assess.units import parse

    try:
        return parse(text, "B")
    except ValueError as error:
        raise AssessError(str(error), where="--min-memory") from error


def _of(fits: bool) -> Answer:
    return "yes" if fits else "no"
