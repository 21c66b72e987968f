"""All findings for one case, and the verdict: the worst of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from assess.describe.device import Device
from assess.describe.workload import Workload
from assess.judge.case import Case
from assess.judge.criteria import CRITERIA
from assess.judge.finding import Finding, Verdict


class Fit(Enum):
    """The verdict on a case."""

    READY = "READY"
    MARGINAL = "MARGINAL"
    UNPROVEN = "UNPROVEN"
    NOT_READY = "NOT READY"


_WORST = {Verdict.PASS: Fit.READY, Verdict.MARGINAL: Fit.MARGINAL, Verdict.UNKNOWN: Fit.UNPROVEN,
          Verdict.FAIL: Fit.NOT_READY}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a partner acts on.

    Attributes:
        case: what was judged.
        findings: one per criterion, in report order.
        run_sha256: of the run that it stands on, as written; "" if nothing was run.
        tool: version of `assess` that judged.
    """

    case: Case
    findings: tuple[Finding, ...]
    run_sha256: str
    tool: str

    @property
    def device(self) -> Device:
        """Where the model is to run."""
        return self.case.device

    @property
    def workload(self) -> Workload:
        """What it is to do."""
        return self.case.workload

    @property
    def verdict(self) -> Fit:
        """The worst answer; there is no score, since it would average away the fatal one."""
        worst = max((finding.verdict for finding in self.findings), default=Verdict.NOT_ASKED)
        return _WORST.get(worst, Fit.UNPROVEN)


def judge(case: Case, *, run_sha256: str, tool: str) -> FitReport:
    """Put every criterion to the case."""
    return FitReport(case, tuple(criterion.ask(case) for criterion in CRITERIA), run_sha256, tool)
