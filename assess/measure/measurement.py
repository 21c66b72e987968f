"""What one run on one host produced: raw samples, memory by phase, settings, and what is absent and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assess.describe.model import Model
from assess.measure.agreement import Agreement
from assess.measure.attribution import Attribution
from assess.measure.cold_start import Start
from assess.measure.constraint import Constraints
from assess.measure.energy import Energy
from assess.measure.fidelity import Fidelity
from assess.measure.frames import Frames
from assess.measure.memory_limit import MemoryLimit
from assess.measure.passes.floor import Floor
from assess.measure.passes.outputs import OutputFacts
from assess.measure.passes.profile import Profile
from assess.measure.placement import Placement
from assess.measure.reached import Reached
from assess.measure.scenarios.generate import Generation
from assess.measure.scenarios.offline import Offline
from assess.measure.scenarios.pipeline import StageRun
from assess.measure.tool_run import ToolRun
from assess.measure.windows import Window
from assess.providers import CPU

#: Where in its life the worker was; in this order.
Phase = Literal["start", "load", "first inference", "warm-up", "back to back", "timed"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked of the run.

    Attributes:
        provider: execution provider, as ONNX Runtime names it.
        threads: intra-op threads; 0 leaves the choice to ONNX Runtime.
        optimisation: "disabled", "basic", "extended" or "all": graph optimisation level.
        provider_options: of the provider, as ONNX Runtime takes them.
        custom_ops: libraries of custom operators to load; none is loaded that is not named.
        tier: which tier the numbers below were taken from; "" for none.
        passes: what is run beside the timed pass, each in a process of its own.
        require_full_placement: whether every operator is to run on the provider asked for.
        min_count: timed frames, at least.
        min_duration_s: timed span, at least.
        warmup_count: inferences before the timed ones, at least.
        warmup_duration_s: span of the warm-up, at least.
        back_to_back_s: span of the closed loop before an open one, at least.
        seed: of the generated inputs.
        timeout_s: the worker is stopped, and the run is a failure, when it takes longer.
        memory_limit_bytes: resident and swapped memory that a worker may take; None for no limit.
        runner: tool of a vendor that runs the model instead of ONNX Runtime; "" for none.
        runner_command: as it was typed: the tool's path and further options, or the whole command.
        runner_model: file that the tool runs instead of the ONNX one; "" for that one.
        runner_unit: of numbers that a command prints without one; "" if each has its own.
        cpus: on which workers are put, or how much of their time they get, as `--cpus` takes it; "" for no limit.
        realtime: whether workers are SCHED_FIFO with locked memory.
    """

    provider: str = CPU
    threads: int = 1
    provider_options: Mapping[str, str] = field(default_factory=dict)
    custom_ops: tuple[str, ...] = ()
    optimisation: str = "all"
    tier: str = ""
    passes: tuple[str, ...] = ()
    require_full_placement: bool = False
    min_count: int = 500
    min_duration_s: float = 2.0
    warmup_count: int = 10
    warmup_duration_s: float = 0.5
    back_to_back_s: float = 0.5
    seed: int = 0
    timeout_s: float = 600.0
    memory_limit_bytes: int | None = None
    runner: str = ""
    runner_command: str = ""
    runner_model: str = ""
    runner_unit: str = ""
    cpus: str = ""
    realtime: bool = False


@dataclass(frozen=True, slots=True)
class Effective:
    """What took effect, as ONNX Runtime and the kernel report it.

    Attributes:
        providers: providers the session really has, in order of priority.
        threads: threads of the worker process while it ran (its own and ONNX Runtime's); None if the system does not
            tell, see the measurement's `absent`.
        optimisation: graph optimisation level of the session.
        binding: "preallocated" (inputs and outputs bound once), "runtime" (outputs allocated each time, because
            their shapes may change) or "copied" (plain `run`, for types that cannot be bound).
        warmup_count: warm-up inferences that were run.
        versions: of onnxruntime, numpy and Python in the worker.
        run_queue_wait: share of the timed span in which the worker was ready to run but had no CPU, 0 to 1; None if
            the system does not tell.
        assigned: operators of the optimised graph per provider, as ONNX Runtime placed them; empty where it does not
            tell (older versions) or only the CPU was asked for.
        spin_ns: before each release the clock was watched for so long instead of sleeping; None in a closed loop.
    """

    providers: tuple[str, ...]
    threads: int | None
    optimisation: str
    binding: str
    warmup_count: int
    versions: Mapping[str, str]
    run_queue_wait: float | None = None
    assigned: Mapping[str, int] = field(default_factory=dict)
    spin_ns: int | None = None


@dataclass(frozen=True, slots=True)
class InputUsed:
    """An input that was fed.

    Attributes:
        name: of the model's input.
        dtype: as the model's `Port` has it.
        shape: of the array.
        source: "generated", "card" (its sample, or generated in the range that it states) or the file's name.
        sha256: of the array's bytes as they were fed, C order.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak resident memory of the worker process by phase, in bytes; each peak is counted from a reset.

    Attributes:
        method: "VmHWM" (kernel's high-water mark, reset before each phase) or what stood in for it.
        baseline: resident after imports and inputs, before the model is touched.
        load_peak: highest while the session was made.
        first_peak: highest in the first inference.
        steady_peak: highest after it, in warm-up and timed inferences.
    """

    method: str
    baseline: int
    load_peak: int
    first_peak: int
    steady_peak: int

    @property
    def model_peak(self) -> int:
        """The most that the model itself needed: highest peak above the baseline."""
        return max(self.load_peak, self.first_peak, self.steady_peak) - self.baseline


