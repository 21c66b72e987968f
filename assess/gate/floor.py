"""The flow of a gate against a stored baseline of this machine: the candidate alone is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final

from assess import sandbox
from assess.describe.workload import Job
from assess.gate.bench import Bench
from assess.gate.for_job import ForJob, asks, compare_for_job
from assess.gate.parts import not_comparable, other_inputs, report, static
from assess.gate.plan import MEMORIES, GatePlan
from assess.gate.timed import failed
from assess.judge.gate import floor
from assess.judge.gate.comparable import Difference, differences, runtime_differences, said, sentinel_difference
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.floor import judge_floor
from assess.judge.gate.memory import judge_memory
from assess.judge.gate.outputs import judge_outputs
from assess.judge.gate.report import GateReport
from assess.measure.alone import alone
from assess.measure.baseline import Baseline, taken
from assess.measure.fingerprint import machine_id
from assess.measure.host import read_host
from assess.measure.lockstep import Pair, SideFailed
from assess.measure.measurement import Host, Settings
from assess.measure.outputs_kept import as_reference, fed_sha256
from assess.measure.reference import agree_with
from assess.measure.run import private_folder
from assess.measure.shared_host import advice
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.pipeline import Subject

#: Metrics that need a run and have a stored figure, in the order of the report.
MEASURED: Final = ("outputs", floor.METRIC, *MEMORIES)
#: Pairs of the sentinel with itself, at most: a moment's disturbance makes no other machine.
_SENTINELS: Final = 4


@dataclass(frozen=True, slots=True)
class World:
    """What tests hand in.

    Attributes:
        launch: runs a worker.
        host: reads the host.
        machine: tells which machine this is.
        clock: seconds.
        advise: tells what shows that the host is shared.
    """

    launch: Launch = sandbox.run
    host: Callable[[], Host] = read_host
    machine: Callable[[], str] = machine_id
    clock: Callable[[], float] = monotonic
    advise: Callable[[], tuple[str, ...]] = advice


def gate_floor(
    baseline: Baseline,
    candidate: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    *,
    feeds: Mapping[str, Path] | None = None,
    for_job: ForJob | None = None,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    world: World | None = None,
) -> GateReport:
    """Compare a model with what was accepted: files, outputs and, on the same machine, latency floor and memory.

    Args:
        baseline: what was accepted.
        candidate: the newer model, described with the same dimensions.
        job: what it is for; None if nobody said.
        settings: how it is run.
        plan: what is asked.
        feeds: `.npy` files for inputs, by name.
        for_job: how it is run for the job, to ask for its budgets, and fit for devices; None: nobody asks.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host, before it is waited for.
        world: runs workers, reads host and clock.

    Raises:
        AssessError: an input or a setting is not one that can be used.
    """
    world = world or World()
    begun = world.clock()
    both = (baseline.model, candidate.model)
    found = static(*both, plan)
    more: dict[str, Any] = {"mode": "floor", "acceptance": baseline.acceptance, "accepted": baseline.created}
    wanted = [metric for metric in MEASURED if metric not in plan.skipped]
    if other_inputs(*both):
        found += not_comparable(wanted, "the accepted model does not take the same inputs")
        return report(*both, job, found, span_s=world.clock() - begun, **more)
    with sandbox.ending_cleanly(), private_folder() as name, alone("assess gate", on_wait):
        begun = world.clock()
        here = world.host()
        on_progress("preparing the inputs", None, None)
        bench = Bench(candidate, candidate, job, settings, Path(name), world.launch, feeds or {})
        against = _Floor(baseline, candidate, bench, plan, Path(name), on_progress)
        if "outputs" in wanted:
            found.append(plan.weighed(against.outputs()))
        timed = [metric for metric in wanted if metric != "outputs"]
        if found and found[-1].metric == "outputs" and found[-1].verdict is not GateVerdict.PASS:
            found += not_comparable(timed, "not measured, since the outputs differ or could not be compared")
        elif differing := differences(baseline, job, settings, here, world.machine()):
            found += not_comparable(timed, said(differing))
        elif timed:
            found += against.timed(timed)
            if for_job is not None and asks(for_job, plan) and not _is_over(found):
                found += compare_for_job(baseline.job, candidate, for_job, plan, on_progress)
    more |= {"pairs": against.pairs, "host": here, "versions": bench.versions, "advice": world.advise()}
    return report(*both, job, found, span_s=world.clock() - begun, **more)


def static_floor(baseline: Baseline, candidate: Subject, job: Job | None, plan: GatePlan) -> GateReport:
    """What the file alone tells against what was accepted, on any machine; nothing is run."""
    found = static(baseline.model, candidate.model, plan)
    more: dict[str, Any] = {"mode": "static", "acceptance": baseline.acceptance, "accepted": baseline.created}
    return report(baseline.model, candidate.model, job, found, **more)


def _is_over(found: Sequence[Comparison]) -> bool:
    """Whether a run failed, or is not of what the baseline is of."""
    return any(each.verdict in (GateVerdict.FAILED, GateVerdict.NOT_COMPARABLE) for each in found)


class _Floor:
    """One candidate against one baseline."""

    def __init__(
        self, baseline: Baseline, candidate: Subject, bench: Bench, plan: GatePlan, folder: Path, tell: OnProgress
    ) -> None:
        self._baseline, self._candidate, self._bench, self._plan = baseline, candidate, bench, plan
        self._folder, self._tell = folder, tell
        self.pairs: list[Pair] = []

    def outputs(self) -> Comparison:
        """The candidate's outputs against those that were kept."""
        self._tell("comparing the outputs", None, None)
        kept = self._baseline.outputs
        if kept.absent:
            step = "run both: --against MODEL; or leave it out: --skip outputs"
            return Comparison("outputs", GateVerdict.NOT_COMPARABLE, kept.absent, next_step=step)
        frames = self._bench.frames()
        known = [frame for frame in frames if frame.name in kept.frames]
        if len(known) < len(kept.frames) or fed_sha256(known) != kept.fed:
            why = "other inputs are fed than when the baseline was accepted"
            step = "the seed, samples or --input files are others: give those, or accept the model again"
            return Comparison("outputs", GateVerdict.NOT_COMPARABLE, why, next_step=step)
        reference = as_reference(self._baseline.model, kept)
        candidate = self._candidate
        found = agree_with(
            candidate.model, known, reference, self._bench.ask, self._folder / "agreement", candidate.card
        )  # fmt: skip
        return judge_outputs(found, self._plan.tolerance)

    def timed(self, metrics: Sequence[str]) -> list[Comparison]:
        """Launches until they tell, or there are no more; the sentinel before them."""
        differing = self._sentinel()
        if isinstance(differing, SideFailed):
            return [failed(replace(differing, side="candidate"))]
        if differing:
            return not_comparable(metrics, said(differing))
        looks = floor.LOOKS
        for slot in range(looks[-1]):
            self._tell(f"pair {slot + 1} of {looks[-1]} at most, with itself", slot / looks[-1], None)
            found = self._bench.pair(slot, placebo=True, baseline_leads=slot % 2 == 0)
            if isinstance(found, SideFailed):
                return [failed(replace(found, side="candidate"))]
            self.pairs.append(found)
            if slot + 1 in looks:
                comparisons = [self._compared(metric) for metric in metrics]
                open_ = (GateVerdict.INCONCLUSIVE, GateVerdict.NOISY)
                if slot + 1 == looks[-1] or not any(each.verdict in open_ for each in comparisons):
                    break
        return [self._plan.weighed(each) for each in comparisons]

    def _sentinel(self) -> list[Difference] | SideFailed:
        self._tell("looking whether this machine is as fast as it was", None, None)
        fastest: list[int] = []
        for slot in range(_SENTINELS):
            found = self._bench.sentinel(slot)
            if isinstance(found, SideFailed):
                return found
            fastest += [min(side.fastest_ns) for side in (found.baseline, found.other)]
            differing = runtime_differences(self._baseline, self._bench.versions)
            differing = differing or sentinel_difference(self._baseline, min(fastest))
            if not differing:
                break
        return differing

    def _compared(self, metric: str) -> Comparison:
        before = self._baseline.launches
        after = [taken(side) for pair in self.pairs for side in (pair.baseline, pair.other)]
        if metric == floor.METRIC:
            return judge_floor(
                [each.floor_ns for each in before], [each.floor_ns for each in after], self._plan.floor_margin
            )  # fmt: skip
        known = [[value for each in some if (value := MEMORIES[metric](each)) is not None] for some in (before, after)]
        if not all(known):
            step = f"--skip {metric!r}"
            return Comparison(metric, GateVerdict.INCONCLUSIVE, "the system does not tell", next_step=step)
        return judge_memory(metric, known[0], known[1])
