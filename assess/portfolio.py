"""The flow over many cases: a model is measured once for each job, and judged for each of the job's devices."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from assess.describe.device import Device
from assess.describe.library import Library
from assess.describe.model import Model
from assess.describe.partner import Partner
from assess.describe.standard import Standard
from assess.describe.suite import Suite, SuiteCase
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged
from assess.measure.host import available_bytes
from assess.measure.inputs import prepare
from assess.measure.measurement import Measurement, Settings
from assess.measure.reference import ReferenceModel, check
from assess.measure.scenario_runs import require_states
from assess.measure.scenarios.generate import cache_of
from assess.measure.tiers import SUSTAINED, SUSTAINED_LIMIT_S
from assess.measure.timed_run import OnProgress
from assess.pipeline import (
    Subject,
    default_tier,
    expected_s,
    find_job,
    find_model,
    judge,
    run,
    settings_of,
    silent,
    standards_of,
    was_stopped,
)

#: Runs the model for a job; how else it is run is the caller's.
RunOnce = Callable[[Job, Settings, OnProgress], Measurement]
Cases = tuple[FitReport | NotJudged, ...]

_BEFORE: Final = "stopped before it was measured"
_MEANWHILE: Final = "stopped while it was measured"


class Target(NamedTuple):
    """Where a model is to run, for whom, if somebody was named, and the standards that they collect evidence for."""

    device: Device
    partner: Partner | None = None
    standards: tuple[Standard, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One run, and what it is to be judged for.

    Attributes:
        job: what the model is run for.
        settings: how; or why it cannot be run for this job, which leaves the other jobs alone.
        targets: where it is to run and for whom, in the order of the report.
    """

    job: Job
    settings: Settings | AssessError
    targets: tuple[Target, ...]

    @property
    def expected_s(self) -> float:
        """What its frames will take, about; nothing if it cannot be run."""
        settings = self.settings
        if isinstance(settings, AssessError):
            return 0.0
        if settings.tier == SUSTAINED.name:
            return SUSTAINED_LIMIT_S
        each_s = expected_s(self.job, settings.min_count, settings.min_duration_s)
        return each_s * max(1, len(self.job.workload.scenario.batches))


def ask(job: Job, targets: Sequence[Target], settings: Callable[[Job, Sequence[Device]], Settings]) -> Asked:
    """One run for a job, to be judged for some devices; `settings` are those of the command line or of a suite.

    Raises:
        AssessError: the settings are none, whatever the job is.
    """
    try:
        expected_s(job, 1, 0.0)
    except AssessError as error:  # It has no schedule that a run could follow.
        return Asked(job, error, tuple(targets))
    return Asked(job, settings(job, [target.device for target in targets]), tuple(targets))


def fitting(asked: Asked, model: Model) -> Asked:
    """The same, or why this model cannot be run for that job, as far as the graph tells."""
    scenario = asked.job.workload.scenario
    try:
        if scenario.kind == "generate":
            cache_of([port.name for port in model.inputs], [port.name for port in model.outputs])
        if scenario.kind == "stateful":
            require_states(model, scenario.states)
    except AssessError as error:
        return replace(asked, settings=error)
    return asked


def check_inputs(
    subject: Subject, feeds: Mapping[str, Path], reference: ReferenceModel | Path | None, *, seed: int
) -> None:
    """Refuse, before anything is measured, what would be refused of the model for every job.

    Raises:
        AssessError: an input or the reference is not one that can be used with this model.
    """
    if reference is not None:
        check(subject.model, reference)
    with tempfile.TemporaryDirectory(prefix="assess-") as folder:
        prepare(
            subject.model,
            Path(folder),
            seed=seed,
            feeds=feeds,
            card=subject.card,
            card_folder=subject.card_folder,
            available_bytes=available_bytes(),
        )


