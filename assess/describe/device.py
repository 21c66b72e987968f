"""What a device offers, in one power mode: engines, memories, runtimes; every number with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from assess.describe.device_checks import device_contradictions, sources_missing
from assess.describe.model import Precision
from assess.describe.one_mode import OF_ONE_MODE
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Said
from assess.describe.quantity import (
    GRADE_LEGEND,
    Authored,
    Grade,
    SourcedBandwidth,
    SourcedBytes,
    SourcedCount,
    SourcedHertz,
    SourcedOps,
    SourcedSeconds,
    SourcedTemperature,
    SourcedTransferRate,
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

    where: Text = Field(description="Address, repository and commit, or document with revision and table.")
    what: str = Field(default="", description="What was read there.")


class Identity(Authored):
    """What a host must report to be this device; a measurement from any other host is a proxy's.

    Every key that is given must match one of its values exactly.
    """

    board: tuple[Text, ...] = Field(
        default=(), description="Name of the board: `cat /proc/device-tree/model`, or /sys/class/dmi/id/product_name."
    )
    cpu: tuple[Text, ...] = Field(default=(), description="CPU's model name, where the board has no name: `lscpu`.")
    power_mode: Annotated[tuple[Text, ...], OF_ONE_MODE] = Field(
        default=(), description="Name of the power mode as the board reports it: `nvpmodel -q` on a Jetson."
    )


class Peak(Authored):
    """The most operations per second that an engine does in one precision."""

    precision: Precision = Field(description="Format of the numbers that are multiplied; one peak for each.")
    dense: SourcedOps | None = Field(
        default=None,
        description="Without sparsity, the only comparable number. Data sheet: TOPS or TFLOPS; a headline may be the "
        "sparse one, or add up engines. 1 multiply-accumulate is 2 operations.",
    )
    sparse: SourcedOps | None = Field(
        default=None,
        description='With sparse weights, kept apart, never projected with. Data sheet: "sparse", "with sparsity".',
    )
    sparsity: Literal["2:4", "unstructured"] = Field(
        default="2:4",
        description="What the sparse peak needs. 2:4, which hardware mostly has, doubles the dense one: then it is "
        "checked.",
    )
    operations_per_clock: SourcedCount | None = Field(
        default=None,
        description="Dense operations that one of the engine's units does in one clock: architecture white paper. "
        "With units and clock it makes the dense peak: then it is checked.",
    )
    measured: SourcedOps | None = Field(
        default=None,
        description="What was really reached, never more than the peak: `assess profile new device --from-here`, or "
        "a benchmark of matrix products on the board.",
    )


class Engine(Authored):
    """One compute engine; one model instance runs on one of them."""

    name: Text = Field(description="A word of your own; [[runtime]] refers to it.")
    kind: Literal["cpu", "gpu", "npu", "dla", "dsp"] = Field(
        description="What it is: npu and dla run networks only; a dla is one that a GPU's runtime shares its work with."
    )
    count: SourcedCount | None = Field(
        default=None,
        description='How many of it there are; all else that is said here is said of one. Data sheet: "2 x NVDLA".',
    )
    units: Annotated[SourcedCount | None, OF_ONE_MODE] = Field(
        default=None,
        description="Cores, multiprocessors or arrays that work in parallel in one of it: block diagram of the data "
        "sheet.",
    )
    clock: Annotated[SourcedHertz | None, OF_ONE_MODE] = Field(
        default=None,
        description="Of its units, at most, in this power mode: data sheet; cpufreq or devfreq below /sys on the "
        "board.",
    )
    peak: Annotated[tuple[Peak, ...], OF_ONE_MODE] = Field(
        default=(), description="One for each precision that models come in, float ones too."
    )

    def dense(self, precision: str) -> SourcedOps | None:
        """The dense peak in `precision`, if it is published."""
        return next((peak.dense for peak in self.peak if peak.precision == precision), None)


class Memory(Authored):
    """One memory that models live in."""

    kind: Literal["dram", "unified", "on-chip"] = Field(
        description="dram: the engine's own or the system's; unified: CPU and accelerators share it; on-chip: see "
        "[on_chip]."
    )
    capacity: SourcedBytes | None = Field(
        default=None, description="All of it, the system's part included: data sheet, or the board's kernel log."
    )
    reserved: SourcedBytes | None = Field(
        default=None,
        description="What the system keeps for itself: capacity less MemTotal of /proc/meminfo, or what the vendor "
        "says.",
    )
    width: SourcedWidth | None = Field(default=None, description='Of its whole bus: data sheet, "128-bit LPDDR5".')
    rate: Annotated[SourcedTransferRate | None, OF_ONE_MODE] = Field(
        default=None,
        description='Transfers per second on each line, two in a clock for DDR: data sheet, "LPDDR5-6400" is 6400 '
        "MT/s.",
    )
    bandwidth: Annotated[SourcedBandwidth | None, OF_ONE_MODE] = Field(
        default=None,
        description="Peak: data sheet; where width and rate are given, it is checked to be width / 8 x rate.",
    )
    measured_bandwidth: Annotated[SourcedBandwidth | None, OF_ONE_MODE] = Field(
        default=None,
        description="What was really reached, better than the peak where known: `assess profile new device "
        "--from-here`, or STREAM.",
    )


class OnChipMemory(Memory):
    """Memory on the chip, where a device has only that: models live in it and, if `weights` says so, in storage."""

    weights: Literal["here", "storage"] = Field(
        default="here",
        description='Where weights lie while the model runs. "here": in this memory, with activations; "storage": '
        "in flash or MRAM, read in place, so that only activations need this memory. The memory map in the report of "
        "the vendor's compiler says it, and so do its examples.",
    )
    weight_capacity: SourcedBytes | None = Field(
        default=None,
        description="Memory that only weights go into, where there is one; capacity is then for activations alone. "
        "Data sheet: weight or kernel memory, given beside the data memory.",
    )
    weights_beyond: Literal["streamed"] | None = Field(
        default=None,
        description='What becomes of weights that this memory has no room for. "streamed": the host sends them in '
        'every inference; the compiler\'s report calls it "off-chip memory used for streaming", or several contexts. '
        "Left out: a model that does not fit does not run.",
    )
    host_link: SourcedBandwidth | None = Field(
        default=None,
        description="Of the link that streamed weights come over, at most: data sheet, host interface; USB 3 and PCIe "
        "Gen2 x1 carry 500 MB/s.",
    )


class DeviceRuntime(Authored):
    """A runtime that this device runs models with."""

    id: str = Field(description="Id of a runtime: `assess list runtimes`.")
    engine: str = Field(description="Name of the engine it runs on.")
    dispatch: Annotated[SourcedSeconds | None, OF_ONE_MODE] = Field(
        default=None,
        description="What handing one operator to the engine costs, beside the operator's own time: `assess profile "
        "new device --from-here` measures it.",
    )


class Thermal(Authored):
    """The temperatures that the device is made for."""

    of: Literal["ambient", "case", "junction"] = Field(
        description="Where they are measured: operating conditions of the data sheet, as Ta, Tc or Tj."
    )
    low: SourcedTemperature | None = Field(
        default=None, description="The lowest: as stated, never from a grade's name."
    )
    high: SourcedTemperature | None = Field(default=None, description="The highest: as stated.")


class Qualification(Authored):
    """A standard that the device, as its vendor says, is qualified to."""

    id: str = Field(description="Id of a standard: `assess list standards`.")
    level: Text = Field(description='What is claimed, such as "grade 2" or "ASIL B".')
    source: str = Field(description="Key of the file's [sources] table.")
    grade: Grade = Field(description=GRADE_LEGEND)
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
        "mode nothing is taken over that holds in one mode only: units, clocks, peaks, power, bandwidth.",
    )
    name: Text = Field(description="As people know it.")
    vendor: Text = Field(description="Who makes it.")
    summary: str = Field(default="", description="One sentence for people.")
    sectors: tuple[Sector, ...] = Field(min_length=1, description="Where it is deployed.")
    availability: Literal["shipping", "announced", "closed-sdk"] = Field(
        description="announced: cannot be bought yet; closed-sdk: ONNX Runtime cannot be run on it by the public."
    )
    power_mode: str = Field(default="", description="The mode all numbers hold in; empty if the device has one only.")
    power: Annotated[SourcedWatts | None, OF_ONE_MODE] = Field(
        default=None, description="Power in this mode: data sheet (TDP, module power), or `nvpmodel -p --verbose`."
    )
    sources: dict[str, Source] = Field(description="Where the numbers were read, by a key of your own, such as DS.")
    identity: Identity | None = Field(
        default=None, description="What a host must report to be this device; without it, no measurement is one on it."
    )
    engine: tuple[Engine, ...] = Field(
        default=(), description="Compute engines; a model runs on one, so nothing is summed."
    )
    memory: Memory | None = Field(default=None, description="Main memory; absent where there is on-chip memory only.")
    on_chip: OnChipMemory | None = Field(
        default=None,
        description="On-chip memory: weights and activations share it, unless its keys say that weights lie elsewhere.",
    )
    thermal: Thermal | None = Field(default=None, description="Temperatures that it is made for.")
    standard: tuple[Qualification, ...] = Field(default=(), description="Standards that its vendor claims.")
    storage: SourcedBytes | None = Field(
        default=None, description="Non-volatile memory for models: data sheet; `df` on the board."
    )
    runtime: tuple[DeviceRuntime, ...] = Field(
        default=(), description="Runtimes that run models on it, in order of preference."
    )
    runtimes: tuple[Runtime, ...] = Field(default=(), exclude=True)
    fallbacks: dict[str, Runtime] = Field(default={}, exclude=True)

    @classmethod
    def contradictions(cls, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Said]]:
        """What does not agree with the rest of a device's file: the key's path and why."""
        yield from sources_missing(mapping)
        yield from device_contradictions(mapping)

    def engine_of(self, runtime: DeviceRuntime) -> Engine:
        """The engine that a runtime runs on."""
        return next(engine for engine in self.engine if engine.name == runtime.engine)
