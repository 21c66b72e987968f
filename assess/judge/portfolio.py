"""One model against many jobs and devices: the cases that were judged, and those that could not be."""

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
        stopped: whether somebody stopped the command before this case's turn was over.
    """

    workload: Workload
    device: Device
    why: str
    next_step: str = ""
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What a partner would deploy the model on, and for, case by case.

    Attributes:
        model: what is to run.
        partner: for whom; None if nobody was named.
        cases: job by job and, of each job, device by device, in the order in which they were asked for.
        tool: version of `assess` that judged.
    """

    model: Model
    partner: Partner | None
    cases: tuple[FitReport | NotJudged, ...]
    tool: str

    @property
    def reports(self) -> tuple[FitReport, ...]:
        """The cases that were judged."""
        return tuple(case for case in self.cases if isinstance(case, FitReport))

    @property
    def not_judged(self) -> tuple[NotJudged, ...]:
        """The others."""
        return tuple(case for case in self.cases if isinstance(case, NotJudged))
