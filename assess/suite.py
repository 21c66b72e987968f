"""The flow of a suite: each of its models is measured once for each job, and judged for all of the job's devices."""

from __future__ import annotations

from collections.abc import Sequence

from assess.describe.device import Device
from assess.describe.library import Library
from assess.describe.suite import Suite, SuiteCase
from assess.describe.workload import Job
from assess.judge.case import Invocation
from assess.judge.portfolio import Outcome
from assess.measure.measurement import Settings
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import default_tier, find_job, find_model, settings_of, standards_of
from assess.portfolio import Outcomes, Target, judge_all, planned_run, refused_by_model, runner


def run_suite(suite: Suite, library: Library, *, on_progress: OnProgress = silent) -> Outcomes:
    """What came of every case of a suite, in its order.

    Raises:
        AssessError: a case names what is not there, or no case of a model could be judged.
        KeyboardInterrupt: it was stopped before there was anything to report of a model.
    """
    found: dict[SuiteCase, Outcome] = {}
    for model in dict.fromkeys(case.model for case in suite.case):
        cases = [case for case in suite.case if case.model == model]
        found |= _of_model(model, cases, library, on_progress)
    return tuple(found[case] for case in suite.case)


def _of_model(
    model: str, cases: Sequence[SuiteCase], library: Library, on_progress: OnProgress
) -> dict[SuiteCase, Outcome]:
    subject = find_model(model, library, dims={}, on_progress=on_progress)
    by_job: dict[str, list[SuiteCase]] = {}
    for case in cases:
        by_job.setdefault(case.workload, []).append(case)

    wanted = [
        planned_run(find_job(job, library), [_target(case, library) for case in of_job], _settings, Invocation(model))
        for job, of_job in by_job.items()
    ]
    runs = [refused_by_model(each, subject.model) for each in wanted]
    judged = judge_all(runs, runner(subject, library, feeds={}), on_progress=on_progress).outcomes
    return dict(zip((case for of_job in by_job.values() for case in of_job), judged, strict=True))


def _settings(job: Job, devices: Sequence[Device]) -> Settings:
    return settings_of(job, default_tier(devices), as_needed=True)


def _target(case: SuiteCase, library: Library) -> Target:
    partner = library.partner(case.partner) if case.partner else None
    return Target(library.device(case.device), partner, standards_of(partner, library))
