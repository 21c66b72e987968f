"""`assess baseline accept`: what newer models will be compared with."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace
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
    choice,
    dimensions,
    feeds,
    pairs,
)
from assess.errors import AssessError
from assess.providers import CPU

if TYPE_CHECKING:
    from assess.describe.library import Library
    from assess.describe.workload import Job
    from assess.gate.for_job import ForJob
    from assess.measure.baseline import Baseline
    from assess.measure.measurement import Settings

_LONGEST = 500


def accept(
    model: Annotated[str, typer.Option("--model", "-m", metavar="MODEL", help="What is accepted: a file, or an id.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, in a sentence; it is kept.")],
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
) -> None:
    """Measure a model on this machine and keep it as what newer ones are compared with; refuse where it is too noisy.

    Its file in the folder replaces the one of the same model, job, machine and settings. Commit it with the model.

    Example: assess baseline accept --model lanes.onnx --workload camera-30hz --why "retrained on night drives"
    """
    from assess.cli.exit_codes import of_gate
    from assess.cli.keep import check_history, keep_baseline
    from assess.cli.output import tell_waiting, tell_written
    from assess.cli.progress import progress
    from assess.cli.settings import LEVELS, quantity, reading_limits
    from assess.cli.stderr import complain
    from assess.cli.targets import library_of
    from assess.files import check_writable, write_whole
    from assess.gate import SETTINGS
    from assess.gate.accept import Accepting
    from assess.gate.accept import accept as measure_baseline
    from assess.gate.store import file_name
    from assess.judge.gate.comparison import Comparison
    from assess.measure.baseline import Acceptance
    from assess.measure.baseline_json import to_json
    from assess.measure.host import read_host
    from assess.pipeline import find_job, find_model

    check_history(history)
    acceptance = Acceptance(_name(who), _sentence(why, "--why"))
    library, dims, arrays = library_of(profiles, None), dimensions(dim), feeds(input_)
    job = find_job(workload, library) if workload else None
    settings = replace(
        SETTINGS, provider=provider, provider_options=pairs(provider_option, "--provider-option"), threads=threads,
        optimisation=choice(optimisation, LEVELS, "--optimisation"), seed=seed,
        timeout_s=SETTINGS.timeout_s if timeout is None else quantity(timeout, "s", "--timeout"),
    )  # fmt: skip
    for_job = _for_job(job, settings, device, library, arrays)
    with progress() as tell:
        subject = find_model(model, library, dims=dims, limits=reading_limits(timeout, None), on_progress=tell)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file_name(subject.model.name, job.workload.id if job else "", read_host(), settings)
        check_writable(path, [subject.path, *arrays.values()])
        acceptance = replace(acceptance, commit=_commit(subject.path))
        found = measure_baseline(
            Accepting(subject, job, settings, acceptance, for_job, arrays), on_progress=tell, on_wait=tell_waiting
        )  # fmt: skip
    if isinstance(found, Comparison):
        hint = "; ".join([found.next_step, *found.details])
        complain(AssessError(f"not accepted: {found.verdict.value}: {found.because}", where=model, hint=hint))
        raise typer.Exit(of_gate(found.verdict))
    replaced = _replaced(path)
    write_whole(path, to_json(found))
    _tell(found, replaced)
    tell_written(path)
    keep_baseline(history, found)


def _for_job(
    job: Job | None, settings: Settings, device: list[str] | None, library: Library, arrays: dict[str, Path]
) -> ForJob | None:
    from assess.cli.targets import devices_of
    from assess.gate.for_job import ForJob

    if job is None:
        if device:
            raise AssessError("a device is judged for a job", where="--device", hint="name one with --workload")
        return None
    return ForJob(job, settings, devices_of(device, None, library) if device else (), library, arrays)


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


def _commit(path: Path) -> str:
    from assess.history.commit import commit_of

    return commit_of(path)


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
