"""`assess fit`: the main job, from a model to a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import (
    CardOption,
    CountOption,
    CustomOpsOption,
    DeviceOption,
    DimOption,
    DurationOption,
    FormatOption,
    FullPlacementOption,
    InputOption,
    MemoryLimitOption,
    ModelArgument,
    OptimisationOption,
    OutputOption,
    PartnerOption,
    ProfilesOption,
    ProviderOption,
    ProviderOptionOption,
    ReferenceOption,
    SeedOption,
    SkipOption,
    StrictOption,
    ThreadsOption,
    TierOption,
    TimeoutOption,
    WorkloadOption,
    dimensions,
    feeds,
    one,
)


def fit(
    model: ModelArgument,
    device: DeviceOption,
    workload: WorkloadOption,
    partner: PartnerOption = None,
    dim: DimOption = None,
    input_: InputOption = None,
    card: CardOption = None,
    profiles: ProfilesOption = None,
    format_: FormatOption = "terminal",
    output: OutputOption = None,
    save_run: Annotated[
        Path | None, typer.Option("--save-run", metavar="FILE", help="Also write the run, for `assess judge`.")
    ] = None,
    strict: StrictOption = False,
    tier: TierOption = None,
    skip: SkipOption = None,
    reference: ReferenceOption = None,
    provider: ProviderOption = "CPUExecutionProvider",
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
) -> None:
    """Tell whether a model is ready for a device and a job: describe, measure here, carry over, judge, report.

    On the device itself the measurement decides. On any other machine the device's data sheet gives a lower bound of
    the latency, and the best answer is MARGINAL.

    Example: assess fit model.onnx --device nvidia-jetson-orin-nano-8gb --workload camera-30hz -o report.html
    """
    from assess.cli.exit_codes import of_report
    from assess.cli.output import check_outputs, deliver, named_format, tell_notes, tell_plan, was_stopped
    from assess.cli.progress import progress
    from assess.cli.settings import MeasuringWords, reading_limits, settings
    from assess.describe.library import Library
    from assess.files import check_files, check_writable, write_whole
    from assess.measure.record import to_json
    from assess.pipeline import find_job, find_model, find_reference, judge, run

    arrays = feeds(input_)
    read = [Path(model), *arrays.values(), *([card] if card else [])]
    check_outputs(output, read)
    if save_run:
        check_writable(save_run, [*read, *(output or ())])
    form, library = named_format(format_), Library(profiles or ())
    target, job = library.device(one(device, "--device")), find_job(one(workload, "--workload"), library)
    buyer = library.partner(partner) if partner else None
    words = MeasuringWords(
        provider=provider,
        provider_option=provider_option,
        custom_ops=custom_ops,
        threads=threads,
        optimisation=optimisation,
        tier=tier,
        skip=skip,
        min_count=min_count,
        min_duration=min_duration,
        seed=seed,
        timeout=timeout,
        memory_limit=memory_limit,
        require_full_placement=require_full_placement,
    )
    asked = settings(words, job, [target])
    dims, limits = dimensions(dim), reading_limits(timeout, memory_limit)
    check_files(asked.custom_ops, "--custom-ops")
    with progress() as tell:
        subject = find_model(model, library, card=card, dims=dims, limits=limits, on_progress=tell)
        other = find_reference(reference, library, dims, limits) if reference else None
    tell_plan(job, asked)
    with progress() as tell:
        measurement = run(subject, job, asked, feeds=arrays, reference=other, library=library, on_progress=tell)
    if save_run:  # First: what was measured must not be lost to what goes wrong in judging it.
        write_whole(save_run, to_json(measurement))
    if was_stopped(measurement):
        raise KeyboardInterrupt  # It was stopped; what it has is saved where that was asked for.
    report = judge(measurement, target, buyer)
    deliver(report, form, output)
    tell_notes(library)
    raise typer.Exit(of_report(report, strict=strict))
