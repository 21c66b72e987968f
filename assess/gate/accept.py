"""Accept a model: run it with itself, in turns, and keep all that a newer one is compared with; or refuse."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from assess import __version__, sandbox
from assess.describe.workload import Job
from assess.gate.bench import Bench
from assess.gate.for_job import ForJob
from assess.gate.timed import failed, timeless, would_crash
from assess.gate.world import WORLD, World
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.floor import LOOKS, MARGIN, METRIC, resolution
from assess.judge.gate.latency import noise
from assess.measure.alone import alone
from assess.measure.baseline import Acceptance, Baseline, StoredOutputs, StoredSentinel, stored_launch
from assess.measure.lockstep import Pair, SideFailed
from assess.measure.measurement import Host, Settings
from assess.measure.plain import Signed
from assess.measure.run import private_folder
from assess.measure.sentinel import SENTINEL_SHA256
from assess.measure.stored_outputs import store_outputs
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject
from assess.project.lockstep import LATENCIES, change

_SENTINELS: Final = 2
#: A floor that is not reached again within half of what a gate is to tell is none to compare with.
_REACHED: Final = MARGIN / 2.0
_MARGIN: Final = math.log1p(MARGIN)


@dataclass(frozen=True, slots=True)
class Accepting:
    """What is to be accepted, and how it is run.

    Attributes:
        subject: the model.
        job: what it is for; None: it is run back to back.
        settings: how it is run.
        acceptance: when it is accepted, by whom and why.
        for_job: how it is run for the job, where devices, energy or another provider ask for it; None: it is not.
        feeds: `.npy` files for inputs, by name.
    """

    subject: Subject
    job: Job | None
    settings: Settings
    acceptance: Acceptance
    for_job: ForJob | None = None
    feeds: Mapping[str, Path] | None = None


def accept(
    what: Accepting,
    *,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    world: World = WORLD,
) -> Baseline | Comparison:
    """Measure a model as a baseline.

    Args:
        what: is to be accepted.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host, before it is waited for.
        world: runs workers, reads host and clock.

    Returns:
        The baseline; or why there is none: NOISY, FAILED, or NOT COMPARABLE on a host that is emulated.

    Raises:
        AssessError: an input or a setting is not one that can be used.
    """
    with sandbox.ending_cleanly(), private_folder() as name, alone("assess baseline accept", on_wait):
        here = world.host()
        if emulated := timeless(here, [METRIC]):
            return replace(emulated[0], next_step="accept it on the device itself")
        if crash := would_crash([what.subject.model], here, what.settings):
            return crash[0]
        on_progress("preparing the inputs", None, None)
        subject, folder = what.subject, Path(name)
        bench = Bench(subject, subject, what.job, what.settings, folder, world.launch, what.feeds or {})
        on_progress("keeping the outputs", None, None)
        outputs = store_outputs(subject.model, bench.frames(), bench.ask, folder / "outputs")
        if isinstance(outputs, str):
            step = "run it: assess measure"
            return Comparison("run", GateVerdict.FAILED, f"the model {outputs}", next_step=step)
        sentinel = _sentinel(bench, on_progress)
        if isinstance(sentinel, SideFailed):
            return failed(sentinel, "the sentinel model")
        pairs = _pairs(bench, on_progress)
        if isinstance(pairs, SideFailed):
            return failed(pairs, "the model")
        if why := _too_noisy(pairs):
            step = "stop what else runs here, and accept it then"
            return Comparison("latency floor", GateVerdict.NOISY, why, next_step=step)
        found = _baseline(what, here, world.machine(), bench.versions, pairs, sentinel, outputs)
        return with_job(what, found, on_progress)


def with_job(what: Accepting, baseline: Baseline, on_progress: OnProgress = silent) -> Baseline | Comparison:
    """The baseline with what is kept of a run for the job, where one is asked for; or how that run failed."""
    if what.for_job is None:
        return baseline
    each_s = statistics.median(launch.p50_ns for launch in baseline.launches) * 1e-9
    run = what.for_job.run(what.subject, each_s, on_progress)
    if run.failure is not None:
        return Comparison("run", GateVerdict.FAILED, f"for its job the model was {run.failure.cause}",
                          next_step="run it: assess measure")  # fmt: skip
    return replace(baseline, job_run=what.for_job.stored(run))


def _sentinel(bench: Bench, on_progress: OnProgress) -> int | SideFailed:
    on_progress("running the sentinel, which tells how fast this machine is", None, None)
    fastest: list[int] = []
    for slot in range(_SENTINELS):
        floor_ns = bench.sentinel(slot)
        if isinstance(floor_ns, SideFailed):
            return floor_ns
        fastest.append(floor_ns)
    return min(fastest)


def _pairs(bench: Bench, on_progress: OnProgress) -> list[Pair] | SideFailed:
    pairs: list[Pair] = []
    for slot in range(LOOKS[-1]):
        on_progress(f"pair {slot + 1} of {LOOKS[-1]}, with itself", slot / LOOKS[-1], None)
        found = bench.pair(slot, placebo=True, baseline_leads=slot % 2 == 0)
        if isinstance(found, SideFailed):
            return found
        pairs.append(found)
    return pairs


def _too_noisy(pairs: list[Pair]) -> str:
    """Why these are no baseline; "" if they are one."""
    why, _ = noise([change(pair, "latency floor") for pair in pairs], _MARGIN, "the model")
    if why:
        return why
    known = resolution([stored_launch(side).floor_ns for pair in pairs for side in (pair.baseline, pair.other)])
    if known > _REACHED:
        launches = f"{2 * len(pairs)} launches"
        return f"the floor was reached again within {known:.1%} only, in {launches}; {_REACHED:.1%} would do"
    return ""


def _baseline(
    what: Accepting, host: Host, machine: str, versions: Mapping[str, str], pairs: list[Pair], sentinel_ns: int,
    outputs: StoredOutputs,
) -> Baseline:  # fmt: skip
    return Baseline(
        tool=__version__,
        acceptance=what.acceptance,
        model=what.subject.model,
        workload_id=what.job.workload.id if what.job else "",
        workload=what.job.authored if what.job else {},
        settings=what.settings,
        host=host,
        machine=machine,
        versions=dict(versions),
        launches=tuple(stored_launch(side) for pair in pairs for side in (pair.baseline, pair.other)),
        placebo={metric: tuple(Signed(change(pair, metric)) for pair in pairs) for metric in LATENCIES},
        sentinel=StoredSentinel(SENTINEL_SHA256, sentinel_ns),
        outputs=outputs,
    )
