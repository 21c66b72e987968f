"""The flow over many cases: a model is measured once for each job, and judged for each of the job's devices."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from assess.describe.device import Device
from assess.describe.model import Model
from assess.describe.partner import Partner
from assess.describe.standard import Standard
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.judge.case import Typed
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged, Outcome
from assess.measure.batches import batch_axes
from assess.measure.host import available_bytes
from assess.measure.inputs import prepare
from assess.measure.measurement import Measurement, Settings
from assess.measure.reference import ReferenceModel, check
from assess.measure.scenario_runs import require_states
from assess.measure.scenarios.generate import cache_of
from assess.measure.tiers import SUSTAINED, SUSTAINED_LIMIT_S
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, expected_s, judge, was_stopped
from assess.report.facts.fact import several

#: Runs the model for a job; how else it is run is the caller's.
RunOnce = Callable[[Job, Settings, OnProgress], Measurement]
#: Keeps a run before it is judged.
Save = Callable[[Job, Measurement], None]
Outcomes = tuple[Outcome, ...]
_NOTHING: Final = Typed()


class Target(NamedTuple):
    """Where a model is to run, for whom, if somebody was named, and the standards that they collect evidence for."""

    device: Device
    partner: Partner | None = None
    standards: tuple[Standard, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a job is not one that the model is run for.

    Attributes:
        why: the reason, one line.
        next_step: what to do about it; "" if there is nothing better than the reason.
    """

    why: str
    next_step: str = ""


