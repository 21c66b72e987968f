"""The flow of a gate: files, outputs, latency and memory, and what a run for the job adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from assess import __version__, sandbox
from assess.describe.model import Model
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.gate.bench import Bench
from assess.gate.for_job import ForJob, asks, compare_for_job
from assess.gate.opponent import Match, Opponent
from assess.gate.plan import GatePlan
from assess.gate.timed import timeless, would_crash
from assess.gate.world import WORLD, World
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.exact import compare_facts
from assess.judge.gate.placement import PLACEMENT
from assess.judge.gate.report import GateReport, Mode, PairChange
from assess.measure.alone import alone
from assess.measure.lockstep import Pair
from assess.measure.measurement import Settings
from assess.measure.run import private_folder
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject
from assess.project.lockstep import LATENCIES, change
from assess.providers import CPU

_SAME: Final = "both models are the same to the byte: nothing newer was compared"


def gate(
    opponent: Opponent,
    candidate: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    *,
    feeds: Mapping[str, Path] | None = None,
    for_job: ForJob | None = None,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    world: World = WORLD,
) -> GateReport:
    """Compare a newer model with what was accepted.

    Args:
        opponent: what was accepted: `Rerun(model)`, or `Stored(baseline)`.
        candidate: the newer model, described with the same dimensions.
        job: what they are for; None if nobody said: they are run back to back.
        settings: how they are run.
        plan: what is asked.
        feeds: `.npy` files for inputs, by name.
        for_job: how they are run for the job, to ask for its budgets, and fit for devices; None: nobody asks.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host, before it is waited for.
        world: what the gate touches.

    Raises:
        AssessError: an input or a setting is not one that can be used, or nothing is left to compare.
    """
    begun = world.clock()
    report = static(opponent, candidate, job, plan, mode=opponent.mode)
    wanted = [metric for metric in opponent.measured if metric not in plan.skipped]
    if not (report.comparisons or wanted or (for_job is not None and asks(for_job, plan))):
        raise AssessError("leaves nothing to compare", where="--skip", hint="skip less")
    if _other_inputs(opponent.model, candidate.model):
        why = "the two models do not take the same inputs: nothing can be fed to both"
        return _with(report, _not_comparable(wanted, why), span_s=world.clock() - begun)
    with sandbox.ending_cleanly(), private_folder() as name, alone("assess gate", on_wait):
        begun = world.clock()  # Not while others were waited for.
        on_progress("preparing the inputs", None, None)
        bench = Bench(
            opponent.runner(candidate), candidate, job, settings, Path(name), world.launch, feeds or {}
        )  # fmt: skip
        match = Match(
            candidate, job, settings, plan, bench, Path(name), world.host(), world, on_progress
        )  # fmt: skip
        found = _measured(opponent, match, wanted)
        ran = bool(match.pairs) or any(each.verdict is not GateVerdict.NOT_COMPARABLE for each in found)
        report = replace(
            _with(report, found, span_s=world.clock() - begun),
            pairs=_changes(match.pairs),
            host=match.host if ran else None,
            versions=bench.versions,
            advice=(*report.advice, *_unasked(settings, plan, for_job), *(world.advise() if ran else ())),
        )
        return for_the_job(report, opponent, candidate, for_job, plan, on_progress)


def for_the_job(
    report: GateReport,
    opponent: Opponent,
    candidate: Subject,
    for_job: ForJob | None,
    plan: GatePlan,
    on_progress: OnProgress,
) -> GateReport:
    """What was compared in turns, and what a run for the job adds, if anybody asks and nothing has failed yet.

    Args:
        report: of what was compared in turns.
        opponent: what was accepted.
        candidate: the newer model.
        for_job: how they are run for the job; None: nobody asks.
        plan: what is asked.
        on_progress: told what is being done, the share that is done and the seconds left.
    """
    if for_job is None or not asks(for_job, plan) or any(map(_ends_it, report.comparisons)):
        return report
    begun = for_job.world.clock()
    found = compare_for_job(opponent.before, candidate, for_job, plan, _each_s(report), on_progress)
    ran = [] if report.host else [each for each in found if each.verdict is not GateVerdict.NOT_COMPARABLE]
    world = for_job.world
    return replace(
        _with(report, found, span_s=report.span_s + world.clock() - begun),
        host=world.host() if ran else report.host,
        advice=(*report.advice, *(world.advise() if ran else ())),
    )


def static(
    opponent: Opponent, candidate: Subject, job: Job | None, plan: GatePlan, *, mode: Mode = "static"
) -> GateReport:
    """What the files alone tell, on any machine; nothing is run, and nothing is said of time and memory."""
    found = plan.wanted(compare_facts(opponent.model, candidate.model))
    if mode == "static" and not found:
        raise AssessError("leaves nothing to compare", where="--skip", hint="skip less")
    return GateReport(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        mode=mode,
        baseline=opponent.model,
        candidate=candidate.model,
        workload_id=job.workload.id if job else "",
        workload_version=job.workload.version if job else 0,
        comparisons=tuple(found),
        file=from_here(candidate.path),
        advice=(_SAME,) if opponent.model.sha256 == candidate.model.sha256 else (),
        **opponent.facts,
    )


def _measured(opponent: Opponent, match: Match, wanted: Sequence[str]) -> list[Comparison]:
    runs = (opponent.runner(match.candidate).model, match.candidate.model)
    if wanted and (crash := would_crash(runs, match.host, match.settings)):
        return crash
    found = []
    if "outputs" in wanted:
        match.on_progress("comparing the outputs", None, None)
        found.append(match.plan.weighed(opponent.outputs(match)))
    timed = [metric for metric in wanted if metric != "outputs"]
    if found and found[0].verdict is not GateVerdict.PASS:
        differ = found[0].verdict is GateVerdict.REGRESSION
        why = f"not measured, since the outputs {'differ' if differ else 'could not be compared'}"
        return found + _not_comparable(timed, why)
    found += (without := timeless(match.host, timed))
    left = [metric for metric in timed if metric not in {each.metric for each in without}]
    return found + (opponent.timed(match, left) if left else [])


def _ends_it(comparison: Comparison) -> bool:
    """Whether a run failed, or is not of what the baseline is of."""
    return comparison.verdict in (GateVerdict.FAILED, GateVerdict.NOT_COMPARABLE)


def _unasked(settings: Settings, plan: GatePlan, for_job: ForJob | None) -> tuple[str, ...]:
    """What a run for a job would tell, where no job was named."""
    if for_job is not None or settings.provider == CPU or PLACEMENT in plan.skipped:
        return ()
    return (f"{PLACEMENT} was not compared, since no job was named: --workload",)


def _with(report: GateReport, more: Sequence[Comparison], *, span_s: float) -> GateReport:
    return replace(report, comparisons=(*report.comparisons, *more), span_s=span_s)


def _not_comparable(metrics: Sequence[str], why: str) -> list[Comparison]:
    return [Comparison(metric, GateVerdict.NOT_COMPARABLE, why) for metric in metrics]


def _other_inputs(baseline: Model, candidate: Model) -> bool:
    ours, theirs = ([(port.name, port.dtype, port.shape) for port in each.inputs] for each in (baseline, candidate))
    return ours != theirs


def from_here(path: Path) -> str:
    """A path as CI servers match it with a repository's files, if the gate is run at its top."""
    whole, here = path.resolve(), Path.cwd().resolve()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else str(whole)


def _each_s(report: GateReport) -> float | None:
    """Seconds of one inference of the candidate, as far as it was timed; None where it was not."""
    known = {each.metric: each.candidate for each in report.comparisons if each.metric.startswith("latency")}
    return known.get("latency median") or known.get("latency floor")


def _changes(pairs: Sequence[Pair]) -> tuple[PairChange, ...]:
    return tuple(
        PairChange(pair.placebo, pair.baseline_led, {metric: change(pair, metric) for metric in LATENCIES})
        for pair in pairs
    )
