"""One model against many jobs and devices: what came of each case, a report or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from assess.describe.device import Device
from assess.describe.model import Model
from assess.describe.partner import Partner
from assess.describe.workload import Workload
from assess.judge.fit_report import FitReport


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A case without an answer: its model was not, or could not be, run for its job. That is no verdict.

    Attributes:
        workload: the job.
        device: where.
        why: the reason, one line.
        next_step: what to do about it; "" if there is nothing better than the reason.
        stopped: whether the command was ended before this case's turn was over.
    """

    workload: Workload
    device: Device
    why: str
    next_step: str = ""
    stopped: bool = False


#: What came of a case.
Outcome = FitReport | NotJudged


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What a partner would deploy the model on, and for, case by case.

    Attributes:
        model: what is to run.
        partner: for whom; None if nobody was named.
        outcomes: of every case: job by job and, of each job, device by device, in the order that was asked for.
        tool: version of `assess` that judged.
    """

    model: Model
    partner: Partner | None
    outcomes: tuple[Outcome, ...]
    tool: str

    @property
    def reports(self) -> tuple[FitReport, ...]:
        """The cases that were judged."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, FitReport))

    @property
    def not_judged(self) -> tuple[NotJudged, ...]:
        """The others."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, NotJudged))

    @property
    def stopped(self) -> bool:
        """Whether the command was ended before the turn of every case was over."""
        return any(case.stopped for case in self.not_judged)
