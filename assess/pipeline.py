"""Each flow on one screen: find and describe a model, run it, judge the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assess import __version__, sandbox
from assess.describe.authored import load, parse
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.graph import DEFAULT_LIMITS, describe
from assess.describe.library import Library, card_beside
from assess.describe.model import Model
from assess.describe.partner import Partner
from assess.describe.scenario import Scenario
from assess.describe.standard import Standard
from assess.describe.suggestions import nearest
from assess.describe.workload import Job, Requires, Workload
from assess.errors import AssessError
from assess.judge.case import Case, Invocation
from assess.judge.certificate import frames_for_certificate
from assess.judge.deadline import contract_of
from assess.judge.fit_report import FitReport
from assess.judge.fit_report import judge as put_criteria
from assess.judge.weakly_hard import frames_for_contract
from assess.measure.diagnosis import Diagnosis, diagnose
from assess.measure.extra_passes import PASSES
from assess.measure.host import read_host
from assess.measure.measurement import Host, Measurement, Settings
from assess.measure.passes.timed import SHARE_OF_TIMEOUT
from assess.measure.record import measurement_sha256
from assess.measure.reference import ReferenceModel
from assess.measure.run import measure
from assess.measure.runners.local import LocalMachine
from assess.measure.runners.machine import Machine
from assess.measure.scenarios.asked import schedule_s
from assess.measure.stages import StageModel, find_stages
from assess.measure.tiers import QUICK, SMOKE, SUSTAINED, SUSTAINED_LIMIT_S, Tier
from assess.measure.timed_run import Launch, OnProgress, silent
from assess.project.estimates import estimate
from assess.project.quantile import count_needed
from assess.project.target import why_not_the_device
from assess.providers import CPU
from assess.sandbox import Limits

#: Stages that the describing child tells.
_READING: Final = {"hashing": "hashing the model's files"}

_NOTHING: Final = Invocation()

#: The sustained tier ends on its own when nothing settles; the worker is stopped only after that.
_SUSTAINED_TIMEOUT_S: Final = SUSTAINED_LIMIT_S / SHARE_OF_TIMEOUT
#: A year: what waits for the child cannot be told to wait for much longer than a few centuries.
_LONGEST_S: Final = 31_536_000.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that was found and described.

    Attributes:
        path: its ONNX file.
        card: what its author says; None if there is no card.
        card_folder: where the card's samples lie.
        model: the facts.
    """

    path: Path
    card: Card | None
    card_folder: Path
    model: Model


def find_model(
    argument: str,
    library: Library,
    *,
    card: Path | None = None,
    dims: Mapping[str, int],
    limits: Limits = DEFAULT_LIMITS,
    on_progress: OnProgress = silent,
) -> Subject:
    """Find a model by path or shipped id, and describe it within limits of time and memory.

    Raises:
        AssessError: there is no such model, it is not ONNX, or a dimension is not bound.
    """
    path = Path(argument)
    if not path.exists() and (beside := _meant(path)):
        raise AssessError("there is no such file", where=argument, hint=f"did you mean {str(beside)!r}?")
    if path.suffix != ".onnx" and not path.exists():
        path = library.model_file(argument)
    if path.is_symlink():  # External data lies beside the file itself; described and run must be the same.
        path = path.resolve()
    found = load(card, Card, id=card.parent.name) if card else card_beside(path)
    folder = card.parent if card else path.parent
    model = describe(
        path,
        dims=dims,
        limits=limits,
        card=found,
        on_progress=lambda message: on_progress(
            _READING.get(message.get("stage", ""), "reading the model"), None, None
        ),
    )
    return Subject(path, found, folder, model)


def _meant(path: Path) -> Path | None:
    """The model beside a path that leads nowhere whose name is nearest; None for a word, which may be an id."""
    if not path.suffix:
        return None
    try:
        beside = {other.stem: other for other in sorted(path.parent.iterdir()) if other.suffix == ".onnx"}
    except OSError:
        return None
    return beside.get(nearest(path.stem, beside) or "")


def find_job(argument: str, library: Library) -> Job:
    """Find a workload by id or path."""
    file = library.path("workloads", argument)
    return Job(library.workload(argument), library.authored("workloads", argument), file.parent)


