"""Many gates at once: what each answered, and which of them had nothing to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assess.judge.gate.comparison import GateVerdict, worst
from assess.judge.gate.report import GateReport


@dataclass(frozen=True, slots=True)
class SuiteGate:
    """One model for one job.

    Attributes:
        name: what it is called.
        report: what came of it; None if nothing was compared.
        why: why not; "" if it was.
        next_step: the one thing to do about that.
        path: of the newer model's file.
    """

    name: str
    report: GateReport | None = None
    why: str = ""
    next_step: str = ""
    path: Path = Path()

    @property
    def verdict(self) -> GateVerdict:
        """Of what was not compared nothing is told."""
        return self.report.verdict if self.report else GateVerdict.NOT_COMPARABLE


@dataclass(frozen=True, slots=True)
class GateSuite:
    """All gates of a suite.

    Attributes:
        suite: its id.
        tool: version of `assess`.
        gates: in the order of the suite.
    """

    suite: str
    tool: str
    gates: tuple[SuiteGate, ...]

    @property
    def verdict(self) -> GateVerdict:
        """The worst of all; a suite without gates raises ValueError."""
        return worst([each.verdict for each in self.gates])

    @property
    def reports(self) -> list[GateReport]:
        """Of those that were compared."""
        return [each.report for each in self.gates if each.report is not None]