@dataclass(frozen=True, slots=True)
class Failure:
    """How the worker ended when it did not end well: a finding, not a traceback.

    Attributes:
        phase: where it was.
        kind: "refused" (ONNX Runtime raised), "crashed" (signal), "hung" (time limit), "out of memory", "missing
            instructions" (it would have crashed: it was not run).
        cause: one line for people, e.g. "stopped by SIGFPE while running the first inference".
        detail: the last lines that it printed, or ONNX Runtime's message; data, may be empty.
    """

    phase: Phase
    kind: Literal["refused", "crashed", "hung", "out of memory", "missing instructions"]
    cause: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine a measurement was taken on, as far as it can be read.

    Attributes:
        board: device-tree model or DMI product name.
        cpu: model name.
        architecture: as `uname -m` says.
        cores: logical CPUs this process may run on.
        memory_bytes: total physical memory.
        os: kernel name and release.
        power_mode: name of the board's power mode (Jetson nvpmodel).
        governor: CPU frequency governor.
        cpu_share: share of one CPU that a short spin got, 0 to 1: below 0.9 the host is not ours alone.
        load: load average over one minute.
        available_bytes: memory available when it was read.
        emulator: what emulates the processor, whose the times are then; "" where nothing shows that something does.
        instructions: instruction sets that the processor offers, of those that matter to inference.
        not_offered: those that ONNX Runtime takes it to have, by the core's number, and that it does not offer.
        absent: which of these could not be read, and why.
    """

    architecture: str
    cores: int
    os: str
    board: str = ""
    cpu: str = ""
    memory_bytes: int | None = None
    power_mode: str = ""
    governor: str = ""
    cpu_share: float | None = None
    load: float | None = None
    available_bytes: int | None = None
    emulator: str = ""
    instructions: tuple[str, ...] = ()
    not_offered: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run: everything needed to judge it anywhere, and to doubt it.

    Attributes:
        tool: version of `assess`.
        created: UTC, ISO 8601.
        model: what was run.
        workload_id: which job it was run for.
        workload: the workload as authored (its TOML as a mapping), so that it can be judged without the file.
        requested: settings asked for.
        effective: settings that took effect; None if the worker failed before it could tell, and where a vendor's tool
            ran the model.
        inputs: what was fed.
        frames: of the timed part: when each was released, started and done.
        back_to_back_ns: service times of a closed loop right before an open one; empty if the timed part is closed.
        load_s: seconds to make the session, with the model's files in the page cache.
        first_s: seconds of the first inference.
        memory: by phase; None if it could not be read, see `absent`.
        before: the host before the run.
        after: the host after it.
        failure: how it failed, if it did; what was measured before is kept.
        incomplete: why it ended early, if it was stopped.
        floor: what host and harness take of a frame.
        starts: cold and warm starts.
        attribution: what memory is used for.
        memory_limit: how the limit on memory was held; None if none was asked for.
        constraints: how other limits were - CPUs, their time, the real-time class; None if none was asked for.
        placement: which provider runs which operators; None where only the CPU was asked for.
        profile: where the time of an inference goes.
        outputs: what became of other inputs.
        agreement: with a reference.
        fidelity: how well the model does what it is for; None if nobody asked.
        energy: by sensor.
        offline: by batch; None but for that scenario, like the next two.
        generation: token by token.
        stages: of a pipeline.
        device_memory: bytes that an accelerator's memory was fuller at most than before the run, by sensor; others' use
            of it is in this too.
        windows: the run in equal spans of time, where it was long.
        reached: the target, where it was made over SSH; None on the machine that asked for it.
        tool_run: the vendor's tool that ran the model, and what it told; None if `assess` ran it.
        absent: what could not be measured, and why.
    """

    tool: str
    created: str
    model: Model
    workload_id: str
    workload: Mapping[str, Any]
    requested: Settings
    effective: Effective | None
    inputs: tuple[InputUsed, ...]
    frames: Frames
    back_to_back_ns: tuple[int, ...]
    load_s: float | None
    first_s: float | None
    memory: Memory | None
    before: Host
    after: Host
    failure: Failure | None = None
    incomplete: str = ""
    floor: Floor | None = None
    starts: tuple[Start, ...] = ()
    attribution: Attribution | None = None
    memory_limit: MemoryLimit | None = None
    constraints: Constraints | None = None
    placement: Placement | None = None
    profile: Profile | None = None
    outputs: OutputFacts | None = None
    agreement: Agreement | None = None
    fidelity: Fidelity | None = None
    energy: tuple[Energy, ...] = ()
    offline: Offline | None = None
    generation: Generation | None = None
    stages: tuple[StageRun, ...] = ()
    device_memory: Mapping[str, float] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    reached: Reached | None = None
    tool_run: ToolRun | None = None
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def service_ns(self) -> tuple[int, ...]:
        """From the start of each timed inference to its end."""
        return self.frames.service_ns