def run(
    subject: Subject,
    job: Job,
    settings: Settings,
    *,
    feeds: Mapping[str, Path],
    on_progress: OnProgress = silent,
    reference: ReferenceModel | Path | None = None,
    library: Library | None = None,
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
    machine: Callable[[str], Machine] = LocalMachine,
) -> Measurement:
    """Measure a model for a job on this host; `launch`, `host` and `machine` are the world, which others hand in."""
    return measure(
        subject.model,
        subject.path,
        job,
        settings,
        feeds=feeds,
        card=subject.card,
        card_folder=subject.card_folder,
        on_progress=on_progress,
        launch=launch,
        host=host,
        reference=reference,
        stages=stage_models(job, library or Library(), on_progress),
        machine=machine,
    )


def stage_models(job: Job, library: Library, on_progress: OnProgress = silent) -> dict[str, StageModel]:
    """The other models of a pipeline, described, by the stage's name.

    Raises:
        AssessError: one is not there, lies elsewhere, or cannot be described.
    """

    def find(argument: str, dims: Mapping[str, int]) -> StageModel:
        # An id is never a file that happens to have its name here.
        path = argument if argument.endswith(".onnx") else str(library.model_file(argument))
        found = find_model(path, library, dims=dims, on_progress=on_progress)
        return StageModel(found.model, found.path, found.card, found.card_folder)

    return find_stages(job, find)


def find_reference(argument: str, library: Library, dims: Mapping[str, int], limits: Limits) -> ReferenceModel | Path:
    """What outputs are compared with: a model, by path or shipped id, or a path with saved outputs.

    Args:
        argument: as it was typed.
        library: of shipped models.
        dims: numbers for dynamic dimensions of the model or of its reference; names that it does not have are left out.
        limits: what reading it may use.
    """
    path = Path(argument)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise AssessError("is no plain file and no folder", where=f"--reference {argument}")
    if path.exists() and path.suffix != ".onnx":
        return path
    subject, _ = find_counterpart(argument, library, dims, limits)
    return ReferenceModel(subject.model, subject.path)


def find_counterpart(
    argument: str, library: Library, dims: Mapping[str, int], limits: Limits, on_progress: OnProgress = silent
) -> tuple[Subject, frozenset[str]]:
    """Find a model that is compared with another; the same number may have a name in one that it has not in the other.

    Returns:
        The model, and the names of `dims` that it does not have.
    """
    wanted = dict(dims)
    while True:
        try:
            subject = find_model(argument, library, dims=wanted, limits=limits, on_progress=on_progress)
        except AssessError as error:
            unknown = next((name for name in wanted if f"no dynamic dimension {name!r}" in error.problem), None)
            if unknown is None:
                raise
            del wanted[unknown]
        else:
            return subject, frozenset(dims.keys() - wanted.keys())


def standards_of(partner: Partner | None, library: Library) -> tuple[Standard, ...]:
    """The standards that a partner collects evidence for."""
    return tuple(map(library.standard, partner.standards)) if partner else ()


def judge(
    measurement: Measurement,
    device: Device,
    partner: Partner | None = None,
    workload: Workload | None = None,
    *,
    standards: tuple[Standard, ...] = (),
    invocation: Invocation = _NOTHING,
) -> FitReport:
    """Judge a run for a device; the job is the one it was measured for, unless another of the same kind is given.

    Args:
        measurement: the run.
        device: where the model is to run.
        partner: for whom; None if nobody was named.
        workload: the job.
        standards: those that the partner collects evidence for.
        invocation: what next steps say again.

    Raises:
        AssessError: the run's own workload is malformed, or the other one is of another kind.
    """
    measured_for = parse(measurement.workload, Workload, f"the workload of the run ({measurement.workload_id})")
    job = workload or measured_for.model_copy(update={"id": measurement.workload_id})
    if job.scenario != measured_for.scenario:
        raise AssessError(
            f"the run was measured as {_words(measured_for.scenario)}, {job.id} is {_words(job.scenario)}",
            hint="requirements may differ, but how frames arrive may not: measure again with this workload",
        )
    known = estimate(measurement.model, job, device, measurement)
    case = Case(measurement.model, job, device, partner, measurement, known, standards, invocation)
    return put_criteria(case, run_sha256=measurement_sha256(measurement), tool=__version__)


