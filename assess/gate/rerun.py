"""The flow of a gate: a newer model against an accepted one, both measured here and now, in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from assess import __version__, sandbox
from assess.describe.workload import Job
from assess.gate.bench import Bench
from assess.gate.plan import MEASURED, GatePlan
from assess.gate.timed import timed
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.exact import compare_facts
from assess.judge.gate.outputs import judge_outputs
from assess.judge.gate.report import GateReport, PairChange
from assess.measure.alone import alone
from assess.measure.host import read_host
from assess.measure.measurement import Host, Settings
from assess.measure.run import private_folder
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.pipeline import Subject
from assess.project.lockstep import LATENCIES, change


def gate(
    baseline: Subject,
    candidate: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    *,
    feeds: Mapping[str, Path] | None = None,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
    clock: Callable[[], float] = monotonic,
) -> GateReport:
    """Compare two models: their files, what they put out, and in lockstep how long they take and what memory.

    Args:
        baseline: the accepted model.
        candidate: the newer one, described with the same dimensions.
        job: what they are for; None if nobody said: they are run back to back.
        settings: how they are run.
        plan: what is asked.
        feeds: `.npy` files for inputs, by name.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host, before it is waited for.
        launch: runs a worker; tests hand in one of their own.
        host: reads the host.
        clock: seconds.

    Raises:
        AssessError: an input or a setting is not one that can be used.
    """
    begun = clock()
    found = static(baseline, candidate, plan)
    wanted = [metric for metric in MEASURED if metric not in plan.skipped]
    if _differs(baseline, candidate):
        why = "the two models do not take the same inputs: nothing can be fed to both"
        found += [Comparison(metric, GateVerdict.NOT_COMPARABLE, why) for metric in wanted]
        return _report(baseline, candidate, job, found, span_s=clock() - begun)
    with sandbox.ending_cleanly(), private_folder() as name, alone("assess gate", on_wait):
        begun = clock()  # Not while others were waited for.
        on_progress("preparing the inputs", None, None)
        bench = Bench(baseline, candidate, job, settings, Path(name), launch, feeds or {})
        if "outputs" in wanted:
            on_progress("comparing the outputs", None, None)
            found.append(plan.weighed(judge_outputs(bench.agreement(), plan.tolerance)))
        in_turns = [metric for metric in wanted if metric != "outputs"]
        if found and found[-1].metric == "outputs" and found[-1].verdict is not GateVerdict.PASS:
            differ = found[-1].verdict is GateVerdict.REGRESSION
            why = f"not measured, since the outputs {'differ' if differ else 'could not be compared'}"
            found += [Comparison(metric, GateVerdict.NOT_COMPARABLE, why) for metric in in_turns]
            return _report(baseline, candidate, job, found, span_s=clock() - begun)
        here = host()
        more, pairs = timed(bench, plan, in_turns, on_progress, clock) if in_turns else ([], [])
        found += more
    return _report(
        baseline, candidate, job, found, pairs=pairs, host=here, versions=bench.versions, span_s=clock() - begun
    )


def static_report(baseline: Subject, candidate: Subject, job: Job | None, plan: GatePlan) -> GateReport:
    """What the two files alone tell, on any machine; nothing is run, and nothing is said of time and memory."""
    return _report(baseline, candidate, job, static(baseline, candidate, plan), mode="static")


def static(baseline: Subject, candidate: Subject, plan: GatePlan) -> list[Comparison]:
    """What the two files alone tell, on any machine."""
    facts = compare_facts(baseline.model, candidate.model)
    return [plan.weighed(each) for each in facts if each.metric not in plan.skipped]


def _differs(baseline: Subject, candidate: Subject) -> bool:
    ours, theirs = (
        [(port.name, port.dtype, port.shape) for port in each.model.inputs] for each in (baseline, candidate)
    )
    return ours != theirs


def _report(baseline: Subject, candidate: Subject, job: Job | None, found: list[Comparison], **more: Any) -> GateReport:
    pairs = [
        PairChange(pair.placebo, pair.baseline_led, {metric: change(pair, metric) for metric in LATENCIES})
        for pair in more.pop("pairs", ())
    ]
    return GateReport(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        mode=more.pop("mode", "rerun"),
        baseline=baseline.model,
        candidate=candidate.model,
        workload_id=job.workload.id if job else "",
        comparisons=tuple(found),
        pairs=tuple(pairs),
        **more,
    )
