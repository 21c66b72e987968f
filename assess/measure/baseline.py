"""What was accepted of a model: its facts, what it put out, how long launches of it took, on which machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assess.describe.model import Model
from assess.measure.measurement import Host, Settings
from assess.measure.passes.lockstep import Side
from assess.measure.plain import Signed


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted a model, and why.

    Attributes:
        who: a name.
        why: in a sentence.
        commit: of the work tree that the model's file lies in; "" if it lies in none.
    """

    who: str
    why: str
    commit: str = ""


@dataclass(frozen=True, slots=True)
class LaunchTaken:
    """One process that ran the model, in turns with another that ran it too.

    Attributes:
        count: timed inferences.
        quantiles_ns: of their service times, at `passes.lockstep.QUANTILES`: 0, 10, 50, 90, 99 and 100 %, nearest rank.
        peak_bytes: most resident memory up to the end of the warm-up; None where the system does not tell.
        steady_bytes: most resident memory after it; the same.
    """

    count: int
    quantiles_ns: tuple[int, ...]
    peak_bytes: int | None
    steady_bytes: int | None

    @property
    def floor_ns(self) -> int:
        """The fastest inference."""
        return self.quantiles_ns[0]


def taken(side: Side) -> LaunchTaken:
    """What a baseline keeps of a launch."""
    return LaunchTaken(side.count, side.quantiles_ns, side.peak_bytes, side.steady_bytes)


@dataclass(frozen=True, slots=True)
class OutputsKept:
    """What the model put out, to compare a newer one with, where the accepted file is not at hand.

    Attributes:
        frames: names of the frames that were fed.
        fed: sha256 of everything that was fed, in order.
        outputs: names, in the model's order.
        dtypes: of each output, as the model's `Port` has it.
        arrays: each output of each frame, frame by frame: a `.npy` file, deflated by zlib, in base64.
        absent: why nothing was kept; "" if it was.
    """

    frames: tuple[str, ...] = ()
    fed: str = ""
    outputs: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    absent: str = ""


@dataclass(frozen=True, slots=True)
class FitKept:
    """How the model was judged for a device.

    Attributes:
        device: its id.
        verdict: of the fit report, e.g. "READY".
        findings: verdict of each criterion, by name.
    """

    device: str
    verdict: str
    findings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JobKept:
    """What one run of the model for its job told, as far as a newer one's is compared with it.

    Attributes:
        fits: how it was judged for devices.
        energy: joules of an inference, by sensor.
        fallen_back: operators that were not on the provider asked for, with how many there were of each; None where
            that is not known, as on the CPU alone, where there is no other.
    """

    fits: tuple[FitKept, ...] = ()
    energy: Mapping[str, float] = field(default_factory=dict)
    fallen_back: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """An accepted measurement of a model, on one machine.

    Attributes:
        tool: version of `assess`.
        created: UTC, ISO 8601.
        acceptance: who accepted it, and why.
        model: its facts.
        workload_id: the job; "" if it was run back to back.
        workload: the job as authored; empty if none was named.
        settings: how it was run.
        host: where.
        machine: which machine that was, see `fingerprint.machine_id`; "" where it has no id.
        versions: of the runtime.
        launches: each process that ran it; two at a time, in turns.
        placebo: ln(second / first) of those two, by latency, one for each pair.
        sentinel_ns: floor of the sentinel on that day.
        outputs: what it put out.
        job: what a run for its job told; None if there was none.
    """

    tool: str
    created: str
    acceptance: Acceptance
    model: Model
    workload_id: str
    workload: Mapping[str, Any]
    settings: Settings
    host: Host
    machine: str
    versions: Mapping[str, str]
    launches: tuple[LaunchTaken, ...]
    placebo: Mapping[str, tuple[Signed, ...]]
    sentinel_ns: int
    outputs: OutputsKept = field(default_factory=OutputsKept)
    job: JobKept | None = None

    @property
    def floor_ns(self) -> int:
        """The fastest inference of all launches."""
        return min(launch.floor_ns for launch in self.launches)