def _words(scenario: Scenario) -> str:
    said = scenario.model_dump(include=scenario.model_fields_set - {"kind"})
    return " ".join([scenario.kind, *(f"{name} {value}" for name, value in sorted(said.items()))])


def default_tier(devices: Sequence[Device] = (), *, host: Callable[[], Host] = read_host) -> Tier:
    """The tier where none is named: a smoke test on a host that is none of the devices; its figures decide nothing."""
    here = host() if devices else None
    elsewhere = here is not None and all(why_not_the_device(here, device) for device in devices)
    return SMOKE if elsewhere else QUICK


def settings_of(
    job: Job,
    tier: Tier,
    *,
    count: int | None = None,
    as_needed: bool = False,
    span_s: float | None = None,
    skip: Sequence[str] = (),
    fidelity: bool = False,
    timeout_s: float | None = None,
    **others: Any,
) -> Settings:
    """Settings of a run in a tier.

    Args:
        job: its percentile and its contract on misses decide how many frames certify it, its schedule how long they
            take, its demands which passes are needed.
        tier: how much is measured.
        count: frames, at least; the tier's where nothing is said.
        as_needed: if no count is given, as many as bound the job's percentile, unless the tier is a smoke test.
        span_s: timed span, at least; the tier's where nothing is said.
        skip: passes to leave out.
        fidelity: whether the model is scored on its card's task, too; it is where the job has a floor.
        timeout_s: of the timed pass; twice what it is expected to take, at least ten minutes.
        others: fields of `Settings`.

    Raises:
        AssessError: the schedule of the job cannot be read.
    """
    requires = job.workload.requires
    frames = count
    if frames is None and as_needed and tier is not SMOKE:
        frames = count_needed(requires.percentile, discarded=1)
    if frames is None:
        frames = tier.count or _certifying(requires)
    span = tier.timed_s if span_s is None else span_s
    asked = {"start": requires.cold_start, "profile": not _on_cpu(others), "fidelity": fidelity or requires.fidelity}
    wanted = {*tier.passes, *(name for name, why in asked.items() if why)} - set(skip)
    if others.get("runner"):  # Passes are of our own harness; one that was asked for by name is refused later.
        wanted = {"fidelity"} if fidelity else set()
    if timeout_s is None:
        timeout_s = _time_limit_s(expected_s(job, frames, span)) if tier is not SUSTAINED else _SUSTAINED_TIMEOUT_S
    return Settings(
        tier=tier.name,
        passes=tuple(name for name in PASSES if name in wanted),
        min_count=frames,
        min_duration_s=span,
        timeout_s=timeout_s,
        **others,
    )


def expected_s(job: Job, count: int, span_s: float) -> float:
    """What the timed part will take, about: exactly known where frames are released by a schedule.

    Elsewhere a frame takes what the job allows it; of `generate` each token is one.

    Raises:
        AssessError: the schedule cannot be read.
    """
    needed_s = schedule_s(job, count)
    if needed_s is None:
        workload = job.workload
        each_s = workload.requires.token if workload.scenario.kind == "generate" else workload.deadline_s
        needed_s = count * (each_s or 0.0)
    return max(span_s, needed_s)


def _certifying(requires: Requires) -> int:
    """Frames that certify a job's percentile, and its contract on misses if it has one."""
    least = frames_for_certificate(requires.percentile)
    return max(least, frames_for_contract(contract_of(requires.misses))) if requires.misses else least


def _on_cpu(others: Mapping[str, Any]) -> bool:
    """Who runs what is asked only where there is another provider."""
    return bool(others.get("provider", CPU) == CPU)


def _time_limit_s(expected: float) -> float:
    return min(max(Settings().timeout_s, 2.0 * expected), _LONGEST_S)


def doctor(
    *,
    rate_hz: float | None = None,
    deadline_s: float | None = None,
    provider: str = CPU,
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
) -> Diagnosis:
    """Look at this host as an instrument: its floor, its conditions, the deadlines that it can measure."""
    return diagnose(rate_hz=rate_hz, deadline_s=deadline_s, provider=provider, on_progress=on_progress, launch=launch)
