"""What a criterion is: a function from a case to a finding, whose docstring is the question it answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.finding import Finding, Verdict


@dataclass(frozen=True, slots=True)
class Criterion:
    """A question put to every case.

    Attributes:
        name: as reports and files spell it.
        question: first line of the docstring.
        page: the rest of the docstring: how it is judged, and from what.
        ask: answers it for a case; never raises for want of evidence.
    """

    name: str
    question: str
    page: str
    ask: Callable[[Case], Finding]


def criterion(name: str) -> Callable[[Callable[[Case], Finding]], Criterion]:
    """Make a criterion of a function: its docstring is the question, and want of evidence becomes an answer."""

    def make(function: Callable[[Case], Finding]) -> Criterion:
        question, _, page = inspect.cleandoc(function.__doc__ or "").partition("\n")

        def ask(case: Case) -> Finding:
            try:
                found = function(case)
            except NoEvidenceError as absence:
                found = Finding(Verdict.UNKNOWN, str(absence), next_step=absence.next_step)
            except NotAskedError as absence:
                found = Finding(Verdict.NOT_ASKED, str(absence))
            return replace(found, criterion=name)

        return Criterion(name, question, page.strip(), ask)

    return make
