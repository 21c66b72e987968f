"""`assess gate --self-test`: what the gates of this machine are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from assess.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from assess.cli.gate_options import GateOptions
    from assess.judge.gate.self_test import SelfTest

#: ABLE and FAILED as everywhere; gates that err are a "no", and those that cannot tell could not tell.
_CODES = {
    "ABLE": ExitCode.YES,
    "ERRS": ExitCode.NO,
    "UNABLE": ExitCode.UNTOLD,
    "FAILED": ExitCode.FAILED,
}


def run_self_test(options: GateOptions, model: str) -> NoReturn:
    """Run the self-test, print it and write it to files, and exit.

    Args:
        options: of the gates; the time is for all of them.
        model: a file or an id.

    Raises:
        AssessError: a form is none of a self-test's, a report cannot be written, or what `self_test` raises.
        typer.Exit: with the answer's code.
    """
    from assess.cli.output import deliver_forms
    from assess.report.gate_self_test import SELF_TEST_FORMS, terminal

    # A history that the environment names is not asked for: a self-test is no run of a model.
    options = replace(options, history=None)
    options.place.reach()
    files = options.report_files(SELF_TEST_FORMS, [Path(model)])
    found = _tested(options, model)
    deliver_forms(found, SELF_TEST_FORMS, terminal, options.format_, files)
    raise typer.Exit(of_self_test(found))


def _tested(options: GateOptions, model: str) -> SelfTest:
    from assess.cli.output import tell_waiting
    from assess.cli.place import There, listener
    from assess.cli.progress import progress
    from assess.gate.self_test import BUDGET_S, self_test
    from assess.pipeline import find_model

    budget_s = BUDGET_S if options.budget_s is None else options.budget_s
    with progress() as tell:
        subject = find_model(model, options.library, dims=options.dims, limits=options.limits, on_progress=tell)
        if isinstance(place := options.place, There):
            from assess.target.comparing import self_test_on

            return self_test_on(
                place.board, subject, options.job, options.settings, options.plan, budget_s, feeds=options.arrays,
                listen=listener(tell),
            )  # fmt: skip
        return self_test(
            subject, options.job, options.settings, options.plan, budget_s, feeds=options.arrays, on_progress=tell,
            on_wait=tell_waiting,
        )  # fmt: skip


def of_self_test(test: SelfTest) -> ExitCode:
    """The exit code of a self-test."""
    return _CODES[test.answer.value]
