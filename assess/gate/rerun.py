"""Against the accepted model itself: both are run here and now, in turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assess.describe.model import Model
from assess.gate.opponent import Match
from assess.gate.plan import MEASURED
from assess.gate.timed import timed
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.outputs import judge_outputs, repeats, unrepeatable
from assess.judge.gate.report import Mode
from assess.measure.agreement import Agreement
from assess.pipeline import Subject


@dataclass(frozen=True, slots=True)
class Rerun:
    """The accepted model.

    Attributes:
        subject: the model.
    """

    subject: Subject

    @property
    def mode(self) -> Mode:
        """Both are measured now."""
        return "rerun"

    @property
    def model(self) -> Model:
        """Its facts."""
        return self.subject.model

    @property
    def measured(self) -> Sequence[str]:
        """All metrics that need a run."""
        return MEASURED

    @property
    def before(self) -> Subject:
        """It is run for the job as well, where that is needed."""
        return self.subject

    @property
    def facts(self) -> Mapping[str, Any]:
        """Nothing beside the model."""
        return {}

    def runner(self, _candidate: Subject) -> Subject:
        """It takes turns with the candidate."""
        return self.subject

    def outputs(self, match: Match) -> Comparison:
        """What both put out for the same inputs; a model that does not repeat itself is none to compare with."""
        found = judge_outputs(match.bench.agreement(), match.plan.tolerance)
        if found.verdict is GateVerdict.REGRESSION:
            again = match.bench.agreement(with_itself=True)
            if isinstance(again, Agreement) and not repeats(again, match.plan.tolerance):
                return unrepeatable()
        return found

    def timed(self, match: Match, metrics: Sequence[str]) -> list[Comparison]:
        """Pairs until they tell, or there are no more."""
        found, pairs = timed(match.bench, match.plan, list(metrics), match.on_progress, match.world.clock)
        match.pairs.extend(pairs)
        return found