def judge_all(wanted: Sequence[Asked], run_once: RunOnce, *, on_progress: OnProgress = silent) -> Cases:
    """Measure a model for each job, and judge it for the job's devices.

    A job that the model cannot do is none of the others'; Ctrl-C ends the measuring, not the report.

    Args:
        wanted: the runs, in their order.
        run_once: runs the model for one job.
        on_progress: told what is being done, the share of all runs that is done and the seconds left of all of them.

    Raises:
        AssessError: no case could be judged, all of them for the same reason.
        KeyboardInterrupt: it was stopped before there was anything to report.
    """
    cases: list[FitReport | NotJudged] = []
    errors: list[AssessError] = []
    stopped = False
    for asked, tell in zip(wanted, _overall(wanted, on_progress), strict=True):
        try:
            if isinstance(asked.settings, AssessError):
                raise asked.settings
            found = _not_judged(asked, _BEFORE) if stopped else _judged(asked, asked.settings, run_once, tell)
        except AssessError as error:
            errors.append(error)
            found = _not_judged(asked, error)
        except KeyboardInterrupt:
            found = _not_judged(asked, _BEFORE)
        stopped = stopped or any(isinstance(case, NotJudged) and case.stopped for case in found)
        cases += found
    if not any(isinstance(case, FitReport) for case in cases):
        if stopped and not errors:
            raise KeyboardInterrupt
        if not stopped and len(set(map(str, errors))) == 1:
            raise errors[0]
    return tuple(cases)


def _judged(asked: Asked, settings: Settings, run_once: RunOnce, tell: OnProgress) -> Sequence[FitReport | NotJudged]:
    measurement = run_once(asked.job, settings, tell)
    if was_stopped(measurement):
        return _not_judged(asked, _MEANWHILE)
    return [judge(measurement, target.device, target.partner, standards=target.standards) for target in asked.targets]


def _not_judged(asked: Asked, why: AssessError | str) -> Sequence[FitReport | NotJudged]:
    text, step = (why, "") if isinstance(why, str) else (str(AssessError(why.problem, where=why.where)), why.hint)
    return [
        NotJudged(asked.job.workload, target.device, text, step, stopped=isinstance(why, str))
        for target in asked.targets
    ]


def _overall(wanted: Sequence[Asked], on_progress: OnProgress) -> Iterator[OnProgress]:
    """For each run something to tell its progress to, which adds what the others have done and have to do."""
    if len(wanted) == 1:
        yield on_progress
        return
    whole_s = sum(asked.expected_s for asked in wanted)
    after_s = whole_s
    for number, asked in enumerate(wanted, start=1):
        after_s -= asked.expected_s
        yield _counted(
            f"{number} of {len(wanted)}, {asked.job.workload.id}", asked.expected_s, after_s, whole_s, on_progress
        )


def _counted(name: str, left_s: float, after_s: float, whole_s: float, on_progress: OnProgress) -> OnProgress:
    """Progress of one run among several, as progress of all of them.

    While a pass does not know what it has left to do, what was last known holds.
    """
    known_s = left_s

    def tell(what: str, _: float | None, left_s: float | None) -> None:
        nonlocal known_s
        known_s = known_s if left_s is None else left_s
        share = min(max(1.0 - (known_s + after_s) / whole_s, 0.0), 1.0) if whole_s else None
        on_progress(f"{name}: {what}", share, known_s + after_s)

    return tell


def run_suite(suite: Suite, library: Library, *, on_progress: OnProgress = silent) -> Cases:
    """Every case of a suite, in its order; each model is measured once for each job, for all of its devices.

    Raises:
        AssessError: a case names what is not there, or no case of a model could be judged.
        KeyboardInterrupt: it was stopped before there was anything to report of a model.
    """

    def settings(job: Job, devices: Sequence[Device]) -> Settings:
        return settings_of(job, default_tier(devices), as_needed=True)

    found: dict[SuiteCase, FitReport | NotJudged] = {}
    for model in dict.fromkeys(case.model for case in suite.case):
        subject = find_model(model, library, dims={}, on_progress=on_progress)

        def once(job: Job, how: Settings, tell: OnProgress, subject: Subject = subject) -> Measurement:
            return run(subject, job, how, feeds={}, on_progress=tell, library=library)

        by_job: dict[str, list[SuiteCase]] = {}
        for case in suite.case:
            if case.model == model:
                by_job.setdefault(case.workload, []).append(case)
        wanted = [ask(find_job(job, library), _targets(cases, library), settings) for job, cases in by_job.items()]
        judged = judge_all([fitting(asked, subject.model) for asked in wanted], once, on_progress=on_progress)
        found |= zip((case for cases in by_job.values() for case in cases), judged, strict=True)
    return tuple(found[case] for case in suite.case)


def _targets(cases: Sequence[SuiteCase], library: Library) -> list[Target]:
    partners = [library.partner(case.partner) if case.partner else None for case in cases]
    return [
        Target(library.device(case.device), partner, standards_of(partner, library))
        for case, partner in zip(cases, partners, strict=True)
    ]
