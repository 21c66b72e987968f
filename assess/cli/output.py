"""Where reports go: printed in one format, written in others by their files' endings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from assess.clean import clean
from assess.cli.options import choice, pairs
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

T = TypeVar("T")

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


def report_files(words: Sequence[str], keep: Sequence[Path], forms: Sequence[str]) -> list[tuple[str, Path]]:
    """Forms of a report and their files, which can be written.

    Args:
        words: "FORM=FILE".
        keep: files that must not be overwritten.
        forms: that there are.

    Raises:
        AssessError: there is no such form, or a file cannot be written.
    """
    found: list[tuple[str, Path]] = []
    for name, file in pairs(words, "--report").items():
        choice(name, forms, "--report")
        check_writable(Path(file), [*keep, *(path for _, path in found)])
        found.append((name, Path(file)))
    return found


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
    _deliver_formats(form, paths, lambda other: other.render(report), lambda **how: terminal(report, **how))


def deliver_many(portfolio: Portfolio, form: Format, paths: Sequence[Path] | None) -> None:
    """Print a portfolio in one format and write it to files; a portfolio of one judged case is its report."""
    if len(portfolio.outcomes) == len(portfolio.reports) == 1:
        deliver(portfolio.reports[0], form, paths)
        return
    _deliver_formats(
        form, paths, lambda other: other.render_many(portfolio), lambda **how: terminal_many(portfolio, **how)
    )


def deliver_suite(report: SuiteReport, form: Format, paths: Sequence[Path]) -> None:
    """Print what came of a suite in one format and write it to files."""
    _deliver_formats(form, paths, lambda other: other.render_suite(report), lambda **how: terminal_suite(report, **how))


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


def deliver_forms(
    found: T,
    forms: Mapping[str, Callable[[T], str]],
    on_terminal: Callable[..., str],
    format_: str,
    files: Sequence[tuple[str, Path]],
    then: Sequence[Callable[[], object]] = (),
) -> None:
    """Print a report and write it to files; in a job of GitHub its step's summary has it too.

    Args:
        found: what is told.
        forms: how, by name.
        on_terminal: the same for a terminal, of its width and with colours.
        format_: form to print.
        files: forms and where they are written.
        then: what else is to be done with it, whatever could not be written.

    Raises:
        Exception: what could not be written or done; all else was.
    """
    summary = os.environ.get("GITHUB_STEP_SUMMARY") if format_ == "github" else None
    also = [lambda: _append(Path(str(summary)), forms["markdown"](found))] if summary else []
    if format_ == "terminal":
        printed: Callable[[], str] = partial(_for_terminal, partial(on_terminal, found))
    else:
        printed = partial(forms[format_], found)
    _deliver(printed, [(path, partial(forms[name], found)) for name, path in files], [*also, *then])


def _append(path: Path, text: str) -> None:
    """Add text to a file that others write to as well.

    Raises:
        AssessError: it could not be written.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise AssessError(f"could not be written: {error.strerror or error}", where=str(path)) from error


def _deliver_formats(
    form: Format, paths: Sequence[Path] | None, render: Callable[[Format], str], on_terminal: Callable[..., str]
) -> None:
    """Print a report in one format, and write it in that of each file's ending."""
    of_file = [(path, next(other for other in FORMATS if other.suffix == path.suffix)) for path in paths or ()]
    printed = partial(_for_terminal, on_terminal) if form.name == "terminal" else partial(render, form)
    _deliver(printed, [(path, partial(render, other)) for path, other in of_file])


def _for_terminal(render: Callable[..., str]) -> str:
    return render(width=terminal_width(), colour=sys.stdout.isatty())


def _deliver(
    printed: Callable[[], str],
    files: Sequence[tuple[Path, Callable[[], str]]],
    then: Sequence[Callable[[], object]] = (),
) -> None:
    """Write files, print, and do what else is to be done; one that fails keeps no other from being done.

    Args:
        printed: the text.
        files: with the text of each.
        then: what else is to be done.

    Raises:
        Exception: what went wrong, the worst of it; the others were told.
    """
    written: list[Path] = []

    def write(path: Path, text: Callable[[], str]) -> None:
        write_whole(path, text())
        written.append(path)

    failed = _failed([partial(write, path, text) for path, text in files])
    failed += _failed([lambda: typer.echo(printed(), nl=False), *then])
    for path in written:
        tell_written(path)
    # A bug is worse than a full disk: it is the one that the exit code tells of.
    failed.sort(key=lambda each: isinstance(each, AssessError))
    for each in failed[1:]:
        tell_also(each)
    if failed:
        raise failed[0]


def _failed(steps: Sequence[Callable[[], object]]) -> list[Exception]:
    """What went wrong; each is done, since what took long to measure is told wherever it can be."""
    failed: list[Exception] = []
    for step in steps:
        try:
            step()
        except Exception as error:  # Raised by whoever asked, after all was done.
            failed.append(error)
    return failed
