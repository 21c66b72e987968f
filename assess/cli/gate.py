"""`assess gate`: whether a newer model is worse than the one that was accepted."""

from __future__ import annotations

from dataclasses import replace
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
    choice,
    dimensions,
    feeds,
    pairs,
)
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
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="MODEL", help="The newer model: a file, or an id.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", "-a", metavar="MODEL", help="The accepted model: a file, or an id.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", "-b", metavar="FILE", help="Or what was accepted on this machine.")
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
        str, typer.Option("--format", "-f", metavar="NAME", help="terminal, markdown, json, junit, github, gitlab.")
    ] = "terminal",
    report: ReportOption = None,
    history: KeepOption = None,
) -> None:
    """Compare a newer model with the accepted one: files, outputs, and in turns on this machine latency and memory.

    Two processes take turns of 5 ms, pair by pair, until they prove a slowdown beyond the margin (REGRESSION, exit 1)
    or that there is none (PASS); else it is INCONCLUSIVE, or the machine NOISY (exit 3).

    Example: assess gate --model new.onnx --against old.onnx --workload camera-30hz --report junit=gate.xml
    """
    from assess.cli.gate_kinds import GateWords, one_kind, tell_gate, tell_suite
    from assess.cli.gate_self_test import refuse_with_self_test, run_self_test
    from assess.cli.keep import check_history
    from assess.cli.settings import LEVELS, quantity, reading_limits
    from assess.cli.targets import devices_of, library_of
    from assess.gate import SETTINGS
    from assess.gate.options import plan_of
    from assess.pipeline import find_job

    kind = one_kind(
        {"--against": against is not None, "--baseline": baseline is not None, "--suite": suite is not None,
         "--self-test": self_test}
    )  # fmt: skip
    budget_s = None if budget is None else quantity(budget, "s", "--budget")
    if budget_s is not None and kind in ("--baseline", "--suite"):
        raise AssessError("a stored floor is compared with a fixed number of launches", where="--budget",
                          hint="leave it out, or measure both: --against MODEL")  # fmt: skip
    plan = plan_of(
        margin, max_pairs=max_pairs, budget_s=None if self_test else budget_s, allow=allow or (), skip=skip or (),
    )  # fmt: skip
    library = library_of(profiles, None)
    settings = replace(
        SETTINGS, provider=provider, provider_options=pairs(provider_option, "--provider-option"), threads=threads,
        optimisation=choice(optimisation, LEVELS, "--optimisation"), seed=seed,
        timeout_s=SETTINGS.timeout_s if timeout is None else quantity(timeout, "s", "--timeout"),
    )  # fmt: skip
    words = GateWords(
        library, find_job(workload, library) if workload else None,
        devices_of(device, None, library) if device else (), settings, plan, static, dimensions(dim), feeds(input_),
        reading_limits(timeout, None),
    )  # fmt: skip
    check_history(history)
    if kind == "--suite":
        tell_suite(words, str(suite), baselines, model, format_, report, history)
    if model is None:
        raise AssessError("is missing", where="--model", hint="name the newer model")
    if kind == "--self-test":
        refuse_with_self_test(
            {"--static": static, "--allow": bool(allow), "--device": bool(device), "--skip": bool(skip)}
        )  # fmt: skip
        run_self_test(
            model, workload, library, settings, plan, budget_s, dims=words.dims, feeds=words.arrays,
            limits=words.limits, format_=format_, reports=report,
        )  # fmt: skip
    tell_gate(words, model, against, baseline, format_, report, history)
