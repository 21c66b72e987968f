"""What each exit code means; the table in docs/exit-codes.md is this one."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assess.judge.fit_report import FitReport
    from assess.judge.gate.comparison import GateVerdict
    from assess.judge.portfolio import Portfolio
    from assess.judge.suite import SuiteReport


class ExitCode(IntEnum):
    """Codes of every command."""

    YES = 0
    NO = 1
    BAD_INPUT = 2
    UNTOLD = 3
    NOT_COMPARABLE = 4
    FAILED = 5
    BUG = 70
    INTERRUPTED = 130
    CUT_OFF = 141


MEANINGS = {
    ExitCode.YES: "yes: READY or MARGINAL; a gate: PASS or IMPROVEMENT; its self-test: ABLE",
    ExitCode.NO: "no: NOT READY; with --strict also MARGINAL; a gate: REGRESSION; its self-test: ERRS",
    ExitCode.BAD_INPUT: "bad usage or bad input; or a file could not be written, and what was judged is printed",
    ExitCode.UNTOLD: "could not tell: UNPROVEN, or the measurement is not valid; a gate: INCONCLUSIVE or NOISY; "
    "its self-test: UNABLE",
    ExitCode.NOT_COMPARABLE: "a gate: NOT COMPARABLE, nothing was told of what is named",
    ExitCode.FAILED: "the measurement itself failed: crash, hang, out of memory of the model's process, or it needs "
    "instructions that the processor has not",
    ExitCode.BUG: "assess itself failed: a bug; what was judged is reported all the same (EX_SOFTWARE of sysexits.h)",
    ExitCode.INTERRUPTED: "interrupted by SIGINT, SIGTERM or SIGHUP (128 + SIGINT, as shells report it)",
    ExitCode.CUT_OFF: "whoever read the output stopped reading (128 + SIGPIPE)",
}


def of_report(report: FitReport, *, strict: bool) -> ExitCode:
    """The exit code of a fit report."""
    if report.case.measurement is not None and report.case.measurement.failure is not None:
        return ExitCode.FAILED
    fits = {"READY": ExitCode.YES, "MARGINAL": ExitCode.YES, "UNPROVEN": ExitCode.UNTOLD, "NOT READY": ExitCode.NO}
    if strict and report.verdict.value == "MARGINAL":
        return ExitCode.NO
    return fits[report.verdict.value]


def of_gate(verdict: GateVerdict) -> ExitCode:
    """The exit code of a gate."""
    return _OF_GATES[verdict.value]


_OF_GATES = {
    "PASS": ExitCode.YES,
    "IMPROVEMENT": ExitCode.YES,
    "REGRESSION": ExitCode.NO,
    "INCONCLUSIVE": ExitCode.UNTOLD,
    "NOISY": ExitCode.UNTOLD,
    "NOT COMPARABLE": ExitCode.NOT_COMPARABLE,
    "FAILED": ExitCode.FAILED,
}

#: From the worst: what a portfolio answers is the worst that one of its cases does; of baselines, one may not be
#: comparable here at all.
_WORST = (ExitCode.FAILED, ExitCode.NO, ExitCode.NOT_COMPARABLE, ExitCode.UNTOLD, ExitCode.YES)


def worst_of(codes: Sequence[ExitCode]) -> ExitCode:
    """The exit code of many that are one: the worst of them."""
    return min(codes, key=_WORST.index)


def of_portfolio(portfolio: Portfolio | SuiteReport, *, strict: bool) -> ExitCode:
    """The exit code of many cases; one that could not be judged is one that it could not tell of."""
    if portfolio.stopped:
        return ExitCode.INTERRUPTED
    if not portfolio.reports:
        return ExitCode.BAD_INPUT
    codes = {of_report(report, strict=strict) for report in portfolio.reports}
    if portfolio.not_judged:
        codes.add(ExitCode.UNTOLD)
    return worst_of(list(codes))
