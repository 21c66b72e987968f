"""The flow of a suite's gates: each model and job against its baseline of this machine, one after the other."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assess import __version__
from assess.describe.library import Library
from assess.describe.suite import Suite
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.gate.flow import gate, static
from assess.gate.for_job import ForJob
from assess.gate.plan import GatePlan
from assess.gate.store import find
from assess.gate.stored import Stored
from assess.gate.world import WORLD, World
from assess.judge.gate.report import GateReport
from assess.judge.gate.suite import GateSuite, SuiteGate
from assess.measure.baseline_json import read
from assess.measure.measurement import Settings
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, find_job, find_model


@dataclass(frozen=True, slots=True)
class Entry:
    """One model for one job, and the devices that the suite judges it for.

    Attributes:
        model: as the suite names it.
        workload: id of the job.
        devices: ids.
    """

    model: str
    workload: str
    devices: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.model}, {self.workload}"


def entries(suite: Suite) -> list[Entry]:
    """The models of a suite with their jobs, each once, in the order of the suite."""
    devices: dict[tuple[str, str], dict[str, None]] = {}
    for case in suite.case:
        devices.setdefault((case.model, case.workload), {})[case.device] = None
    return [Entry(model, workload, tuple(found)) for (model, workload), found in devices.items()]


def found_entry(entry: Entry, folder: Path, library: Library) -> tuple[Subject, Job]:
    """The model and the job of an entry.

    Args:
        entry: of a suite.
        folder: where paths of models begin.
        library: of all that is named by its id.

    Raises:
        AssessError: one of them is not there, or the model cannot be read.
    """
    return find_model(file_of(entry.model, folder, library), library, dims={}), find_job(entry.workload, library)


def file_of(model: str, folder: Path, library: Library) -> str:
    """The file of a suite's model: paths begin at the suite's folder, and an id is never a file here that has its name.

    Raises:
        AssessError: there is no such id.
    """
    return str(folder / model if model.endswith(".onnx") else library.model_file(model))


def gate_suite(
    suite: Suite,
    folder: Path,
    baselines: Path,
    library: Library,
    settings: Settings,
    plan: GatePlan,
    *,
    named: str = "",
    static_only: bool = False,
    on_progress: OnProgress = silent,
    on_wait: Callable[[str], None] = lambda who: None,
    world: World = WORLD,
    gate_once: Callable[..., GateReport] = gate,
) -> GateSuite:
    """Compare every model of a suite, for each of its jobs, with what was accepted.

    Args:
        suite: with its cases.
        folder: where paths of models begin.
        baselines: folder of baselines.
        library: of all that is named by its id.
        settings: how models are run.
        plan: what is asked of each.
        named: the suite as it was typed, for next steps; its id if left out.
        static_only: compare files alone.
        on_progress: told what is being done, the share that is done and the seconds left.
        on_wait: told who else runs something timed on this host.
        world: runs workers, reads host and clock.
        gate_once: compares one, as `gate` does.

    Raises:
        AssessError: there is no such folder of baselines.
    """
    if not baselines.is_dir():
        raise AssessError(
            "there is no such folder", where=f"--baselines {baselines}", hint="assess baseline accept makes one"
        )
    here, machine = world.host(), world.machine()

    def gated(entry: Entry, told: OnProgress) -> SuiteGate:
        subject, job = found_entry(entry, folder, library)
        path = find(baselines, entry.model, job, here, machine, settings)
        if path is None:
            step = shlex.join(["assess", "baseline", "accept", "--suite", named or suite.id, "--to", str(baselines)])
            return SuiteGate(entry.name, why=f"{baselines} has no baseline of it", next_step=f"{step} --why TEXT",
                             path=subject.path)  # fmt: skip
        opponent = Stored(read(path))
        if static_only:
            return SuiteGate(entry.name, static(opponent, subject, job, plan), path=subject.path)
        report = gate_once(
            opponent, subject, job, settings, plan, for_job=_for_job(entry, job, settings, library, world),
            on_progress=told, on_wait=on_wait, world=world,
        )  # fmt: skip
        return SuiteGate(entry.name, report, path=subject.path)

    found = []
    every = entries(suite)
    for index, entry in enumerate(every):
        on_progress(entry.name, index / len(every), None)
        try:
            found.append(gated(entry, _named(entry.name, index, len(every), on_progress)))
        except AssessError as error:  # One that cannot be used is none of the others'.
            where = f"{error.where}: " if error.where else ""
            found.append(SuiteGate(entry.name, why=f"{where}{error.problem}", next_step=error.hint))
    return GateSuite(suite.id, __version__, tuple(found))


def _for_job(entry: Entry, job: Job, settings: Settings, library: Library, world: World) -> ForJob:
    devices = [library.device(each) for each in entry.devices]
    return ForJob(job, settings, devices, library, world=world)


def _named(name: str, index: int, count: int, tell: OnProgress) -> OnProgress:
    def told(word: str, share: float | None, _left_s: float | None) -> None:
        tell(f"{name}: {word}", (index + (share or 0.0)) / count, None)

    return told
