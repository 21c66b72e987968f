"""Where reports go: printed in one format, written in others by their files' endings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assess.clean import clean
from assess.cli.options import choice
from assess.cli.stderr import complain, tell_also
from assess.cli.terminal import terminal_width
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.files import check_writable, write_whole
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import Portfolio
from assess.judge.suite import SuiteReport
from assess.measure.measurement import Settings
from assess.report.facts.fact import several
from assess.report.formats import FORMATS, Format
from assess.report.formats.terminal import terminal, terminal_many, terminal_suite

if TYPE_CHECKING:
    from assess.portfolio import PlannedRun

#: From here on minutes say enough.
_LONG_S = 100.0


def check_outputs(paths: Sequence[Path] | None, keep: Sequence[Path] = ()) -> None:
    """Refuse, before any work, outputs that cannot be written or whose ending is no format.

    Raises:
        AssessError: says which and why.
    """
    for index, path in enumerate(paths or ()):
        if path.suffix not in {form.suffix for form in FORMATS}:
            endings = ", ".join(form.suffix for form in FORMATS)
            raise AssessError(f"no format ends in {path.suffix!r}", where=str(path), hint=f"use one of {endings}")
        check_writable(path, [*keep, *(paths or ())[:index]])


def tell_plan(job: Job, settings: Settings) -> None:
    """Say on standard error what will be measured and about how long it takes, before it begins."""
    typer.echo(_plan(job, settings), err=True)


def tell_plans(wanted: Sequence[PlannedRun]) -> None:
    """Say on standard error which runs there will be and about how long they take, before the first begins."""
    runs = [(planned, planned.settings) for planned in wanted if planned.settings and planned.made is None]
    if len(wanted) == 1 and wanted[0].made is None:
        for planned, settings in runs:
            tell_plan(planned.job, settings)
        return
    from assess.measure.extra_passes import passes_s

    cases = sum(len(planned.targets) for planned in wanted)
    whole_s = sum(planned.expected_s for planned in wanted)
    more_s = sum(passes_s(settings.passes) for _, settings in runs)
    least = f"about {_lasting(whole_s)} of frames" + f" and {_lasting(more_s)} of other passes" * bool(more_s)
    refused = sum(planned.refused is not None for planned in wanted)
    left_out = f"; {refused} of {len(wanted)} workloads cannot be run" * bool(refused)
    made = sum(planned.made is not None for planned in wanted)
    there = f"; {several(made, 'run')} made before" * bool(made)
    what = f"{several(len(runs), 'run')} for {several(cases, 'case')}, {least}"
    typer.echo(f"{what}{there}{left_out}", err=True)
    for planned, settings in runs:
        typer.echo(f"  {clean(planned.name)}: {_plan(planned.job, settings)}", err=True)


def tell_written(path: Path) -> None:
    """Say on standard error that a file was written."""
    typer.echo(f"written: {clean(str(path))}", err=True)


def tell_waiting(holder: str) -> None:
    """Say on standard error whose run this one waits for."""
    typer.echo(f"waiting for another timed run on this host: {clean(holder) or 'it has just begun'}", err=True)


def _plan(job: Job, settings: Settings) -> str:
    from assess.measure.extra_passes import passes_s
    from assess.pipeline import expected_s

    scenario = job.workload.scenario
    rate = scenario.rate if scenario.is_open else None
    timed_s = expected_s(job, settings.min_count, settings.min_duration_s)
    frames = max(settings.min_count, round(timed_s * rate)) if rate else settings.min_count
    how = f" at {rate:g} Hz" if rate else " or more" if scenario.is_open else " or more, back to back"
    text = f"{frames:,} frames{how}"
    least = "up to 30 min" if settings.tier == "sustained" else f"about {timed_s:.0f} s"
    if scenario.batches:
        least += f" for each of {len(scenario.batches)} sizes of the batch"
    passes = f", then {', '.join(settings.passes)}" if settings.passes else ""
    if more_s := passes_s(settings.passes):
        passes += f": about {_lasting(more_s)} more, longer where others use this host"
    return f"measuring ({settings.tier}): {text}, {least}{passes}"


def _lasting(span_s: float) -> str:
    return f"{span_s / 60:.0f} min" if span_s >= _LONG_S else f"{span_s:.0f} s"


def named_format(name: str) -> Format:
    """A format by name.

    Raises:
        AssessError: there is none of this name.
    """
    found = {form.name: form for form in FORMATS}
    return found[choice(name, list(found), "--format")]


def deliver(report: FitReport, form: Format, paths: Sequence[Path] | None) -> None:
    """Print a report in one format and write it to files."""
    _deliver(form, paths, lambda other: other.render(report), lambda **how: terminal(report, **how))


def deliver_many(portfolio: Portfolio, form: Format, paths: Sequence[Path] | None) -> None:
    """Print a portfolio in one format and write it to files; a portfolio of one judged case is its report."""
    if len(portfolio.outcomes) == len(portfolio.reports) == 1:
        deliver(portfolio.reports[0], form, paths)
        return
    _deliver(form, paths, lambda other: other.render_many(portfolio), lambda **how: terminal_many(portfolio, **how))


def deliver_suite(report: SuiteReport, form: Format, paths: Sequence[Path]) -> None:
    """Print what came of a suite in one format and write it to files."""
    _deliver(form, paths, lambda other: other.render_suite(report), lambda **how: terminal_suite(report, **how))


@contextmanager
def despite(trouble: Exception | None) -> Iterator[None]:
    """Deliver what was judged, then raise what went wrong before; what cannot be delivered is told beside that.

    Raises:
        Exception: the trouble, or where there is none what cannot be delivered.
    """
    try:
        yield
    except AssessError as undelivered:
        if trouble is None:
            raise
        complain(undelivered)
    if trouble is not None:
        raise trouble


def _deliver(
    form: Format, paths: Sequence[Path] | None, render: Callable[[Format], str], on_terminal: Callable[..., str]
) -> None:
    written: list[Path] = []
    failed: list[Exception] = []
    for path in paths or ():
        try:
            write_whole(path, render(next(other for other in FORMATS if other.suffix == path.suffix)))
            written.append(path)
        except Exception as error:  # Raised below: what took long to measure is written and printed where it can be.
            failed.append(error)
    if form.name == "terminal":
        typer.echo(on_terminal(width=terminal_width(), colour=sys.stdout.isatty()), nl=False)
    else:
        typer.echo(render(form), nl=False)
    for path in written:
        tell_written(path)
    # A bug is worse than a full disk: it is the one that the exit code tells of.
    failed.sort(key=lambda each: isinstance(each, AssessError))
    for each in failed[1:]:
        tell_also(each)
    if failed:
        raise failed[0]