_BEFORE: Final = Refusal("stopped before it was measured")


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run, and what it is to be judged for.

    Attributes:
        job: what the model is run for.
        settings: how; None if it is refused.
        refused: why it cannot be run for this job, which leaves the other jobs alone; None if it can be.
        targets: where it is to run and for whom, in the order of the report.
        typed: what next steps say again.
    """

    job: Job
    settings: Settings | None
    refused: Refusal | None
    targets: tuple[Target, ...]
    typed: Typed = _NOTHING

    @property
    def expected_s(self) -> float:
        """What its frames will take, about; nothing if it is refused."""
        settings = self.settings
        if settings is None:
            return 0.0
        if settings.tier == SUSTAINED.name:
            return SUSTAINED_LIMIT_S
        each_s = expected_s(self.job, settings.min_count, settings.min_duration_s)
        return each_s * max(1, len(self.job.workload.scenario.batches))


class NotSavedError(AssessError):
    """A run could not be saved. It was judged all the same; nothing was measured after it.

    Attributes:
        outcomes: of every case.
    """

    def __init__(self, error: AssessError, outcomes: Sequence[Outcome]) -> None:
        super().__init__(error.problem, where=error.where, hint=error.hint)
        self.outcomes = tuple(outcomes)


class CaseFailedError(Exception):
    """`assess` itself failed in one case: a bug, which this exception is raised from. The others are done.

    Attributes:
        outcomes: of every case.
    """

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        super().__init__("a case could not be judged")
        self.outcomes = tuple(outcomes)


def planned_run(
    job: Job,
    targets: Sequence[Target],
    settings: Callable[[Job, Sequence[Device]], Settings],
    typed: Typed = _NOTHING,
) -> PlannedRun:
    """The run for a job, to be judged for some devices; `settings` are those of the command line or of a suite.

    Raises:
        AssessError: the settings are none, whatever the job is.
    """
    try:
        expected_s(job, 1, 0.0)
    except AssessError as error:  # It has no schedule that a run could follow.
        return PlannedRun(job, None, _refusal(error), tuple(targets), typed)
    return PlannedRun(job, settings(job, [target.device for target in targets]), None, tuple(targets), typed)


def refused_by_model(planned: PlannedRun, model: Model) -> PlannedRun:
    """The same, or why this model cannot be run for that job, as far as the graph tells."""
    scenario = planned.job.workload.scenario
    try:
        if scenario.kind == "generate":
            cache_of([port.name for port in model.inputs], [port.name for port in model.outputs])
        if scenario.kind == "stateful":
            require_states(model, scenario.states)
        if scenario.kind == "offline" and not model.dims:  # Of dynamic ones, which is the batch takes another reading.
            batch_axes(model, scenario.batch_dim, scenario.batches, lambda _: model)
    except AssessError as error:
        return replace(planned, settings=None, refused=_refusal(error))
    return planned


def _refusal(error: AssessError) -> Refusal:
    return Refusal(str(AssessError(error.problem, where=error.where)), error.hint)


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


def judge_all(
    wanted: Sequence[PlannedRun], run_once: RunOnce, *, save: Save | None = None, on_progress: OnProgress = silent
) -> Outcomes:
    """Measure a model for each job, and judge it for the job's devices.

    A job that the model cannot do is none of the others', nor is a bug in one case; Ctrl-C ends the measuring, not the
    report.

    Args:
        wanted: the runs, in their order.
        run_once: runs the model for one job.
        save: keeps each run before it is judged.
        on_progress: told what is being done, the share of all runs that is done and the seconds left of all of them.

    Raises:
        NotSavedError: `save` raised an AssessError.
        CaseFailedError: something raised what no input should make it raise, and there is something to report.
        AssessError: no case could be judged, all of them for the same reason.
        KeyboardInterrupt: it was stopped before anything was measured.
    """
    outcomes: list[Outcome] = []
    errors: list[AssessError] = []
    bugs: list[Exception] = []
    not_saved: NotSavedError | None = None
    over: Refusal | None = None
    for planned, tell in zip(wanted, _overall(wanted, on_progress), strict=True):
        try:
            found = _outcomes(planned, over, run_once, save, tell, bugs)
        except NotSavedError as error:
            not_saved, found = error, error.outcomes
            over = Refusal(f"not measured, since the run for {planned.job.workload.id} could not be saved")
        except AssessError as error:
            errors.append(error)
            found = _not_judged(planned, _refusal(error), stopped=False)
        except KeyboardInterrupt:
            found = _not_judged(planned, _BEFORE, stopped=True)
        except Exception as bug:  # Raised again when the others are done.
            bugs.append(bug)
            found = _not_judged(planned, _failed(bug), stopped=False)
        if any(isinstance(outcome, NotJudged) and outcome.stopped for outcome in found):
            over = over or _BEFORE
        outcomes += found
    if bugs:
        raise _with_what_is_done(bugs[0], not_saved, outcomes)
    if not_saved:
        raise NotSavedError(not_saved, outcomes) from not_saved
    if not _any_judged(outcomes):
        if over and not errors and not _any_begun(outcomes):
            raise KeyboardInterrupt
        if not over and len(set(map(str, errors))) == 1:
            raise errors[0]
    return tuple(outcomes)


def _any_judged(outcomes: Sequence[Outcome]) -> bool:
    return any(isinstance(outcome, FitReport) for outcome in outcomes)


def _any_begun(outcomes: Sequence[Outcome]) -> bool:
    """Whether what was stopped had measured something."""
    stopped = (outcome for outcome in outcomes if isinstance(outcome, NotJudged) and outcome.stopped)
    return any(outcome.why != _BEFORE.why for outcome in stopped)


def _with_what_is_done(bug: Exception, not_saved: NotSavedError | None, outcomes: Sequence[Outcome]) -> Exception:
    """The bug itself where there is nothing to report; a run that could not be saved is told beside it."""
    if not_saved:
        bug.add_note(str(not_saved))
    if not _any_judged(outcomes):
        return bug
    failed = CaseFailedError(outcomes)
    failed.__cause__ = bug
    return failed


def _outcomes(
    planned: PlannedRun,
    over: Refusal | None,
    run_once: RunOnce,
    save: Save | None,
    tell: OnProgress,
    bugs: list[Exception],
) -> Outcomes:
    """Of the cases of one run; `over` says why nothing is measured any more, `bugs` get what went wrong after it."""
    if planned.refused:
        raise AssessError(planned.refused.why, hint=planned.refused.next_step)
    if over:
        return _not_judged(planned, over, stopped=True)
    assert planned.settings is not None  # What is not refused has them.
    measurement = run_once(planned.job, planned.settings, tell)
    try:
        if save:  # First: what was measured must not be lost to what goes wrong in judging it.
            save(planned.job, measurement)
    except AssessError as error:
        raise NotSavedError(error, _judged(planned, measurement, bugs)) from error
    except Exception as bug:
        bugs.append(bug)
    return _judged(planned, measurement, bugs)


def _judged(planned: PlannedRun, measurement: Measurement, bugs: list[Exception]) -> Outcomes:
    if was_stopped(measurement):
        why = f"stopped while it was measured, after {several(len(measurement.frames), 'frame')}"
        return _not_judged(planned, Refusal(why), stopped=True)
    return tuple(_case(planned, target, measurement, bugs) for target in planned.targets)


def _case(planned: PlannedRun, target: Target, measurement: Measurement, bugs: list[Exception]) -> Outcome:
    device, partner, standards = target
    try:
        return judge(measurement, device, partner, standards=standards, typed=planned.typed)
    except AssessError:  # It is of the run, so of every case.
        raise
    except Exception as bug:
        bugs.append(bug)
        return _not_judged_on(planned, device, _failed(bug), stopped=False)


def _failed(bug: Exception) -> Refusal:
    why = f"assess itself failed: {type(bug).__name__}: {bug}".rstrip(": ")
    return Refusal(why, "report it, with what standard error says of it")


def _not_judged(planned: PlannedRun, refusal: Refusal, *, stopped: bool) -> Outcomes:
    return tuple(_not_judged_on(planned, target.device, refusal, stopped=stopped) for target in planned.targets)


def _not_judged_on(planned: PlannedRun, device: Device, refusal: Refusal, *, stopped: bool) -> NotJudged:
    return NotJudged(planned.job.workload, device, refusal.why, refusal.next_step, stopped=stopped)


def _overall(wanted: Sequence[PlannedRun], on_progress: OnProgress) -> Iterator[OnProgress]:
    """For each run something to tell its progress to, which adds what the others have done and have to do."""
    if len(wanted) == 1:
        yield on_progress
        return
    whole_s = sum(planned.expected_s for planned in wanted)
    after_s = whole_s
    for number, planned in enumerate(wanted, start=1):
        after_s -= planned.expected_s
        name = f"{number} of {len(wanted)}, {planned.job.workload.id}"
        yield _counted(name, planned.expected_s, after_s, whole_s, on_progress)


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
