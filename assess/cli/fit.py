"""`assess fit`: the main job, from a model to a verdict."""

from __future__ import annotations

from pathlib import Path

import typer

from assess.cli.options import (
    CardOption,
    CountOption,
    CpusOption,
    CustomOpsOption,
    DevicesOption,
    DimOption,
    DurationOption,
    FidelityOption,
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
    RealtimeOption,
    ReferenceOption,
    RunnerCommandOption,
    RunnerModelOption,
    RunnerOption,
    RunnerUnitOption,
    SaveRunOption,
    SeedOption,
    SkipOption,
    StrictOption,
    ThreadsOption,
    TierOption,
    TimeoutOption,
    WorkloadsOption,
    dimensions,
    feeds,
)
from assess.cli.place import InventoryOption, OnOption, devices_there, place_of
from assess.providers import CPU


def fit(
    model: ModelArgument,
    device: DevicesOption = None,
    workload: WorkloadsOption = None,
    partner: PartnerOption = None,
    dim: DimOption = None,
    input_: InputOption = None,
    card: CardOption = None,
    profiles: ProfilesOption = None,
    format_: FormatOption = "terminal",
    output: OutputOption = None,
    save_run: SaveRunOption = None,
    strict: StrictOption = False,
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
    on: OnOption = None,
    inventory: InventoryOption = None,
    runner: RunnerOption = "",
    runner_command: RunnerCommandOption = "",
    runner_model: RunnerModelOption = "",
    runner_unit: RunnerUnitOption = "",
    cpus: CpusOption = None,
    nice_realtime: RealtimeOption = False,
) -> None:
    """Tell whether a model is ready for a device and a job: describe, measure here, carry over, judge, report.

    On the device itself the measurement decides. On any other machine the device's data sheet gives a lower bound of
    the latency, and the best answer is MARGINAL. With a partner alone: all of its jobs on all of its devices. With --on
    the measuring is done on a board, over ssh.

    Example: assess fit model.onnx --device nvidia-jetson-orin-nano-8gb --workload camera-30hz -o report.html
    """
    from assess import __version__
    from assess.cli.exit_codes import of_portfolio
    from assess.cli.notes import tell_notes
    from assess.cli.output import check_outputs, deliver_many, despite, named_format, tell_plans, tell_written
    from assess.cli.progress import progress
    from assess.cli.settings import MeasuringWords, reading_limits, settings
    from assess.cli.targets import devices_of, folders_of, jobs_of, library_of, run_files, typed_again
    from assess.files import check_files, check_writable
    from assess.judge.case import Invocation
    from assess.judge.portfolio import Portfolio
    from assess.pipeline import find_model, find_reference
    from assess.portfolio import judge_all, keep_in, planned_run, runs_of_model, targets_of
    from assess.portfolio import runner as runner_of

    arrays = feeds(input_)
    read = [Path(model), *arrays.values(), *([card] if card else [])]
    check_outputs(output, read)
    form, library = named_format(format_), library_of(profiles, partner)
    buyer = library.partner(partner) if partner else None
    place = place_of(on, inventory, by_tool=bool(runner))
    devices = devices_of(devices_there(place, device, buyer), buyer, library)
    place.require(devices)
    targets = targets_of(devices, buyer, library)
    jobs = jobs_of(workload, buyer, library)
    for file in (saved := run_files(save_run, jobs)).values():
        check_writable(file, [*read, *(output or ())])
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
    again = typed_again(
        {
            "--profiles": folders_of(profiles, partner),
            "--card": [card] if card else [],
            "--input": input_ or (),
            "--custom-ops": custom_ops or (),
            "--reference": [reference] if reference else [],
            "--on": [on] if on else [],
            "--inventory": [inventory] if inventory else [],
            "--runner": [runner] if runner else [],
            "--runner-command": [runner_command] if runner_command else [],
            "--runner-model": [runner_model] if runner_model else [],
            "--runner-unit": [runner_unit] if runner_unit else [],
        }
    )
    dims, limits = dimensions(dim), reading_limits(timeout, memory_limit)
    check_files(custom_ops or (), "--custom-ops")
    with progress() as tell:
        subject = find_model(model, library, card=card, dims=dims, limits=limits, on_progress=tell)
        other = find_reference(reference, library, dims, limits) if reference else None
    place.reach()
    wanted = [
        planned_run(job, targets, lambda job, to: settings(words, job, to, place.host), Invocation(model, name, again))
        for job, name in zip(jobs, workload or [job.workload.id for job in jobs], strict=True)
    ]
    wanted = runs_of_model(wanted, subject, arrays, other, seed=seed)
    tell_plans(wanted)
    once = runner_of(subject, library, feeds=arrays, reference=other, run=place.run)
    try:
        with progress() as tell:
            judged = judge_all(wanted, once, save=keep_in(saved, told=tell_written), on_progress=tell)
    except KeyboardInterrupt:
        typer.echo("stopped before anything was measured: there is no report", err=True)
        raise
    portfolio = Portfolio(subject.model, buyer, judged.outcomes, __version__)
    with despite(judged.bug or judged.not_saved):
        deliver_many(portfolio, form, output)
        tell_notes(library)
        place.tell_sent()
    raise typer.Exit(of_portfolio(portfolio, strict=strict))
