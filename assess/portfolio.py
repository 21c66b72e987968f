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
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.files import write_whole
from assess.judge.case import Invocation
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged, Outcome
from assess.measure.batches import batch_axes
from assess.measure.host import available_bytes
from assess.measure.inputs import prepare
from assess.measure.interruption import was_stopped
from assess.measure.measurement import Measurement, Settings
from assess.measure.record import to_json
from assess.measure.reference import ReferenceModel, check
from assess.measure.scenario_runs import require_states
from assess.measure.scenarios.generate import cache_of
from assess.measure.tiers import SUSTAINED, SUSTAINED_LIMIT_S
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, expected_s, judge, run, standards_of
from assess.report.facts.fact import several

Outcomes = tuple[Outcome, ...]
_NOTHING: Final = Invocation()
STOPPED_BEFORE: Final = "stopped before it was measured"


class Target(NamedTuple):
    """Where a model is to run, for whom, if somebody was named, and the standards that they collect evidence for."""

    device: Device
    partner: Partner | None = None
    standards: tuple[Standard, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run, and what it is to be judged for.

    Attributes:
        job: what the model is run for.
        settings: how; None if it is refused.
        refused: why it cannot be run for this job, which leaves the other jobs alone; None if it can be.
        targets: where it is to run and for whom, in the order of the report.
        invocation: what next steps say again.
        label: what the run is called where the job's id does not tell; "" where it does.
        made: the run, if it was made before: it is judged, and not made again.
    """

    job: Job
    settings: Settings | None
    refused: AssessError | None
    targets: tuple[Target, ...]
    invocation: Invocation = _NOTHING
    label: str = ""
    made: Measurement | None = None

    @property
    def name(self) -> str:
        """What it is called among the others."""
        return self.label or self.job.workload.id

    @property
    def expected_s(self) -> float:
        """What its frames will take, about; nothing if it is refused or was made before."""
        settings = self.settings
        if settings is None or self.made is not None:
            return 0.0
        if settings.tier == SUSTAINED.name:
            return SUSTAINED_LIMIT_S
        each_s = expected_s(self.job, settings.min_count, settings.min_duration_s)
        return each_s * max(1, len(self.job.workload.scenario.batches))


#: Runs a model for a job; which one and how else is the caller's.
RunOnce = Callable[[PlannedRun, OnProgress], Measurement]
#: Runs a model for a job, as `pipeline.run` does.
Run = Callable[..., Measurement]
#: Keeps a run before it is judged.
Save = Callable[[PlannedRun, Measurement], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of some cases, and what went wrong on the way; one beside another is what came of both.

    Attributes:
        outcomes: of the cases, in their order.
        refused: why models could not be run for their jobs, job by job.
        not_saved: why a run could not be kept; it was judged all the same.
        bug: what `assess` itself failed with first.
        measured: whether anything was measured.
        over: why nothing is measured after it; "" if others have their turn.
    """

    outcomes: Outcomes = ()
    refused: tuple[AssessError, ...] = ()
    not_saved: AssessError | None = None
    bug: Exception | None = None
    measured: bool = False
    over: str = ""

    def __add__(self, later: Judged) -> Judged:
        return Judged(
            self.outcomes + later.outcomes,
            self.refused + later.refused,
            self.not_saved or later.not_saved,
            self.bug or later.bug,
            self.measured or later.measured,
            self.over or later.over,
        )

    @property
    def any_judged(self) -> bool:
        """Whether there is a verdict at all."""
        return any(isinstance(outcome, FitReport) for outcome in self.outcomes)


def targets_of(devices: Sequence[Device], partner: Partner | None, library: Library) -> tuple[Target, ...]:
    """Devices as targets, all for the same partner."""
    return tuple(Target(device, partner, standards_of(partner, library)) for device in devices)


def planned_run(
    job: Job,
    targets: Sequence[Target],
    settings: Callable[[Job, Sequence[Device]], Settings],
    invocation: Invocation = _NOTHING,
) -> PlannedRun:
    """The run for a job, to be judged for some devices; `settings` are those of the command line or of a suite.

    Raises:
        AssessError: the settings are none, whatever the job is.
    """
    try:
        expected_s(job, 1, 0.0)
    except AssessError as error:  # It has no schedule that a run could follow.
        return PlannedRun(job, None, error, tuple(targets), invocation)
    return PlannedRun(job, settings(job, [target.device for target in targets]), None, tuple(targets), invocation)


def runs_of_model(
    planned: Sequence[PlannedRun],
    subject: Subject,
    feeds: Mapping[str, Path],
    reference: ReferenceModel | Path | None,
    *,
    seed: int,
) -> list[PlannedRun]:
    """The same runs, those refused that the model cannot do.

    Raises:
        AssessError: an input or the reference is not one that can be used with this model, whatever the job is.
    """
    if len(planned) > 1:  # One alone tells it by itself.
        check_inputs(subject, feeds, reference, seed=seed)
    return [refused_by_model(each, subject.model) for each in planned]


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
        return replace(planned, settings=None, refused=error)
    return planned


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


def runner(
    subject: Subject,
    library: Library,
    *,
    feeds: Mapping[str, Path],
    reference: ReferenceModel | Path | None = None,
    run: Run = run,
) -> RunOnce:
    """Runs this model, fed so, for each job: on this host, unless `run` is that of a target."""

    def once(planned: PlannedRun, tell: OnProgress) -> Measurement:
        assert planned.settings is not None  # What is not refused has them.
        return run(
            subject, planned.job, planned.settings,
            feeds=feeds, reference=reference, library=library, on_progress=tell,
        )  # fmt: skip

    return once


def keep_in(files: Mapping[str, Path], told: Callable[[Path], object] = lambda _: None) -> Save:
    """Writes each run to the file that is there for it, by its name, and tells it; one that has none is not kept."""

    def save(planned: PlannedRun, measurement: Measurement) -> None:
        if planned.name in files:
            write_whole(files[planned.name], to_json(measurement))
            told(files[planned.name])

    return save


def judge_all(
    wanted: Sequence[PlannedRun], run_once: RunOnce, *, save: Save = lambda *_: None, on_progress: OnProgress = silent
) -> Judged:
    """Measure a model for each job, and judge it for the job's devices; as `judge_each`, if there is anything to tell.

    Raises:
        AssessError: no case could be judged, all of them for the same reason.
        KeyboardInterrupt: it was stopped before anything was measured.
        Exception: a bug, where nothing was judged.
    """
    judged = judge_each(wanted, run_once, save=save, on_progress=on_progress)
    if judged.any_judged:
        return judged
    if judged.bug:
        raise judged.bug
    if judged.over and not judged.refused and not judged.measured:
        raise KeyboardInterrupt
    if not judged.over and len(set(map(str, judged.refused))) == 1:
        raise judged.refused[0]
    return judged


def judge_each(
    wanted: Sequence[PlannedRun], run_once: RunOnce, *, save: Save = lambda *_: None, on_progress: OnProgress = silent
) -> Judged:
    """Measure each run, and judge it for its targets.

    A job that a model cannot do is none of the others', nor is a bug in one case; Ctrl-C ends the measuring, not the
    report, and so does a run that cannot be saved.

    Args:
        wanted: the runs, in their order.
        run_once: runs the model for one job.
        save: keeps each run before it is judged.
        on_progress: told what is being done, the share of all runs that is done and the seconds left of all of them.
    """
    judged = Judged()
    for planned, tell in zip(wanted, _overall(wanted, on_progress), strict=True):
        judged += of_run(planned, judged.over, run_once, save, tell)
    if judged.bug and judged.not_saved:  # One can be raised; what is told with it is not lost.
        judged.bug.add_note(str(judged.not_saved))
    return judged


def of_run(planned: PlannedRun, over: str, run_once: RunOnce, save: Save, tell: OnProgress) -> Judged:
    """Of the cases of one run; `over` says why nothing is measured any more."""
    if planned.refused:
        return _refused(planned, planned.refused)
    if planned.made is not None:
        return _judged(planned, planned.made)
    if over:
        return Judged(_not_judged(planned, over, stopped=True))
    try:
        measurement = run_once(planned, tell)
        # Saved first: what was measured must not be lost to what goes wrong in judging it.
        return _saved(planned, measurement, save) + _judged(planned, measurement)
    except KeyboardInterrupt:
        return Judged(_not_judged(planned, STOPPED_BEFORE, stopped=True), over=STOPPED_BEFORE)
    except AssessError as error:
        return _refused(planned, error)
    except Exception as bug:  # Raised again when the others are done.
        return Judged(_not_judged(planned, *_failed(bug)), bug=bug)


def _saved(planned: PlannedRun, measurement: Measurement, save: Save) -> Judged:
    """What saving adds to what came of a run: nothing, if it went well."""
    try:
        save(planned, measurement)
    except AssessError as error:
        return Judged(not_saved=error, over=f"not measured, since the run for {planned.name} could not be saved")
    except Exception as bug:
        return Judged(bug=bug)
    return Judged()


def _judged(planned: PlannedRun, measurement: Measurement) -> Judged:
    if was_stopped(measurement):
        why = f"stopped while it was measured, after {several(len(measurement.frames), 'frame')}"
        return Judged(_not_judged(planned, why, stopped=True), measured=True, over=STOPPED_BEFORE)
    try:
        return sum((_case(planned, target, measurement) for target in planned.targets), Judged(measured=True))
    except AssessError as error:  # It is of the run, so of every case.
        return _refused(planned, error)


def _case(planned: PlannedRun, target: Target, measurement: Measurement) -> Judged:
    device, partner, standards = target
    try:
        report = judge(measurement, device, partner, standards=standards, invocation=planned.invocation)
        return Judged((report,))
    except AssessError:
        raise
    except Exception as bug:
        return Judged((NotJudged(planned.job.workload, device, *_failed(bug)),), bug=bug)


def _refused(planned: PlannedRun, error: AssessError) -> Judged:
    why = str(AssessError(error.problem, where=error.where))
    return Judged(_not_judged(planned, why, error.hint), refused=(error,))


def _failed(bug: Exception) -> tuple[str, str]:
    """Why there is no answer, and what to do."""
    why = f"assess itself failed: {type(bug).__name__}: {bug}".rstrip(": ")
    return why, "report it, with what standard error says of it"


def _not_judged(planned: PlannedRun, why: str, next_step: str = "", *, stopped: bool = False) -> Outcomes:
    return tuple(
        NotJudged(planned.job.workload, target.device, why, next_step, stopped=stopped) for target in planned.targets
    )


def _overall(wanted: Sequence[PlannedRun], on_progress: OnProgress) -> Iterator[OnProgress]:
    """For each run something to tell its progress to, which adds what the others have done and have to do."""
    if len(wanted) == 1:
        yield on_progress
        return
    whole_s = sum(planned.expected_s for planned in wanted)
    after_s = whole_s
    for number, planned in enumerate(wanted, start=1):
        after_s -= planned.expected_s
        name = f"{number} of {len(wanted)}, {planned.name}"
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
