"""The flow of a gate: a newer model against an accepted one, both measured here and now, in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic

from assess import sandbox
from assess.describe.workload import Job
from assess.gate.bench import Bench
from assess.gate.for_job import ForJob, asks, compare_for_job
from assess.gate.parts import not_comparable, other_inputs, report, static
from assess.gate.plan import MEASURED, GatePlan
from assess.gate.timed import timed
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.outputs import judge_outputs
from assess.judge.gate.report import GateReport
from assess.measure.alone import alone
from assess.measure.host import read_host
from assess.measure.measurement import Host, Settings
from assess.measure.run import private_folder
from assess.measure.shared_host import advice
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.pipeline import Subject


def gate(
    baseline: Subject,
    candidate: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    *,
    feeds: Mapping[str, Path] | None = None,
    for_job: ForJob | None = None,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
    clock: Callable[[], float] = monotonic,
    advise: Callable[[], tuple[str, ...]] = advice,
) -> GateReport:
    """Compare two models: their files, what they put out, and in lockstep how long they take and what memory.

    Args:
        baseline: the accepted model.
        candidate: the newer one, described with the same dimensions.
        job: what they are for; None if nobody said: they are run back to back.
        settings: how they are run.
        plan: what is asked.
        feeds: `.npy` files for inputs, by name.
        for_job: how they are run for the job, to ask for its budgets, and fit for devices; None: nobody asks.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host, before it is waited for.
        launch: runs a worker; tests hand in one of their own.
        host: reads the host.
        clock: seconds.
        advise: tells what shows that the host is shared; asked where something could not be told.

    Raises:
        AssessError: an input or a setting is not one that can be used.
    """
    begun = clock()
    found = static(baseline.model, candidate.model, plan)
    wanted = [metric for metric in MEASURED if metric not in plan.skipped]
    both = (baseline.model, candidate.model)
    if other_inputs(*both):
        found += not_comparable(wanted, "the two models do not take the same inputs: nothing can be fed to both")
        return report(*both, job, found, span_s=clock() - begun)
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
            found += not_comparable(in_turns, why)
            return report(*both, job, found, span_s=clock() - begun)
        here = host()
        more, pairs = timed(bench, plan, in_turns, on_progress, clock) if in_turns else ([], [])
        found += more
        failed = any(each.verdict is GateVerdict.FAILED for each in more)
        if for_job is not None and not failed and asks(for_job, plan):
            found += compare_for_job(baseline, candidate, for_job, plan, on_progress)
    untold = any(each.verdict in (GateVerdict.INCONCLUSIVE, GateVerdict.NOISY) for each in found)
    return report(
        *both, job, found, pairs=pairs, host=here, versions=bench.versions, span_s=clock() - begun,
        advice=advise() if untold else (),
    )  # fmt: skip


def static_report(baseline: Subject, candidate: Subject, job: Job | None, plan: GatePlan) -> GateReport:
    """What the two files alone tell, on any machine; nothing is run, and nothing is said of time and memory."""
    found = static(baseline.model, candidate.model, plan)
    return report(baseline.model, candidate.model, job, found, mode="static")
