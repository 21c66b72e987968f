"""`assess measure`: run a model for a job on this machine, and write what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import (
    CardOption,
    CountOption,
    DimOption,
    DurationOption,
    InputOption,
    MemoryLimitOption,
    ModelArgument,
    OptimisationOption,
    ProfilesOption,
    ProviderOption,
    SeedOption,
    ThreadsOption,
    TimeoutOption,
    WorkloadOption,
    dimensions,
    feeds,
    one,
)


def measure(
    model: ModelArgument,
    workload: WorkloadOption,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The run, as JSON.")],
    dim: DimOption = None,
    input_: InputOption = None,
    card: CardOption = None,
    profiles: ProfilesOption = None,
    provider: ProviderOption = "CPUExecutionProvider",
    threads: ThreadsOption = 1,
    optimisation: OptimisationOption = "all",
    min_count: CountOption = None,
    min_duration: DurationOption = "2 s",
    seed: SeedOption = 0,
    timeout: TimeoutOption = None,
    memory_limit: MemoryLimitOption = None,
) -> None:
    """Measure latency and memory on this machine, in a process of its own, and write the run to a file.

    Example: assess measure model.onnx --workload camera-30hz -o run.json
    """
    from assess.clean import clean
    from assess.cli.exit_codes import ExitCode
    from assess.cli.output import tell_notes
    from assess.cli.progress import progress
    from assess.cli.settings import reading_limits, settings
    from assess.describe.library import Library
    from assess.files import check_writable, write_whole
    from assess.measure.record import to_json
    from assess.measure.validity import validity
    from assess.pipeline import find_job, find_model, run
    from assess.report.run_summary import run_summary

    arrays = feeds(input_)
    check_writable(output, [Path(model), *arrays.values(), *([card] if card else [])])
    library = Library(profiles or ())
    job = find_job(one(workload, "--workload"), library)
    asked = settings(
        workload=job.workload,
        devices=(),
        provider=provider,
        threads=threads,
        optimisation=optimisation,
        min_count=min_count,
        min_duration=min_duration,
        seed=seed,
        timeout=timeout,
        memory_limit=memory_limit,
    )
    dims, limits = dimensions(dim), reading_limits(timeout, memory_limit)
    with progress() as tell:
        subject = find_model(model, library, card=card, dims=dims, limits=limits, on_progress=tell)
        measurement = run(subject, job, asked, feeds=arrays, on_progress=tell)
    write_whole(output, to_json(measurement))
    reasons = () if measurement.failure else validity(measurement, job.workload.deadline_s)
    typer.echo(run_summary(measurement, reasons), nl=False)
    typer.echo(f"written: {clean(str(output))}", err=True)
    tell_notes(library)
    if measurement.incomplete:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if measurement.failure:
        raise typer.Exit(ExitCode.FAILED)
    if reasons:
        raise typer.Exit(ExitCode.UNTOLD)
