"""Many models, each for its jobs on its devices: what came of every case that a suite names."""

from __future__ import annotations

from dataclasses import dataclass

from assess.describe.model import Model
from assess.describe.partner import Partner
from assess.describe.suite import Suite, SuiteCase
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged, Outcome, Portfolio


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a case is none: what it names is not there, or is not what it says of itself.

    Attributes:
        why: the reason, one line.
        next_step: what to do about it; "" if there is nothing better than the reason.
    """

    why: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case of a suite.

    Attributes:
        case: as its author names it.
        outcome: the report, or why there is none.
        model: what is to run; None if it cannot be used.
        partner: for whom; None if nobody was named, or they cannot be used.
    """

    case: SuiteCase
    outcome: Outcome | Unusable
    model: Model | None = None
    partner: Partner | None = None


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """What came of a suite.

    Attributes:
        suite: its name and what it is for.
        results: of every case that was picked, in the suite's order.
        tool: version of `assess` that judged.
    """

    suite: Suite
    results: tuple[CaseResult, ...]
    tool: str

    @property
    def reports(self) -> tuple[FitReport, ...]:
        """The cases that were judged."""
        return tuple(each.outcome for each in self.results if isinstance(each.outcome, FitReport))

    @property
    def not_judged(self) -> tuple[CaseResult, ...]:
        """The others."""
        return tuple(each for each in self.results if not isinstance(each.outcome, FitReport))

    @property
    def stopped(self) -> bool:
        """Whether the command was ended before the turn of every case was over."""
        return any(isinstance(each.outcome, NotJudged) and each.outcome.stopped for each in self.results)

    @property
    def portfolios(self) -> tuple[tuple[SuiteCase, Portfolio], ...]:
        """The cases of each model for each partner, after the first of them; those that cannot be used are in none."""
        found: dict[tuple[str, str], list[CaseResult]] = {}
        for each in self.results:
            found.setdefault((each.case.model, each.case.partner), []).append(each)
        return tuple(
            (those[0].case, Portfolio(model, those[0].partner, outcomes, self.tool))
            for those in found.values()
            if (model := those[0].model)
            and (outcomes := tuple(each.outcome for each in those if not isinstance(each.outcome, Unusable)))
        )
