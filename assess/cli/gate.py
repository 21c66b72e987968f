"""`assess gate`: whether a newer model is worse than the one that was accepted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assess.cli.options import (
    DimOption,
    InputOption,
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
    from assess.gate import GatePlan
    from assess.judge.gate.report import GateReport

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
    model: Annotated[str, typer.Option("--model", "-m", metavar="MODEL", help="The newer model: a file, or an id.")],
    against: Annotated[
        str, typer.Option("--against", "-a", metavar="MODEL", help="The accepted model: a file, or an id.")
    ],
    workload: Annotated[
        str | None, typer.Option("--workload", "-w", metavar="ID|FILE", help="The job; back to back if left out.")
    ] = None,
    static: Annotated[bool, typer.Option("--static", help="Compare the files alone; nothing is run.")] = False,
    margin: Annotated[str, typer.Option("--margin", metavar="SHARE", help="Slowdown that is allowed, e.g. 5%.")] = "3%",
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
) -> None:
    """Compare a newer model with the accepted one: files, outputs, and in turns on this machine latency and memory.

    Two processes take turns of 5 ms, pair by pair, until they prove a slowdown beyond the margin (REGRESSION, exit 1)
    or that there is none (PASS); else it is INCONCLUSIVE, or the machine NOISY (exit 3).

    Example: assess gate --model new.onnx --against old.onnx --workload camera-30hz --report junit=gate.xml
    """
    from assess.cli.exit_codes import of_gate
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.cli.settings import LEVELS, quantity, reading_limits
    from assess.cli.targets import library_of
    from assess.gate import SETTINGS, static_report
    from assess.gate import gate as compare
    from assess.pipeline import find_counterpart, find_job
    from assess.report.gate import GATE_FORMS

    choice(format_, [form.name for form in GATE_FORMS], "--format")
    files = _reports(report, [Path(model), Path(against)])
    plan = _plan(margin, max_pairs, budget, allow, skip)
    library, dims, arrays = library_of(profiles, None), dimensions(dim), feeds(input_)
    job = find_job(workload, library) if workload else None
    settings = replace(
        SETTINGS, provider=provider, provider_options=pairs(provider_option, "--provider-option"), threads=threads,
        optimisation=choice(optimisation, LEVELS, "--optimisation"), seed=seed,
        timeout_s=SETTINGS.timeout_s if timeout is None else quantity(timeout, "s", "--timeout"),
    )  # fmt: skip
    with progress() as tell:
        (accepted, unknown), (newer, others) = (
            find_counterpart(one, library, dims, reading_limits(timeout, None), tell) for one in (against, model)
        )
        if neither := sorted(unknown & others):
            raise AssessError(f"neither model has a dynamic dimension {neither[0]!r}", where="--dim",
                              hint="assess inspect MODEL names those that it has")  # fmt: skip
        found = (
            static_report(accepted, newer, job, plan)
            if static
            else compare(accepted, newer, job, settings, plan, feeds=arrays, on_progress=tell, on_wait=tell_waiting)
        )
    _deliver(found, format_, files)
    raise typer.Exit(of_gate(found.verdict))


def _plan(
    margin: str, max_pairs: int | None, budget: str | None, allow: Sequence[str] | None, skip: Sequence[str] | None
) -> GatePlan:
    from assess.cli.settings import quantity
    from assess.gate import METRICS, GatePlan
    from assess.judge.gate.latency import LOOKS

    named = {option: [choice(word, METRICS, option) for word in words or ()]
             for option, words in (("--allow", allow), ("--skip", skip))}  # fmt: skip
    if max_pairs is not None and budget is not None:
        raise AssessError("either time or the number of pairs is fixed", where="--budget", hint="leave out --max-pairs")
    budget_s = None if budget is None else quantity(budget, "s", "--budget")
    looks = LOOKS if max_pairs is None else (*(look for look in LOOKS[:-1] if look < max_pairs), max_pairs)
    return GatePlan(_share(margin), looks, budget_s, frozenset(named["--allow"]), frozenset(named["--skip"]))


def _share(text: str) -> float:
    """A share as a number: "3%" or "0.03"."""
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        share = float(number) / (100.0 if percent else 1.0)
    except ValueError:
        share = -1.0
    if not 0.0 < share < 1.0:
        raise AssessError(f"{text!r:.40} is no share between 0 and 1", where="--margin", hint='write "3%" or 0.03')
    return share


def _reports(words: Sequence[str] | None, keep: Sequence[Path]) -> list[tuple[str, Path]]:
    """Forms and their files, which can be written.

    Raises:
        AssessError: there is no such form, or a file cannot be written.
    """
    from assess.files import check_writable
    from assess.report.gate import GATE_FORMS

    found: list[tuple[str, Path]] = []
    for name, file in pairs(words, "--report").items():
        choice(name, [form.name for form in GATE_FORMS], "--report")
        check_writable(Path(file), [*keep, *(path for _, path in found)])
        found.append((name, Path(file)))
    return found


def _deliver(found: GateReport, format_: str, files: Sequence[tuple[str, Path]]) -> None:
    """Print the report and write it to files; in a job of GitHub the step's summary has it too."""
    import sys

    from assess.cli.output import tell_written
    from assess.cli.terminal import terminal_width
    from assess.files import write_whole
    from assess.report.gate import GATE_FORMS
    from assess.report.gate.terminal import terminal

    forms = {form.name: form.render for form in GATE_FORMS}
    if format_ == "terminal":
        typer.echo(terminal(found, width=terminal_width(), colour=sys.stdout.isatty()), nl=False)
    else:
        typer.echo(forms[format_](found), nl=False)
    for name, path in files:
        write_whole(path, forms[name](found))
        tell_written(path)
    if format_ == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        with Path(summary).open("a", encoding="utf-8") as file:  # Other steps write to it as well.
            file.write(forms["markdown"](found))
