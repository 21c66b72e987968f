"""The flow of a suite: each model is read once and measured once for each job, and judged for the job's devices."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, TypeVar

from assess import __version__
from assess.describe.device import Device
from assess.describe.library import Library
from assess.describe.model import Model
from assess.describe.suite import Suite, SuiteCase
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.judge.case import Invocation
from assess.judge.suite import CaseResult, SuiteReport, Unusable
from assess.measure.alone import alone
from assess.measure.host import read_host
from assess.measure.measurement import Host, Measurement, Settings
from assess.measure.record import read
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, default_tier, find_job, find_model, settings_of
from assess.pipeline import run as run_here
from assess.portfolio import Judged, PlannedRun, Run, RunOnce, Target, planned_run, refused_by_model, runner, targets_of

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
FindModel = Callable[..., Subject]


@dataclass(frozen=True, slots=True)
class SuitePlan:
    """What is to be done for a suite.

    Attributes:
        suite: with the cases that are wanted.
        unusable: why some cases are none.
        subjects: the models, as the cases name them.
        runs: one for each model and each of its jobs.
        cases: of each run, in the order of its targets.
    """

    suite: Suite
    unusable: Mapping[SuiteCase, Unusable]
    subjects: Mapping[str, Subject]
    runs: tuple[PlannedRun, ...]
    cases: tuple[tuple[SuiteCase, ...], ...]


def plan_suite(
    suite: Suite,
    folder: Path,
    library: Library,
    settings: Callable[[Job, Sequence[Device]], Settings],
    *,
    options: tuple[str, ...] = (),
    on_progress: OnProgress = silent,
    find: FindModel = find_model,
    by_device: bool = False,
) -> SuitePlan:
    """Find and read what the cases name, each once; a case that names what cannot be used is none of the others'.

    Args:
        suite: with the cases that are wanted.
        folder: where paths of models begin.
        library: of all that is named by its id.
        settings: of a run for a job, to be judged for some devices.
        options: what next steps say again.
        on_progress: told what is being read.
        find: reads a model.
        by_device: whether there is a run for each device, as in a lab; else one is judged for all of them.

    Raises:
        AssessError: the settings are none, whatever the job is.
    """
    subjects = _each_once(
        {case.model: partial(_subject, _typed(case.model, folder), library, find, on_progress) for case in suite.case}
    )
    jobs = _each_once({case.workload: partial(find_job, case.workload, library) for case in suite.case})
    # A device is read once for all of its cases, of which there may be thousands.
    places = {(case.device, case.partner): partial(_target, case, library) for case in suite.case}
    targets = _each_once(places)
    unusable: dict[SuiteCase, Unusable] = {}
    grouped: dict[str, list[SuiteCase]] = {}
    for case in suite.case:
        named = subjects[case.model], jobs[case.workload], targets[case.device, case.partner]
        if wrong := next((one for one in named if isinstance(one, Unusable)), None):
            unusable[case] = wrong
        else:
            grouped.setdefault(run_name(case, by_device=by_device), []).append(case)
    there = {word: subject for word, subject in subjects.items() if isinstance(subject, Subject)}
    runs = []
    for name, cases in grouped.items():
        model, workload = cases[0].model, cases[0].workload
        job = jobs[workload]
        assert isinstance(job, Job)  # Or none of its cases could be used.
        there_too = (targets[case.device, case.partner] for case in cases)
        wanted = [target for target in there_too if isinstance(target, Target)]
        again = Invocation(_typed(model, folder), workload, options)
        planned = replace(planned_run(job, wanted, settings, again), label=name)
        runs.append(refused_by_model(planned, there[model].model))
    return SuitePlan(suite, unusable, there, tuple(runs), tuple(map(tuple, grouped.values())))


def usual_settings(
    job: Job, devices: Sequence[Device], host: Callable[[], Host] = read_host, **others: Any
) -> Settings:
    """The settings of a run where no tier is named, on the machine that `host` reads; `others` are of `Settings`."""
    return settings_of(job, default_tier(devices, host=host), as_needed=True, **others)


def run_name(case: SuiteCase, *, by_device: bool = False) -> str:
    """What the run is called that a case stands on; a lab makes one for each device."""
    return f"{case.model}, {case.workload}" + f", {case.device}" * by_device


def run_files(suite: Suite, folder: Path, *, by_device: bool = False) -> dict[str, Path]:
    """Where the runs of a suite are kept, by their names; whichever cases are picked, they are the same."""
    found: dict[str, Path] = {}
    taken: set[str] = set()  # Whatever their case: some file systems do not tell it apart.
    for case in suite.case:
        run = run_name(case, by_device=by_device)
        if run in found:
            continue
        stem = f"run-{case.model.removesuffix('.onnx')}-{case.workload}" + f"-{case.device}" * by_device
        stem = re.sub(r"[^\w.-]+", "-", stem)
        endings = chain([""], (f"-{number}" for number in count(2)))
        name = next(name for ending in endings if (name := f"{stem}{ending}.json").casefold() not in taken)
        taken.add(name.casefold())
        found[run] = folder / name
    return found


def resumed(plan: SuitePlan, files: Mapping[str, Path]) -> tuple[SuitePlan, tuple[str, ...]]:
    """The same plan with the runs that were made before, and of those that cannot be used why not."""
    notes: list[str] = []
    runs = []
    for planned, cases in zip(plan.runs, plan.cases, strict=True):
        made = None
        if planned.settings is not None and (file := files[planned.name]).exists():
            made, why = _made_before(file, planned, plan.subjects[cases[0].model].model)
            notes += [f"{why}: it is measured again"] if why else []
        runs.append(replace(planned, made=made))
    return replace(plan, runs=tuple(runs)), tuple(notes)


def runner_of(plan: SuitePlan, library: Library, *, on_wait: Callable[[str], None], run: Run | None = None) -> RunOnce:
    """Runs each model for its jobs, with no other suite's run beside it.

    Args:
        plan: the runs.
        library: where other models of a job are found.
        on_wait: told whose run is waited for.
        run: that of a target, which has a lock of its own; None: on this host.
    """
    once = {
        planned.name: runner(plan.subjects[cases[0].model], library, feeds={}, run=run or run_here)
        for planned, cases in zip(plan.runs, plan.cases, strict=True)
    }

    def run_once(planned: PlannedRun, tell: OnProgress) -> Measurement:
        with nullcontext() if run else alone(f"assess suite {plan.suite.id}", on_wait):
            return once[planned.name](planned, tell)

    return run_once


def report_of(plan: SuitePlan, judged: Judged) -> SuiteReport:
    """What came of each case, in the order of the suite."""
    outcomes = dict(zip(chain.from_iterable(plan.cases), judged.outcomes, strict=True))
    places = zip(plan.cases, plan.runs, strict=True)
    partners = {case: one.partner for cases, run in places for case, one in zip(cases, run.targets, strict=True)}
    results = tuple(
        CaseResult(case, plan.unusable.get(case) or outcomes[case], _model(plan, case), partners.get(case))
        for case in plan.suite.case
    )
    return SuiteReport(plan.suite, results, __version__)


def _model(plan: SuitePlan, case: SuiteCase) -> Model | None:
    return plan.subjects[case.model].model if case.model in plan.subjects else None


def _each_once(makers: Mapping[K, Callable[[], T]]) -> dict[K, T | Unusable]:
    """What each makes, or why it cannot."""
    return {key: _or_why(make) for key, make in makers.items()}


def _or_why(make: Callable[[], T]) -> T | Unusable:
    try:
        return make()
    except AssessError as error:
        return Unusable(str(AssessError(error.problem, where=error.where)), error.hint)


def _typed(model: str, folder: Path) -> str:
    """A model as it would be typed here: its path, or the id of a shipped one."""
    return str(folder / model) if model.endswith(".onnx") else model


def _subject(typed: str, library: Library, find: FindModel, on_progress: OnProgress) -> Subject:
    # An id is never a file that happens to have its name here.
    path = typed if typed.endswith(".onnx") else str(library.model_file(typed))
    return find(path, library, dims={}, on_progress=on_progress)


def _target(case: SuiteCase, library: Library) -> Target:
    partner = library.partner(case.partner) if case.partner else None
    return targets_of([library.device(case.device)], partner, library)[0]


def _made_before(file: Path, planned: PlannedRun, model: Model) -> tuple[Measurement | None, str]:
    """The run in a file, if it is the planned one; else why it is not."""
    try:
        found = read(file)
    except AssessError as error:
        return None, str(error)
    differs = difference(found, planned, model)
    return (None, f"{file} {differs}") if differs else (found, "")


def difference(found: Measurement, planned: PlannedRun, model: Model) -> str:
    """In what a run is not the planned one of a model; "" if it is."""
    if (found.model.sha256, found.model.dims) != (model.sha256, model.dims):
        return "is of another model"
    if (found.workload_id, found.workload) != (planned.job.workload.id, planned.job.authored):
        return "is for another workload"
    if found.requested != planned.settings:
        return "was measured with other settings"
    return "was not finished" if found.incomplete else ""
