"""Each flow on one screen: find and describe a model, run it, judge the run; and a whole suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assess import __version__, sandbox
from assess.describe.authored import load, parse
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.graph import DEFAULT_LIMITS, describe
from assess.describe.library import Library, card_beside
from assess.describe.model import Model
from assess.describe.partner import Partner
from assess.describe.suite import Suite
from assess.describe.workload import Job, Workload
from assess.errors import AssessError
from assess.judge.case import Case
from assess.judge.fit_report import FitReport
from assess.judge.fit_report import judge as put_criteria
from assess.measure.diagnosis import Diagnosis, diagnose
from assess.measure.host import read_host
from assess.measure.measurement import Host, Measurement, Settings
from assess.measure.record import measurement_sha256
from assess.measure.run import measure
from assess.measure.timed_run import Launch, OnProgress
from assess.project.estimates import estimate
from assess.project.quantile import count_needed
from assess.project.target import why_not_the_device
from assess.sandbox import Limits

#: Stages that the describing child tells.
_READING: Final = {"hashing": "hashing the model's files"}

#: Inferences on a host that is not the device: enough for memory and to see that it runs; its latency decides nothing.
PROXY_COUNT = 100


def silent(what: str, done: float | None, left_s: float | None) -> None:
    """Progress that nobody watches."""


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
    launch: Launch = sandbox.run,
    host: Callable[[], Host] = read_host,
) -> Measurement:
    """Measure a model for a job on this host; `launch` and `host` are the world, which tests hand in."""
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
    )


def judge(
    measurement: Measurement, device: Device, partner: Partner | None = None, workload: Workload | None = None
) -> FitReport:
    """Judge a run for a device; the job is the one it was measured for, unless another of the same kind is given.

    Raises:
        AssessError: the run's own workload is malformed, or the other one is of another kind.
    """
    measured_for = parse(measurement.workload, Workload, f"the workload of the run ({measurement.workload_id})")
    job = workload or measured_for.model_copy(update={"id": measurement.workload_id})
    if job.scenario.kind != measured_for.scenario.kind:
        raise AssessError(
            f"the run was measured as {measured_for.scenario.kind!r}, {job.id} is {job.scenario.kind!r}",
            hint="measure again with this workload",
        )
    known = estimate(measurement.model, job, device, measurement)
    case = Case(measurement.model, job, device, partner, measurement, known)
    return put_criteria(case, run_sha256=measurement_sha256(measurement), tool=__version__)


def samples_wanted(workload: Workload, devices: Sequence[Device] = (), *, host: Callable[[], Host] = read_host) -> int:
    """Timed inferences that a run needs: enough to bound the percentile, or few if the host is none of the devices."""
    here = host() if devices else None
    if here is not None and all(why_not_the_device(here, device) for device in devices):
        return PROXY_COUNT
    return count_needed(workload.requires.percentile, discarded=1)


def time_limit_s(workload: Workload, count: int) -> float:
    """What a run may take unless a limit is given: ten minutes, or twice `count` inferences at the deadline."""
    return max(Settings().timeout_s, 2.0 * count * (workload.deadline_s or 0.0))


def run_suite(suite: Suite, library: Library, *, on_progress: OnProgress = silent) -> list[FitReport]:
    """Every case of a suite, in its order; each model is measured once for each job, for all of its devices."""
    runs: dict[tuple[str, str], Measurement] = {}
    reports = []
    for case in suite.case:
        key = case.model, case.workload
        if key not in runs:
            job = find_job(case.workload, library)
            devices = [library.device(other.device) for other in suite.case if (other.model, other.workload) == key]
            subject = find_model(case.model, library, dims={}, on_progress=on_progress)
            count = samples_wanted(job.workload, devices)
            settings = Settings(min_count=count, timeout_s=time_limit_s(job.workload, count))
            runs[key] = run(subject, job, settings, feeds={}, on_progress=on_progress)
        partner = library.partner(case.partner) if case.partner else None
        reports.append(judge(runs[key], library.device(case.device), partner))
    return reports


def doctor(
    *,
    rate_hz: float | None = None,
    deadline_s: float | None = None,
    provider: str = "CPUExecutionProvider",
    on_progress: OnProgress = silent,
    launch: Launch = sandbox.run,
) -> Diagnosis:
    """Look at this host as an instrument: its floor, its conditions, the deadlines that it can measure."""
    return diagnose(rate_hz=rate_hz, deadline_s=deadline_s, provider=provider, on_progress=on_progress, launch=launch)
