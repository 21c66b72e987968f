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
    """When a model was accepted, by whom and why.

    Attributes:
        when: UTC, ISO 8601.
        who: a name.
        why: in a sentence.
        commit: of the work tree that the model's file lies in; "" if it lies in none.
    """

    when: str
    who: str
    why: str
    commit: str = ""


@dataclass(frozen=True, slots=True)
class StoredLaunch:
    """One process that ran the model, in turns with another that ran it too; percentiles by nearest rank.

    Attributes:
        count: timed inferences.
        floor_ns: the fastest.
        p10_ns: 10th percentile of their service times, as the next ones are.
        p50_ns: median.
        p90_ns: 90th percentile.
        p99_ns: 99th percentile.
        slowest_ns: the slowest.
        peak_bytes: most resident memory up to the end of the warm-up; None where the system does not tell.
        steady_bytes: most resident memory after it; the same.
    """

    count: int
    floor_ns: int
    p10_ns: int
    p50_ns: int
    p90_ns: int
    p99_ns: int
    slowest_ns: int
    peak_bytes: int | None
    steady_bytes: int | None

    @property
    def quantiles_ns(self) -> tuple[int, ...]:
        """All of them, ascending."""
        return (self.floor_ns, self.p10_ns, self.p50_ns, self.p90_ns, self.p99_ns, self.slowest_ns)


def stored_launch(side: Side) -> StoredLaunch:
    """What a baseline keeps of a launch."""
    fastest, p10, p50, p90, p99, slowest = side.quantiles_ns
    return StoredLaunch(side.count, fastest, p10, p50, p90, p99, slowest, side.peak_bytes, side.steady_bytes)


@dataclass(frozen=True, slots=True)
class StoredSentinel:
    """How fast the machine itself was.

    Attributes:
        sha256: of the sentinel model; another one tells nothing.
        floor_ns: its fastest inference.
    """

    sha256: str
    floor_ns: int


@dataclass(frozen=True, slots=True)
class StoredOutputs:
    """What the model put out, to compare a newer one with, where the accepted file is not at hand.

    Attributes:
        frames: names of the frames that were fed.
        fed_sha256: of everything that was fed, in order.
        outputs: names, in the model's order.
        dtypes: of each output, as the model's `Port` has it.
        arrays: each output of each frame, frame by frame: a `.npy` file, deflated by zlib, in base64.
        absent: why nothing was kept; "" if it was.
    """

    frames: tuple[str, ...] = ()
    fed_sha256: str = ""
    outputs: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    absent: str = ""


@dataclass(frozen=True, slots=True)
class StoredFit:
    """How the model was judged for a device.

    Attributes:
        device: its id.
        profile_sha256: of its profile as it was read: another profile asks for something else.
        verdict: of the fit report, e.g. "READY".
        findings: verdict of each criterion, by name.
    """

    device: str
    profile_sha256: str
    verdict: str
    findings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """What one run of the model for its job told, as far as a newer one's is compared with it.

    Attributes:
        frames: that were released.
        fits: how it was judged for devices.
        energy: joules of an inference, by sensor.
        fallen_back: operators that were not on the provider asked for, with how many there were of each; None where
            that is not known, as on the CPU alone, where there is no other.
    """

    frames: int = 0
    fits: tuple[StoredFit, ...] = ()
    energy: Mapping[str, float] = field(default_factory=dict)
    fallen_back: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """An accepted measurement of a model, on one machine.

    Attributes:
        tool: version of `assess`.
        acceptance: when, by whom and why it was accepted.
        model: its facts.
        workload_id: the job; "" if it was run back to back.
        workload: the job as authored; empty if none was named.
        settings: how it was run.
        host: where.
        machine: which machine that was, see `fingerprint.machine_id`; "" where it has no id.
        versions: of the runtime.
        launches: each process that ran it; two at a time, in turns.
        placebo: ln(second / first) of those two, by latency, one for each pair: for people, a gate has its own.
        sentinel: how fast the machine itself was.
        outputs: what it put out.
        job_run: what a run for its job told; None if there was none.
    """

    tool: str
    acceptance: Acceptance
    model: Model
    workload_id: str
    workload: Mapping[str, Any]
    settings: Settings
    host: Host
    machine: str
    versions: Mapping[str, str]
    launches: tuple[StoredLaunch, ...]
    placebo: Mapping[str, tuple[Signed, ...]]
    sentinel: StoredSentinel
    outputs: StoredOutputs = field(default_factory=StoredOutputs)
    job_run: StoredRun | None = None

    @property
    def floor_ns(self) -> int:
        """The fastest inference of all launches."""
        return min(launch.floor_ns for launch in self.launches)
