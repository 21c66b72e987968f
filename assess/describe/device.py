"""What a device offers, in one power mode: engines, memories, runtimes; every number with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from assess.describe.device_checks import device_contradictions, sources_missing
from assess.describe.model import Precision
from assess.describe.positions import Path as KeyPath
from assess.describe.quantity import Authored, SourcedBytes, SourcedOps, SourcedRate, SourcedWatts, Text
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
        default=None, description="With structured sparsity, kept apart; never projected with."
    )


class Engine(Authored):
    """One compute engine; one model instance runs on one of them."""

    name: Text
    kind: Literal["cpu", "gpu", "npu", "dla", "dsp"]
    peak: tuple[Peak, ...] = ()

    def dense(self, precision: str) -> SourcedOps | None:
        """The dense peak in `precision`, if it is published."""
        return next((peak.dense for peak in self.peak if peak.precision == precision), None)


class Memory(Authored):
    """One memory that models live in."""

    kind: Literal["dram", "unified", "on-chip"] = Field(description="unified: CPU and accelerators share it.")
    capacity: SourcedBytes | None = None
    reserved: SourcedBytes | None = Field(default=None, description="What the system keeps for itself.")
    bandwidth: SourcedRate | None = Field(default=None, description="Peak, from width and rate.")
    measured_bandwidth: SourcedRate | None = Field(default=None, description="What was really reached.")


class DeviceRuntime(Authored):
    """A runtime that this device runs models with."""

    id: str = Field(description="A file in profiles/runtimes.")
    engine: str = Field(description="Name of the engine it runs on.")


class Device(Authored):
    """A device in one power mode.

    `id` is the file's name; `runtimes` are the files that [[runtime]] names, in the same order; `fallbacks` are the
    runtimes that those fall back to, by id.
    """

    id: str = ""
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
