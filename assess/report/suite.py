"""How the matrix of a suite reads, the same in every format; text from models and profiles is data here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assess.clean import clean
from assess.describe.suite import SuiteCase
from assess.judge.finding import Finding
from assess.judge.fit_report import FitReport
from assess.judge.suite import CaseResult, SuiteReport
from assess.report import words
from assess.report.portfolio import NOT_JUDGED, counted

#: What is left of a limit where the range has an open end.
_OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class Cell:
    """One case in the matrix.

    Attributes:
        answer: the verdict, or that there is none.
        margin: the least that is left of a limit, and which criterion's; which one decides, where that is no number.
        rung: the evidence that this stands on; "" where there is no number.
    """

    answer: str
    margin: str = ""
    rung: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A model at one job, for whom, and what came of it by device.

    Attributes:
        model: as the suite names it.
        workload: its id.
        partner: its id; "" if nobody was named.
        results: by the device's id.
    """

    model: str
    workload: str
    partner: str
    results: dict[str, CaseResult]


def rows(report: SuiteReport) -> list[Row]:
    """The rows of the matrix, in the suite's order."""
    found: dict[tuple[str, str, str], Row] = {}
    for each in report.results:
        case = each.case
        key = case.model, case.workload, case.partner
        found.setdefault(key, Row(*key, {})).results[case.device] = each
    return list(found.values())


def devices(report: SuiteReport) -> list[str]:
    """The columns of the matrix, in the suite's order."""
    return list(dict.fromkeys(each.case.device for each in report.results))


def cell(result: CaseResult) -> Cell:
    """What the matrix says of a case."""
    report = result.outcome
    if not isinstance(report, FitReport):
        return Cell(NOT_JUDGED)
    finding = tightest(report)
    worst = max(report.findings, key=lambda one: one.verdict)
    if finding is None or finding.verdict < worst.verdict:  # What decides is no number.
        return Cell(report.verdict.value, f"{worst.criterion} {worst.verdict.text.lower()}")
    return Cell(report.verdict.value, f"{finding.criterion} {words.margin(finding) or _OPEN}", words.rung(finding))


def tightest(report: FitReport) -> Finding | None:
    """The criterion with the least left of its limit among those that came out worst; None where none is a number.

    An open end leaves nothing that anybody could count on: it is less than any number.
    """
    numbers = [finding for finding in report.findings if finding.found and finding.limit]
    return min(numbers, key=lambda one: (-one.verdict, -math.inf if one.margin is None else one.margin), default=None)


def head(report: SuiteReport) -> str:
    """How many cases are ready, and what the others are."""
    return counted([cell(each).answer for each in report.results])


def title(report: SuiteReport) -> str:
    """The suite, for people."""
    return clean(report.suite.name)


def anchor(case: SuiteCase) -> str:
    """A name that links to the full report of a case may have; it begins with `prefix` of the case."""
    return _plain(f"{prefix(case)}{case.workload}-on-{case.device}")


def prefix(case: SuiteCase) -> str:
    """What the names of all cases of a model for a partner begin with."""
    return _plain(f"{case.model}--{case.partner}--")


def _plain(text: str) -> str:
    return re.sub("[^a-z0-9-]", "-", text)


@dataclass(frozen=True, slots=True)
class Gap:
    """Why cases have no answer.

    Attributes:
        why: the reason.
        next_step: what to do about it; "" if there is nothing better than the reason.
        cases: their names.
    """

    why: str
    next_step: str
    cases: tuple[str, ...]


def gaps(report: SuiteReport) -> list[Gap]:
    """Each reason why cases have no answer once, with the cases that it holds for."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in report.not_judged:
        assert not isinstance(each.outcome, FitReport)
        found.setdefault((each.outcome.why, each.outcome.next_step), []).append(clean(each.case.name))
    return [Gap(clean(why), clean(step), tuple(cases)) for (why, step), cases in found.items()]


def side(report: SuiteReport) -> tuple[Sequence[str], list[Sequence[str]]]:
    """The heads of the rows' names and the names; whom a row is for is left out where nobody is named."""
    found = rows(report)
    if any(row.partner for row in found):
        return ("model", "workload", "for"), [(row.model, row.workload, row.partner) for row in found]
    return ("model", "workload"), [(row.model, row.workload) for row in found]
