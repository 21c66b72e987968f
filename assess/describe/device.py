"""What a device offers, in one power mode: engines, memories, runtimes; every number with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from assess.describe.device_checks import device_contradictions, sources_missing
from assess.describe.model import Precision
from assess.describe.positions import Path as KeyPath
from assess.describe.quantity import (
    Authored,
    Grade,
    SourcedBytes,
    SourcedCount,
    SourcedHertz,
    SourcedOps,
    SourcedRate,
    SourcedSeconds,
    SourcedTemperature,
    SourcedTransfers,
    SourcedWatts,
    SourcedWidth,
    Text,
)
from assess.describe.runtime import Runtime

Sector = Literal[
    "automotive", "robotics", "gaming", "semiconductor", "imaging", "telecom", "enterprise", "industry",
]  # fmt: skip


class Source(Authored):
    """Where numbers were read."""

    where: Text = Field(description="Address, repository and commit, or document.")
    what: str = Field(default="", description="What it is.")


class Identity(Authored):
    """What a host must report to be this device; a measurement from any other host is a proxy's.

    Every key that is given must match one of its values exactly.
    """

    board: tuple[str, ...] = Field(default=(), description="Device-tree model or DMI product name.")
    cpu: tuple[str, ...] = Field(default=(), description="CPU model name.")
    power_mode: tuple[str, ...] = Field(default=(), description="Name of the power mode as the board reports it.")


class Peak(Authored):
    """The most operations per second that an engine does in one precision."""

    precision: Precision
    dense: SourcedOps | None = Field(default=None, description="Without sparsity: the only comparable number.")
    sparse: SourcedOps | None = Field(
        default=None, description="With sparse weights, kept apart; never projected with."
    )
    sparsity: Literal["2:4", "unstructured"] = Field(
        default="2:4", description="What the sparse peak needs. 2:4, which hardware mostly has, doubles the dense one."
    )
    operations_per_clock: SourcedCount | None = Field(
        default=None, description="Dense operations that one of the engine's units does in one clock."
    )
    measured: SourcedOps | None = Field(default=None, description="What was really reached; never more than the peak.")


class Engine(Authored):
    """One compute engine; one model instance runs on one of them."""

    name: Text = Field(description="A word of your own; [[runtime]] refers to it.")
    kind: Literal["cpu", "gpu", "npu", "dla", "dsp"]
    count: SourcedCount | None = Field(
        default=None, description="How many of it there are; all else that is said here is said of one."
    )
    units: SourcedCount | None = Field(
        default=None, description="Cores, multiprocessors or arrays that work in parallel in one of it."
    )
    clock: SourcedHertz | None = Field(default=None, description="Of its units, in this power mode.")
    peak: tuple[Peak, ...] = Field(default=(), description="One for each precision.")

    def dense(self, precision: str) -> SourcedOps | None:
        """The dense peak in `precision`, if it is published."""
        return next((peak.dense for peak in self.peak if peak.precision == precision), None)


class Memory(Authored):
    """One memory that models live in."""

    kind: Literal["dram", "unified", "on-chip"] = Field(description="unified: CPU and accelerators share it.")
    capacity: SourcedBytes | None = None
    reserved: SourcedBytes | None = Field(default=None, description="What the system keeps for itself.")
    width: SourcedWidth | None = Field(default=None, description="Of its bus.")
    rate: SourcedTransfers | None = Field(default=None, description="Transfers per second; DDR does two in a clock.")
    bandwidth: SourcedRate | None = Field(default=None, description="Peak: width / 8 x rate.")
    measured_bandwidth: SourcedRate | None = Field(default=None, description="What was really reached.")


class DeviceRuntime(Authored):
    """A runtime that this device runs models with."""

    id: str = Field(description="A file in profiles/runtimes.")
    engine: str = Field(description="Name of the engine it runs on.")
    dispatch: SourcedSeconds | None = Field(
        default=None, description="What handing one operator to the engine costs, beside the operator's own time."
    )


class Thermal(Authored):
    """The temperatures that the device is made for."""

    of: Literal["ambient", "case", "junction"] = Field(description="Where they are measured.")
    low: SourcedTemperature | None = None
    high: SourcedTemperature | None = None


class Qualification(Authored):
    """A standard that the device, as its vendor says, is qualified to."""

    id: str = Field(description="A file in profiles/standards.")
    level: Text = Field(description='What is claimed, such as "grade 2" or "ASIL B".')
    source: str = Field(description="Key of the file's [sources] table.")
    grade: Grade = Field(description="A vendor, B press, C community, D derived, R recalled.")
    note: str = Field(default="", description="What the claim holds for.")


class Device(Authored):
    """A device in one power mode.

    `id` is the file's name; `runtimes` are the files that [[runtime]] names, in the same order; `fallbacks` are the
    runtimes that those fall back to, by id.
    """

    id: str = ""
    extends: str = Field(
        default="",
        description="Id of the device that this is a variant of: what is not said here is as there. In another power "
        "mode no clock, peak, power or bandwidth is taken over.",
    )
    name: Text
    vendor: Text
    summary: str = ""
    sectors: tuple[Sector, ...] = Field(min_length=1)
    availability: Literal["shipping", "announced", "closed-sdk"] = Field(
        description="announced: cannot be bought yet; closed-sdk: ONNX Runtime cannot be run on it by the public."
    )
    power_mode: str = Field(default="", description="The mode all numbers hold in; empty if the device has one only.")
    power: SourcedWatts | None = None
    sources: dict[str, Source]
    identity: Identity | None = None
    engine: tuple[Engine, ...] = ()
    memory: Memory | None = Field(default=None, description="Main memory; absent where there is on-chip memory only.")
    on_chip: Memory | None = Field(default=None, description="On-chip memory that weights and activations must share.")
    thermal: Thermal | None = None
    standard: tuple[Qualification, ...] = ()
    storage: SourcedBytes | None = Field(default=None, description="Non-volatile memory for models.")
    runtime: tuple[DeviceRuntime, ...] = Field(default=(), description="In order of preference.")
    runtimes: tuple[Runtime, ...] = Field(default=(), exclude=True)
    fallbacks: dict[str, Runtime] = Field(default={}, exclude=True)

    @classmethod
    def contradictions(cls, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
        """What does not agree with the rest of a device's file: the key's path and why."""
        yield from sources_missing(mapping)
        yield from device_contradictions(mapping)

    def engine_of(self, runtime: DeviceRuntime) -> Engine:
        """The engine that a runtime runs on."""
        return next(engine for engine in self.engine if engine.name == runtime.engine)
