"""`assess gate --self-test`: what the gates of this machine are worth."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from assess.cli.exit_codes import ExitCode
from assess.cli.options import choice, pairs
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.library import Library
    from assess.gate import GatePlan
    from assess.judge.gate.self_test import SelfTest
    from assess.measure.measurement import Settings
    from assess.sandbox import Limits

#: ABLE and FAILED as everywhere; gates that err are a "no", and those that cannot tell could not tell.
_CODES = {
    "ABLE": ExitCode.YES,
    "ERRS": ExitCode.NO,
    "UNABLE": ExitCode.UNTOLD,
    "FAILED": ExitCode.FAILED,
}


def run_self_test(
    model: str,
    workload: str | None,
    library: Library,
    settings: Settings,
    plan: GatePlan,
    budget_s: float | None,
    *,
    dims: Mapping[str, int],
    feeds: Mapping[str, Path],
    limits: Limits,
    format_: str,
    reports: Sequence[str] | None,
) -> NoReturn:
    """Run the self-test, print it and write it to files, and exit.

    Args:
        model: a file or an id.
        workload: the job; None for back to back.
        library: of shipped models and jobs.
        settings: how the model is run.
        plan: of every gate.
        budget_s: seconds for all; None for the usual ones.
        dims: numbers for dynamic dimensions.
        feeds: `.npy` files for inputs, by name.
        limits: what reading the model may use.
        format_: form to print.
        reports: "FORM=FILE" to write.

    Raises:
        AssessError: a form is none of a self-test's, or what `self_test` raises.
        typer.Exit: with the answer's code.
    """
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.gate.self_test import BUDGET_S, self_test
    from assess.pipeline import find_job, find_model
    from assess.report.gate_self_test import SELF_TEST_FORMS

    choice(format_, list(SELF_TEST_FORMS), "--format")
    files = _files(reports, model)
    job = find_job(workload, library) if workload else None
    with progress() as tell:
        subject = find_model(model, library, dims=dims, limits=limits, on_progress=tell)
        found = self_test(
            subject, job, settings, plan, BUDGET_S if budget_s is None else budget_s, feeds=feeds, on_progress=tell,
            on_wait=tell_waiting,
        )  # fmt: skip
    _deliver(found, format_, files)
    raise typer.Exit(of_self_test(found))


def of_self_test(test: SelfTest) -> ExitCode:
    """The exit code of a self-test."""
    return _CODES[test.answer.value]


def refuse_with_self_test(given: Mapping[str, bool]) -> None:
    """Refuse options that say nothing in a self-test.

    Args:
        given: by option, whether it was.

    Raises:
        AssessError: one of them was.
    """
    for option, there in given.items():
        if there:
            raise AssessError(
                "a self-test gates one model, against itself and against copies of it", where=option,
                hint=f"leave out {option} or --self-test",
            )  # fmt: skip


def _files(reports: Sequence[str] | None, model: str) -> list[tuple[str, Path]]:
    from assess.files import check_writable
    from assess.report.gate_self_test import SELF_TEST_FORMS

    found: list[tuple[str, Path]] = []
    for name, file in pairs(reports, "--report").items():
        choice(name, list(SELF_TEST_FORMS), "--report")
        check_writable(Path(file), [Path(model), *(path for _, path in found)])
        found.append((name, Path(file)))
    return found


def _deliver(found: SelfTest, format_: str, files: Sequence[tuple[str, Path]]) -> None:
    from assess.cli.output import tell_written
    from assess.cli.terminal import terminal_width
    from assess.files import write_whole
    from assess.report.gate_self_test import SELF_TEST_FORMS, terminal

    if format_ == "terminal":
        typer.echo(terminal(found, width=terminal_width(), colour=sys.stdout.isatty()), nl=False)
    else:
        typer.echo(SELF_TEST_FORMS[format_](found), nl=False)
    for name, path in files:
        write_whole(path, SELF_TEST_FORMS[name](found))
        tell_written(path)
