"""The runs of a suite in a lab: what is packed for them, and how what came is judged while others run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import cache, partial

from assess.describe.library import Library
from assess.files import sha256_of
from assess.lab.answer import read_answer
from assess.lab.dask_lab import LOCAL, session
from assess.lab.flow import measured_in
from assess.lab.judging import judge_as_they_come
from assess.lab.messages import Came
from assess.lab.parcel import Parcel, packed
from assess.lab.turns import Arrival, Case
from assess.measure.measurement import Measurement, Settings
from assess.measure.stages import StageModel
from assess.measure.tiers import QUICK
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import settings_of, stage_models
from assess.portfolio import Judged, PlannedRun, Save
from assess.suite import SuitePlan, usual_settings


def settings_in(address: str) -> Callable[..., Settings]:
    """The settings of a run in a lab where no tier is named: its workers are the devices that they offer, but here."""
    if address == LOCAL:
        return usual_settings
    return lambda job, _, **others: settings_of(job, QUICK, as_needed=True, **others)


def judge_in_lab(
    plan: SuitePlan,
    library: Library,
    address: str,
    *,
    save: Save,
    on_progress: OnProgress = silent,
    note: Callable[[str], None] = lambda _: None,
) -> Judged:
    """Measure the runs of a suite in a lab, and judge each as it comes.

    Args:
        plan: of the suite, with a run for each device.
        library: of the models of stages.
        address: of the lab's scheduler, or "local".
        save: keeps each run before it is judged.
        on_progress: told how far all of it is.
        note: told what cannot be measured, as soon as that is known.

    Raises:
        AssessError: the scheduler cannot be reached.
    """
    devices = sorted({target.device.id for planned in plan.runs for target in planned.targets})
    pack, read = _packer(plan, library), partial(_read, plan)

    def arrivals(numbers: Sequence[int]) -> Generator[Arrival]:
        if not numbers:
            return
        cases = {number: _case(plan.runs[number]) for number in numbers}
        with session(address, devices, plan.suite.id, pack, lambda number: plan.runs[number].name) as lab:
            yield from measured_in(lab, cases, read, on_progress=on_progress, note=note)

    return judge_as_they_come(plan.runs, arrivals, save=save)


def _case(planned: PlannedRun) -> Case:
    return Case(planned.targets[0].device.id, planned.expected_s, planned.name)


def _packer(plan: SuitePlan, library: Library) -> Callable[[int], Parcel]:
    """Packs runs by their numbers; what several need is read once."""
    digest = cache(sha256_of)
    stages: dict[str, dict[str, StageModel]] = {}

    def pack(number: int) -> Parcel:
        planned, subject = plan.runs[number], plan.subjects[plan.cases[number][0].model]
        assert planned.settings is not None  # What is refused is not sent.
        job = planned.job
        if job.workload.id not in stages:
            stages[job.workload.id] = stage_models(job, library)
        return packed(planned.name, subject, job, planned.settings, stages[job.workload.id], digest)

    return pack


def _read(plan: SuitePlan, came: Came) -> Measurement:
    planned = plan.runs[came.number]
    return read_answer(came.answer, planned, plan.subjects[plan.cases[came.number][0].model].model, came.worker)
