"""The kinds of gates, as `assess gate` runs and tells them: against a model, a baseline, a suite's baselines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from assess.cli.options import choice, pairs
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.device import Device
    from assess.describe.library import Library
    from assess.describe.workload import Job
    from assess.gate import GatePlan
    from assess.gate.for_job import ForJob
    from assess.judge.gate.report import GateReport
    from assess.judge.gate.suite import GateSuite
    from assess.measure.measurement import Settings
    from assess.sandbox import Limits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GateWords:
    """The options of a gate, read.

    Attributes:
        library: where ids are found.
        job: what the models are for; None if nobody said.
        devices: that they are judged for.
        settings: how they are run.
        plan: what is asked.
        static: whether files alone are compared.
        dims: numbers for dynamic dimensions.
        arrays: `.npy` files for inputs, by name.
        limits: what reading a model may use.
    """

    library: Library
    job: Job | None
    devices: Sequence[Device]
    settings: Settings
    plan: GatePlan
    static: bool
    dims: Mapping[str, int]
    arrays: Mapping[str, Path]
    limits: Limits

    def for_job(self) -> ForJob | None:
        """How the models are run for the job; None where there is none.

        Raises:
            AssessError: devices without a job.
        """
        from assess.gate.for_job import ForJob

        if self.job is None:
            if self.devices:
                raise AssessError("a device is judged for a job", where="--device", hint="name one with --workload")
            return None
        return ForJob(self.job, self.settings, self.devices, self.library, self.arrays)

    def keep(self, report: GateReport, history: str | None, path: Path) -> None:
        """Keep what a gate found in a history.

        Raises:
            AssessError: it could not be added.
        """
        from assess.cli.keep import keep_gate

        keep_gate(history, report, self.settings, path)


def one_kind(given: Mapping[str, bool]) -> str:
    """The one option that says what is compared with what.

    Args:
        given: by option, whether it was.

    Raises:
        AssessError: none was, or several were.
    """
    there = [option for option, was in given.items() if was]
    if not there:
        hint = f"one of {', '.join(given)}"
        raise AssessError("there is nothing to compare with", where="--against", hint=hint)
    if len(there) > 1:
        raise AssessError(f"is another gate than {there[0]}", where=there[1], hint="one at a time")
    return there[0]


def _against(words: GateWords, model: str, against: str) -> GateReport:
    """Both models, measured here and now."""
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.gate import gate, static_report
    from assess.gate.options import find_both

    for_job = words.for_job()
    with progress() as tell:
        accepted, newer = find_both(model, against, words.library, words.dims, words.limits, tell)
        if words.static:
            return static_report(accepted, newer, words.job, words.plan)
        return gate(
            accepted, newer, words.job, words.settings, words.plan, feeds=words.arrays, for_job=for_job,
            on_progress=tell, on_wait=tell_waiting,
        )  # fmt: skip


def _baseline(words: GateWords, model: str, file: Path) -> GateReport:
    """The newer model against a stored baseline."""
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.gate.floor import gate_floor, static_floor
    from assess.measure.baseline_json import read
    from assess.pipeline import find_model

    baseline, for_job = read(file), words.for_job()
    with progress() as tell:
        newer = find_model(model, words.library, dims=words.dims, limits=words.limits, on_progress=tell)
        if words.static:
            return static_floor(baseline, newer, words.job, words.plan)
        return gate_floor(
            baseline, newer, words.job, words.settings, words.plan, feeds=words.arrays, for_job=for_job,
            on_progress=tell, on_wait=tell_waiting,
        )  # fmt: skip


def tell_gate(
    words: GateWords,
    model: str,
    against: str | None,
    baseline: Path | None,
    format_: str,
    report: list[str] | None,
    history: str | None,
) -> NoReturn:
    """Gate one model, against a model or a baseline, tell what came of it, and exit.

    Raises:
        typer.Exit: with the verdict's code.
    """
    from assess.cli.exit_codes import of_gate
    from assess.report.gate import GATE_FORMS
    from assess.report.gate.terminal import terminal

    forms = {form.name: form.render for form in GATE_FORMS}
    choice(format_, list(forms), "--format")
    files = _report_files(report, [Path(model), baseline or Path(str(against))], list(forms))
    found = _against(words, model, str(against)) if baseline is None else _baseline(words, model, baseline)
    _deliver(found, forms, terminal, format_, files)
    words.keep(found, history, Path(model))
    raise typer.Exit(of_gate(found.verdict))


def tell_suite(
    words: GateWords,
    name: str,
    folder: Path | None,
    model: str | None,
    format_: str,
    report: list[str] | None,
    history: str | None,
) -> NoReturn:
    """Gate every model and job of a suite against its baseline, tell what came of it, and exit.

    Raises:
        AssessError: an option is given that the suite itself answers, or the folder of baselines is missing.
        typer.Exit: with the worst verdict's code.
    """
    from assess.cli.exit_codes import of_gate
    from assess.report.gate.suite import SUITE_FORMS, suite_terminal

    choice(format_, list(SUITE_FORMS), "--format")
    files = _report_files(report, [], list(SUITE_FORMS))
    if folder is None:
        raise AssessError("is missing", where="--baselines", hint="name the folder of baselines")
    if model or words.job is not None or words.devices or words.dims or words.arrays:
        named = "names models, jobs and devices itself"
        raise AssessError(named, where="--suite", hint="leave out --model, --workload, --device, --dim and --input")
    found = _suite(words, name, folder)
    _deliver(found, SUITE_FORMS, suite_terminal, format_, files)
    for each in found.gates:
        if each.report is not None:
            words.keep(each.report, history, each.path)
    raise typer.Exit(of_gate(found.verdict))


def _suite(words: GateWords, name: str, folder: Path) -> GateSuite:
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.gate.suite import gate_suite

    library = words.library
    asked, beside = library.suite(name), library.path("suites", name).parent
    with progress() as tell:
        return gate_suite(
            asked, beside, folder, library, words.settings, words.plan, static=words.static, on_progress=tell,
            on_wait=tell_waiting,
        )  # fmt: skip


def _report_files(words: Sequence[str] | None, keep: Sequence[Path], forms: Sequence[str]) -> list[tuple[str, Path]]:
    """Forms and their files, which can be written.

    Args:
        words: "FORM=FILE".
        keep: files that must not be overwritten.
        forms: that there are.

    Raises:
        AssessError: there is no such form, or a file cannot be written.
    """
    from assess.files import check_writable

    found: list[tuple[str, Path]] = []
    for name, file in pairs(words, "--report").items():
        choice(name, forms, "--report")
        check_writable(Path(file), [*keep, *(path for _, path in found)])
        found.append((name, Path(file)))
    return found


def _deliver(
    found: T,
    forms: Mapping[str, Callable[[T], str]],
    on_terminal: Callable[..., str],
    format_: str,
    files: Sequence[tuple[str, Path]],
) -> None:
    """Print a report and write it to files; in a job of GitHub the step's summary has it too.

    Args:
        found: what is told.
        forms: how, by name.
        on_terminal: the same for a terminal, of its width and with colours.
        format_: form to print.
        files: forms and where they are written.
    """
    from assess.cli.output import tell_written
    from assess.cli.terminal import terminal_width
    from assess.files import write_whole

    if format_ == "terminal":
        typer.echo(on_terminal(found, width=terminal_width(), colour=sys.stdout.isatty()), nl=False)
    else:
        typer.echo(forms[format_](found), nl=False)
    for name, path in files:
        write_whole(path, forms[name](found))
        tell_written(path)
    if format_ == "github" and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        with Path(summary).open("a", encoding="utf-8") as file:  # Other steps write to it as well.
            file.write(forms["markdown"](found))
