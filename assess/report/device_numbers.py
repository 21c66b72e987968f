"""The numbers of a device's profile: which of them verdicts stand on, how well each is known, and where it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assess.clean import clean
from assess.describe.device import Device, Memory
from assess.describe.quantity import Sourced
from assess.units import format_quantity

GRADES = {"A": "vendor", "B": "press", "C": "community", "D": "derived", "R": "recalled"}


@dataclass(frozen=True, slots=True)
class DeviceNumber:
    """A number of a device's profile, in words.

    Attributes:
        name: what it is.
        value: with its unit.
        grade: how well it is known, as `GRADES` has it.
        where: it was read, with its note.
        decides: whether verdicts stand on it; the others only explain or check.
    """

    name: str
    value: str
    grade: str
    where: str
    decides: bool


def device_numbers(device: Device) -> list[DeviceNumber]:
    """Every number of a device's profile, in the file's order."""
    return [
        DeviceNumber(
            clean(name),
            format_quantity(number.value, number.unit),
            GRADES[number.grade],
            clean(_origin(device, number)),
            decides,
        )
        for name, number, decides in _numbers(device)
        if number is not None
    ]


def deciding_rows(device: Device) -> tuple[tuple[str, str, str, str], ...]:
    """Of each number that verdicts stand on: what, how much, how well it is known, and where it was read."""
    numbers = (number for number in device_numbers(device) if number.decides)
    return tuple((number.name, number.value, number.grade, number.where) for number in numbers)


def _numbers(device: Device) -> Iterator[tuple[str, Sourced | None, bool]]:
    """Name, number, and whether a criterion or the roofline reads it."""
    yield "power", device.power, False
    yield "storage", device.storage, True
    yield from _memory("memory", device.memory, reads_weights=True)
    yield from _memory("on-chip memory", device.on_chip, reads_weights=device.memory is None)
    if device.on_chip is not None:
        yield "on-chip memory for weights", device.on_chip.weight_capacity, True
        yield "link for streamed weights", device.on_chip.host_link, device.memory is None
    for engine in device.engine:
        yield f"{engine.name} count", engine.count, False
        yield f"{engine.name} units", engine.units, False
        yield f"{engine.name} clock", engine.clock, False
        for peak in engine.peak:
            yield f"{engine.name} {peak.precision}, dense", peak.dense, True
            yield f"{engine.name} {peak.precision}, sparse", peak.sparse, False
            yield f"{engine.name} {peak.precision}, measured", peak.measured, False
            yield f"{engine.name} {peak.precision}, operations per clock", peak.operations_per_clock, False
    for binding in device.runtime:
        yield f"{binding.id} on {binding.engine}, dispatch", binding.dispatch, False
    if device.thermal:
        yield f"lowest {device.thermal.of} temperature", device.thermal.low, False
        yield f"highest {device.thermal.of} temperature", device.thermal.high, False


def _memory(name: str, memory: Memory | None, *, reads_weights: bool) -> Iterator[tuple[str, Sourced | None, bool]]:
    if memory is not None:
        yield name, memory.capacity, True
        yield f"{name} kept by the system", memory.reserved, True
        yield f"{name} width", memory.width, False
        yield f"{name} rate", memory.rate, False
        yield f"{name} bandwidth", memory.bandwidth, reads_weights
        yield f"{name} bandwidth, measured", memory.measured_bandwidth, False


def _origin(device: Device, number: Sourced) -> str:
    where = device.sources[number.source].where
    return f"{where}: {number.note}" if number.note else where
