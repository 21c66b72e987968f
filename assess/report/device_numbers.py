"""The numbers of a device that a report stands on, each with its grade and the place it was read in."""

from __future__ import annotations

from collections.abc import Iterator

from assess.clean import clean
from assess.describe.device import Device, Memory
from assess.describe.quantity import Sourced
from assess.units import format_quantity

GRADES = {"A": "vendor", "B": "press", "C": "community", "D": "derived", "R": "recalled"}


def device_numbers(device: Device) -> list[tuple[str, str, str, str]]:
    """What, how much, how well it is known, and where it was read, for every number of a device's profile."""
    return [
        (
            clean(name),
            format_quantity(number.value, number.unit),
            GRADES[number.grade],
            clean(_origin(device, number)),
        )
        for name, number in _numbers(device)
        if number is not None
    ]


def _numbers(device: Device) -> Iterator[tuple[str, Sourced | None]]:
    yield "power", device.power
    yield "storage", device.storage
    yield from _memory("memory", device.memory)
    yield from _memory("on-chip memory", device.on_chip)
    if device.on_chip is not None:
        yield "on-chip memory for weights", device.on_chip.weight_capacity
    for engine in device.engine:
        for peak in engine.peak:
            yield f"{engine.name} {peak.precision}, dense", peak.dense
            yield f"{engine.name} {peak.precision}, sparse (not used)", peak.sparse


def _memory(name: str, memory: Memory | None) -> Iterator[tuple[str, Sourced | None]]:
    if memory is not None:
        yield name, memory.capacity
        yield f"{name} kept by the system", memory.reserved
        yield f"{name} bandwidth", memory.bandwidth
        yield f"{name} bandwidth, measured", memory.measured_bandwidth


def _origin(device: Device, number: Sourced) -> str:
    where = device.sources[number.source].where
    return f"{where}: {number.note}" if number.note else where
