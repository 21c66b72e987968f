"""What a machine tells of itself: facts, each with where it was read, and why the others are absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from assess.describe.model import Precision

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """Something that was read.

    Attributes:
        value: what; text has no characters that could steer a terminal.
        source: where: a file of the kernel or firmware, or the function that told.
        note: what whoever uses it should know; of what is derived, the arithmetic.
        derived: not told so, but worked out or looked up from what is told: a suggestion, to be confirmed.
    """

    value: T
    source: str
    note: str = ""
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Recognised:
    """By what a measurement taken here will be recognised: exactly what `read_host` reports; "" where it is of no use.

    Attributes:
        board: device-tree model or DMI product name.
        cpu: name of the CPU, or of all its kinds of cores.
        power_mode: name of the power mode.
    """

    board: str
    cpu: str
    power_mode: str


@dataclass(frozen=True, slots=True)
class Cores:
    """How many CPUs there are; a CPU is what the kernel schedules on, so a core with two threads is two.

    Attributes:
        online: switched on; a Jetson's power modes switch some off.
        usable: that this process may run on.
        physical: cores that are online, however many threads each has; None: the kernel does not tell.
    """

    online: int
    usable: int
    physical: int | None


@dataclass(frozen=True, slots=True)
class CoreKind:
    """Cores of one kind that are online: big, little, or all of them.

    Attributes:
        name: of the core, such as "Cortex-A76"; of a CPU that names itself, that name.
        cpus: their numbers.
        clock_hz: highest clock of the fastest of them; None: see `absent`.
        limit_hz: highest clock that is allowed now, where a power mode or somebody caps it below that.
        source: what the kinds were told apart by.
    """

    name: str
    cpus: tuple[int, ...]
    clock_hz: float | None
    limit_hz: float | None
    source: str

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.cpus)


@dataclass(frozen=True, slots=True)
class Support:
    """A precision that a CPU computes in.

    Attributes:
        precision: in which it multiplies and adds.
        by: features that have instructions for it, the fastest first.
    """

    precision: Precision
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeakBandwidth:
    """What a memory bus carries at most: width / 8 x rate.

    Attributes:
        width_bits: data lines.
        transfers_per_s: on each of them.
        note: the arithmetic.
    """

    width_bits: int
    transfers_per_s: float
    note: str

    @property
    def value(self) -> float:
        """Bytes per second."""
        return self.width_bits / 8 * self.transfers_per_s


@dataclass(frozen=True, slots=True)
class MemoryModules:
    """Memory modules as the firmware's tables list them.

    Attributes:
        count: how many are fitted.
        bytes: of all together.
        transfers_per_s: rate they are run at, in transfers per second; None: not told, or not the same for all.
        width_bits: data lines of all together; None: not told.
    """

    count: int
    bytes: int
    transfers_per_s: float | None
    width_bits: int | None

    @property
    def bandwidth(self) -> PeakBandwidth | None:
        """Of all together; None where rate or width is not told."""
        width, rate = self.width_bits, self.transfers_per_s
        return PeakBandwidth(width, rate, f"{width} bit / 8 x {rate / 1e6:g} MT/s") if width and rate else None


@dataclass(frozen=True, slots=True)
class PowerMode:
    """A power mode of a Jetson.

    Attributes:
        number: that `nvpmodel -m` takes.
        name: as nvpmodel.conf has it.
        watts: the budget that the name states; None: it states none, as MAXN.
    """

    number: int
    name: str
    watts: float | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that a driver shows.

    Attributes:
        name: as the driver has it.
        memory_bytes: of its own.
        sm_clock_hz: highest clock of its multiprocessors.
        memory_clock_hz: highest clock of its memory; two transfers on each line in one clock.
        bus_width_bits: to its memory.
        absent: what of these is None, and why.
    """

    name: str
    memory_bytes: int | None
    sm_clock_hz: float | None
    memory_clock_hz: float | None
    bus_width_bits: int | None
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def bandwidth(self) -> PeakBandwidth | None:
        """Of its memory; None where clock or width is not told."""
        width, clock = self.bus_width_bits, self.memory_clock_hz
        return (
            PeakBandwidth(width, 2 * clock, f"{width} bit / 8 x 2 x {clock / 1e6:g} MHz") if width and clock else None
        )


@dataclass(frozen=True, slots=True)
class Gpus:
    """GPUs that a driver shows.

    Attributes:
        gpus: in the driver's order.
        driver: its version; "" for none.
        why_none: why there is none.
    """

    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    why_none: str = ""


@dataclass(frozen=True, slots=True)
class RuntimeBuild:
    """The ONNX Runtime that is installed.

    Attributes:
        version: its own.
        providers: execution providers that are compiled in, in its order of preference. That one is listed does not
            prove that it works: its driver and libraries are only loaded when a model is.
    """

    version: str
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detected:
    """What this machine tells of itself. A fact that is None is in `absent` under its name, with the reason.

    Attributes:
        recognised_by: by what a measurement taken here is recognised.
        board: name of the board or machine.
        vendor: of the board, as its firmware states it.
        module: compute module or board variant that the firmware's part number or revision stands for.
        cpu: name of the CPU.
        cores: how many.
        core_kinds: big and little apart; a clock that is None is in `absent` as "CPU clock".
        features: of the CPU, those that matter to inference; only those that every core has.
        precisions: that the CPU has instructions for.
        memory: that the kernel may give out (MemTotal); firmware, kernel and carve-outs are already off.
        memory_installed: capacity that is fitted.
        memory_reserved: what of it firmware, kernel and carve-outs keep.
        memory_kind: whether an accelerator shares it.
        memory_modules: rate and width, where the firmware's tables may be read.
        storage: size of the root file system, in bytes.
        integrated_gpu: device-tree name of the GPU on the chip.
        gpus: that NVIDIA's driver shows; if empty, `absent` has "GPUs".
        gpu_driver: version of NVIDIA's driver.
        power_mode: that is set.
        power_modes: all that there are; empty where there are none.
        runtime: the ONNX Runtime that is installed, and its execution providers.
        os: its name and release.
        kernel: its release.
        board_support: NVIDIA's Jetson Linux release.
        virtualisation: what the machine is a guest of; absent where nothing says that it is one.
        emulator: what emulates the processor; None where nothing says that something does.
        absent: what was not found, and why.
    """

    recognised_by: Recognised
    board: Fact[str] | None
    vendor: Fact[str] | None
    module: Fact[str] | None
    cpu: Fact[str] | None
    cores: Fact[Cores] | None
    core_kinds: tuple[CoreKind, ...]
    features: Fact[tuple[str, ...]] | None
    precisions: Fact[tuple[Support, ...]] | None
    memory: Fact[int] | None
    memory_installed: Fact[int] | None
    memory_reserved: Fact[int] | None
    memory_kind: Fact[Literal["dram", "unified"]] | None
    memory_modules: Fact[MemoryModules] | None
    storage: Fact[int] | None
    integrated_gpu: Fact[str] | None
    gpus: tuple[Gpu, ...]
    gpu_driver: Fact[str] | None
    power_mode: Fact[PowerMode] | None
    power_modes: tuple[PowerMode, ...]
    runtime: Fact[RuntimeBuild] | None
    os: Fact[str] | None
    kernel: Fact[str] | None
    board_support: Fact[str] | None
    virtualisation: Fact[str] | None
    absent: Mapping[str, str]
    emulator: Fact[str] | None = None
