"""`assess measure`: run a model for a job on this machine, and write what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import (
    CardOption,
    CountOption,
    CpusOption,
    CustomOpsOption,
    DimOption,
    DurationOption,
    FidelityOption,
    FullPlacementOption,
    InputOption,
    KeepOption,
    MemoryLimitOption,
    ModelArgument,
    OptimisationOption,
    ProfilesOption,
    ProviderOption,
    ProviderOptionOption,
    RealtimeOption,
    ReferenceOption,
    RunnerCommandOption,
    RunnerModelOption,
    RunnerOption,
    RunnerUnitOption,
    SeedOption,
    SkipOption,
    ThreadsOption,
    TierOption,
    TimeoutOption,
    WorkloadOption,
    dimensions,
    feeds,
    one,
)
from assess.cli.place import InventoryOption, OnOption, place_of
from assess.providers import CPU


def measure(
    model: ModelArgument,
    workload: WorkloadOption,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The run, as JSON.")],
    dim: DimOption = None,
    input_: InputOption = None,
    card: CardOption = None,
    profiles: ProfilesOption = None,
    tier: TierOption = None,
    skip: SkipOption = None,
    fidelity: FidelityOption = False,
    reference: ReferenceOption = None,
    provider: ProviderOption = CPU,
    provider_option: ProviderOptionOption = None,
    require_full_placement: FullPlacementOption = False,
    custom_ops: CustomOpsOption = None,
    threads: ThreadsOption = 1,
    optimisation: OptimisationOption = "all",
    min_count: CountOption = None,
    min_duration: DurationOption = None,
    seed: SeedOption = 0,
    timeout: TimeoutOption = None,
    memory_limit: MemoryLimitOption = None,
    runner: RunnerOption = "",
    runner_command: RunnerCommandOption = "",
    runner_model: RunnerModelOption = "",
    runner_unit: RunnerUnitOption = "",
    cpus: CpusOption = None,
    nice_realtime: RealtimeOption = False,
    history: KeepOption = None,
    on: OnOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Measure latency and memory on this machine, in processes of their own, and write the run to a file.

    The model runs as the job does: at its rate, with its queue, each frame timed from its release. Ctrl-C saves what
    has been measured so far. With --on it is done on a board, over ssh.

    Example: assess measure model.onnx --workload camera-30hz --tier standard -o run.json
    """
    from assess.clean import clean
    from assess.cli.exit_codes import ExitCode
    from assess.cli.keep import check_history, keep_measurement
    from assess.cli.notes import tell_notes
    from assess.cli.output import tell_plan
    from assess.cli.progress import progress
    from assess.cli.settings import MeasuringWords, reading_limits, settings
    from assess.cli.terminal import terminal_width
    from assess.describe.library import Library, profile_folders
    from assess.errors import AssessError
    from assess.files import check_files, check_writable, write_whole
    from assess.measure.interruption import was_stopped
    from assess.measure.record import to_json
    from assess.measure.validity import validity
    from assess.pipeline import find_job, find_model, find_reference
    from assess.report.run_summary import run_summary

    arrays = feeds(input_)
    check_writable(output, [Path(model), *arrays.values(), *([card] if card else [])])
    check_history(history)
    library = Library(profile_folders(profiles or ()))
    job = find_job(one(workload, "--workload"), library)
    words = MeasuringWords(
        provider=provider,
        provider_option=provider_option,
        custom_ops=custom_ops,
        threads=threads,
        optimisation=optimisation,
        tier=tier,
        skip=skip,
        fidelity=fidelity,
        min_count=min_count,
        min_duration=min_duration,
        seed=seed,
        timeout=timeout,
        memory_limit=memory_limit,
        cpus=cpus,
        realtime=nice_realtime,
        require_full_placement=require_full_placement,
        runner=runner,
        runner_command=runner_command,
        runner_model=runner_model,
        runner_unit=runner_unit,
    )
    asked = settings(words, job)
    place = place_of(on, inventory, by_tool=bool(runner))
    dims, limits = dimensions(dim), reading_limits(timeout, memory_limit)
    check_files(asked.custom_ops, "--custom-ops")
    with progress() as tell:
        subject = find_model(model, library, card=card, dims=dims, limits=limits, on_progress=tell)
        other = find_reference(reference, library, dims, limits) if reference else None
    place.reach()
    tell_plan(job, asked)
    with progress() as tell:
        measurement = place.run(subject, job, asked, feeds=arrays, reference=other, library=library, on_progress=tell)
    not_written: AssessError | None = None
    try:
        write_whole(output, to_json(measurement))
    except AssessError as error:  # Raised below: what took long to measure is printed all the same.
        not_written = error
    wanted = job.workload
    reasons = () if measurement.failure else validity(measurement, wanted.deadline_s, wanted.requires.percentile)
    typer.echo(run_summary(measurement, wanted, reasons, width=terminal_width()), nl=False)
    if not not_written:
        typer.echo(f"written: {clean(str(output))}", err=True)
    tell_notes(library)
    place.tell_sent()
    keep_measurement(history, measurement, subject.path, place.machine)
    if not_written:
        raise not_written
    if was_stopped(measurement):
        raise typer.Exit(ExitCode.INTERRUPTED)
    if measurement.failure:
        raise typer.Exit(ExitCode.FAILED)
    if reasons:
        raise typer.Exit(ExitCode.UNTOLD)
