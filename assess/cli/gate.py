"""`assess gate`: whether a newer model is worse than the one that was accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assess.cli.options import (
    DevicesOption,
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

ReportOption = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="FORMAT=FILE", help="Also write it, e.g. junit=gate.xml; repeatable."),
]
MetricsOption = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="METRIC", help="May be worse: it is told and does not weigh; repeatable."),
]
SkipMetricsOption = Annotated[
    list[str] | None, typer.Option("--skip", metavar="METRIC", help="Is not compared; repeatable.")
]


def gate(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="MODEL", help="The newer model: a file, or an id.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", "-a", metavar="MODEL", help="The accepted model: a file, or an id.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", "-b", metavar="FILE|DIR", help="Or what was accepted on this machine.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="FILE|ID", help="Or every model of a suite, each for its jobs.")
    ] = None,
    baselines: Annotated[
        Path | None, typer.Option("--baselines", metavar="DIR", help="With --suite: folder of what was accepted.")
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Test the gate here, on this model slowed by 2, 5 and 10 %.")
    ] = False,
    workload: Annotated[
        str | None, typer.Option("--workload", "-w", metavar="ID|FILE", help="The job; back to back if left out.")
    ] = None,
    device: DevicesOption = None,
    static: Annotated[bool, typer.Option("--static", help="Compare the files alone; nothing is run.")] = False,
    margin: Annotated[
        str | None,
        typer.Option("--margin", metavar="SHARE", help="Slowdown that is allowed; 3%, against a baseline 5%."),
    ] = None,
    max_pairs: Annotated[
        int | None, typer.Option("--max-pairs", min=8, max=1000, help="Pairs, at most; 20 if left out.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="TIME", help="Measure for so long, and look once, at its end.")
    ] = None,
    allow: MetricsOption = None,
    skip: SkipMetricsOption = None,
    dim: DimOption = None,
    input_: InputOption = None,
    profiles: ProfilesOption = None,
    provider: ProviderOption = CPU,
    provider_option: ProviderOptionOption = None,
    threads: ThreadsOption = 1,
    optimisation: OptimisationOption = "all",
    seed: SeedOption = 0,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Of each process of a pair; 2 min if left out.")
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format", "-f", metavar="NAME", help="terminal, markdown, json, junit, github, gitlab, verdict."
        ),
    ] = "terminal",
    report: ReportOption = None,
    history: KeepOption = None,
    on: OnOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Compare a newer model with the accepted one: files, outputs, and in turns on this machine latency and memory.

    Two processes take turns of 5 ms, pair by pair, until they prove a slowdown beyond the margin (REGRESSION, exit 1)
    or that there is none (PASS); else it is INCONCLUSIVE, or the machine NOISY (exit 3). With --on they do so on a
    board, over ssh.

    Example: assess gate --model new.onnx --against old.onnx --workload camera-30hz --report junit=gate.xml
    """
    from assess.cli.gate_kinds import run_gate, run_suite
    from assess.cli.gate_options import GateOptions, for_job_of, gate_settings, kind_of
    from assess.cli.gate_self_test import run_self_test
    from assess.cli.settings import quantity, reading_limits
    from assess.cli.targets import library_of
    from assess.gate.options import plan_of
    from assess.pipeline import find_job

    kind = kind_of(context)
    budget_s = None if budget is None else quantity(budget, "s", "--budget")
    library, arrays = library_of(profiles, None), feeds(input_)
    settings = gate_settings(provider, provider_option, threads, optimisation, seed, timeout)
    # The time of a self-test is for all of its gates, each of which looks as it would without.
    of_each_s = None if self_test else budget_s
    plan = plan_of(margin, max_pairs=max_pairs, budget_s=of_each_s, allow=allow or (), skip=skip or ())
    job = find_job(workload, library) if workload else None
    options = GateOptions(
        library, job, for_job_of(job, device, settings, library, arrays), settings, plan, budget_s, static,
        dimensions(dim), arrays, reading_limits(timeout, None), format_, report or (), history,
        place_of(on, inventory),
    )  # fmt: skip
    if kind == "--suite":
        run_suite(options, str(suite), baselines)
    if model is None:
        raise AssessError("is missing", where="--model", hint="name the newer model")
    if kind == "--self-test":
        run_self_test(options, model)
    run_gate(options, model, against, baseline)
