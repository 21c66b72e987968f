"""`assess baseline accept`: what newer models will be compared with."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assess.cli.baseline.folder import FOLDER
from assess.cli.options import (
    DimOption,
    InputOption,
    KeepOption,
    OptimisationOption,
    ProfilesOption,
    ProviderOption,
    ProviderOptionOption,
    SeedOption,
    ThreadsOption,
    dimensions,
    feeds,
)
from assess.cli.place import InventoryOption, OnOption, place_of
from assess.errors import AssessError
from assess.providers import CPU

if TYPE_CHECKING:
    from assess.cli.exit_codes import ExitCode
    from assess.cli.place import Place
    from assess.describe.library import Library
    from assess.gate.accept import Accepting
    from assess.judge.gate.comparison import Comparison
    from assess.measure.baseline import Acceptance, Baseline
    from assess.measure.measurement import Settings
    from assess.measure.timed_run import OnProgress
    from assess.sandbox import Limits

_LONGEST = 500


def accept(
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, in a sentence; it is kept.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="MODEL", help="What is accepted: a file, or an id.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="FILE|ID", help="Or every model of a suite, each for its jobs.")
    ] = None,
    workload: Annotated[
        str | None, typer.Option("--workload", "-w", metavar="ID|FILE", help="The job; back to back if left out.")
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option("--device", "-d", metavar="ID|FILE", help="Also keep its fit; repeatable.")
    ] = None,
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Who accepts; else the user's name.")] = None,
    folder: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder of baselines.")] = FOLDER,
    dim: DimOption = None,
    input_: InputOption = None,
    profiles: ProfilesOption = None,
    provider: ProviderOption = CPU,
    provider_option: ProviderOptionOption = None,
    threads: ThreadsOption = 1,
    optimisation: OptimisationOption = "all",
    seed: SeedOption = 0,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Of each process; 2 min if left out.")
    ] = None,
    history: KeepOption = None,
    on: OnOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Measure a model on this machine and keep it as what newer ones are compared with; refuse where it is too noisy.

    Its file in the folder replaces the one of the same model, job, machine and settings. Commit it with the model.
    With --on it is measured on a board, over ssh, and is a baseline of that.

    Example: assess baseline accept --model lanes.onnx --workload camera-30hz --why "retrained on night drives"
    """
    from assess.cli.exit_codes import worst_of
    from assess.cli.gate_options import gate_settings
    from assess.cli.keep import check_history
    from assess.cli.settings import reading_limits
    from assess.cli.targets import library_of
    from assess.measure.baseline import Acceptance

    check_history(history)
    acceptance = Acceptance(datetime.now(UTC).isoformat(timespec="seconds"), _name(who), _sentence(why, "--why"))
    library = library_of(profiles, None)
    settings = gate_settings(provider, provider_option, threads, optimisation, seed, timeout)
    wanted = _wanted(model, suite, workload, device, library)
    how = _How(library, settings, acceptance, dimensions(dim), feeds(input_), reading_limits(timeout, None), folder,
               place_of(on, inventory))  # fmt: skip
    if len(wanted) > 1 and (how.dims or how.arrays):
        raise AssessError("are those of one model", where="--dim, --input", hint="accept each model by itself")
    how.place.reach()
    codes = [_accept(one, how, history) for one in wanted]
    raise typer.Exit(worst_of(codes))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A model, what it is called, the job that it is accepted for, and devices that its fit is kept for."""

    model: str
    name: str
    workload: str | None
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _How:
    """What is the same for every model."""

    library: Library
    settings: Settings
    acceptance: Acceptance
    dims: Mapping[str, int]
    arrays: Mapping[str, Path]
    limits: Limits
    folder: Path
    place: Place


def _wanted(
    model: str | None, suite: str | None, workload: str | None, device: list[str] | None, library: Library
) -> list[_Wanted]:
    """Every model that is to be accepted.

    Raises:
        AssessError: neither a model nor a suite is named, or both are; or the suite is not there.
    """
    from assess.gate.suite import entries, file_of

    if (model is None) == (suite is None):
        raise AssessError("one of both is accepted", where="--model, --suite", hint="name a model, or a suite")
    if model is not None:
        return [_Wanted(model, Path(model).name, workload, tuple(device or ()))]
    if workload or device:
        raise AssessError("names jobs and devices itself", where="--suite", hint="leave out --workload and --device")
    beside = library.path("suites", str(suite)).parent
    return [
        _Wanted(file_of(entry.model, beside, library), entry.model, entry.workload, entry.devices)
        for entry in entries(library.suite(str(suite)))
    ]


def _accept(one: _Wanted, how: _How, history: str | None) -> ExitCode:
    """Measure one model, write its baseline and tell it; or tell why there is none."""
    from assess.cli.exit_codes import ExitCode, of_gate
    from assess.cli.gate_options import for_job_of
    from assess.cli.keep import keep_baseline
    from assess.cli.output import tell_written
    from assess.cli.progress import progress
    from assess.cli.stderr import complain
    from assess.files import check_writable, write_whole
    from assess.gate.accept import Accepting
    from assess.gate.store import file_name
    from assess.history.commit import commit_of
    from assess.judge.gate.comparison import Comparison
    from assess.measure.baseline_json import to_json
    from assess.pipeline import find_job, find_model

    job = find_job(one.workload, how.library) if one.workload else None
    for_job = for_job_of(job, one.devices, how.settings, how.library, how.arrays)
    with progress() as tell:
        subject = find_model(one.model, how.library, dims=how.dims, limits=how.limits, on_progress=tell)
        how.folder.mkdir(parents=True, exist_ok=True)
        job_id, place = job.workload.id if job else "", how.place
        name = file_name(one.name, job_id, place.host(), place.machine(), how.settings)
        check_writable(path := how.folder / name, [subject.path, *how.arrays.values()])
        acceptance = replace(how.acceptance, commit=commit_of(subject.path))
        found = _measured(Accepting(subject, job, how.settings, acceptance, for_job, how.arrays), place, tell)
    if isinstance(found, Comparison):
        hint = "; ".join([found.next_step, *found.details])
        complain(AssessError(f"not accepted: {found.verdict.value}: {found.because}", where=one.model, hint=hint))
        return of_gate(found.verdict)
    replaced = _replaced(path)
    write_whole(path, to_json(found))
    _tell(found, replaced)
    tell_written(path)
    place.tell_sent()
    keep_baseline(history, found)
    return ExitCode.YES


def _measured(what: Accepting, place: Place, tell: OnProgress) -> Baseline | Comparison:
    """The baseline, measured on this machine or on a target; or why there is none."""
    from assess.cli.output import tell_waiting
    from assess.cli.place import There, listener
    from assess.gate.accept import accept as measure_baseline

    if not isinstance(place, There):
        return measure_baseline(what, on_progress=tell, on_wait=tell_waiting)
    from assess.target.comparing import accept_on

    return accept_on(place.board, place.facts(), what, listener(tell))


def _replaced(path: Path) -> Baseline | None:
    """What was accepted before; what cannot be read is replaced as well, and told."""
    from assess.cli.stderr import complain
    from assess.measure.baseline_json import read

    if not path.exists():
        return None
    try:
        return read(path)
    except AssessError as error:
        complain(error)
        return None


def _tell(accepted: Baseline, before: Baseline | None) -> None:
    from assess.cli.terminal import terminal_width
    from assess.report.baseline import baseline_text, replaced_text

    typer.echo(baseline_text(accepted, width=terminal_width()), nl=False)
    if before is not None:
        typer.echo(replaced_text(before, accepted), nl=False)


def _name(who: str | None) -> str:
    if who is not None:
        return _sentence(who, "--who")
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # A container's user need not have a name.
        return f"user {os.getuid()}"


def _sentence(text: str, option: str) -> str:
    if not text.strip() or len(text) > _LONGEST:
        raise AssessError(f"is empty, or longer than {_LONGEST} characters", where=option)
    return text.strip()
