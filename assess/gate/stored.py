"""Against what was stored of the accepted model, on the same machine: the candidate alone is run, with itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assess.describe.model import Model
from assess.gate.opponent import Match
from assess.gate.plan import MEMORIES
from assess.gate.timed import compare_memory, failed
from assess.judge.gate import floor
from assess.judge.gate.comparable import Difference, differences, runtime_differences, said, sentinel_difference
from assess.judge.gate.comparison import FINE, Comparison, GateVerdict
from assess.judge.gate.floor import judge_floor
from assess.judge.gate.memory import STORED_SHARE
from assess.judge.gate.outputs import judge_outputs
from assess.judge.gate.report import Mode
from assess.measure.baseline import Baseline, StoredRun, stored_launch
from assess.measure.lockstep import SideFailed
from assess.measure.reference import agree_with
from assess.measure.stored_outputs import as_reference, sha256_of_fed
from assess.pipeline import Subject

#: Metrics that need a run and have a stored figure, in the order of the report.
MEASURED: Final = ("outputs", floor.METRIC, *MEMORIES)
#: Pairs of the sentinel with itself, at most: a moment's disturbance makes no other machine.
_SENTINELS: Final = 4


@dataclass(frozen=True, slots=True)
class Stored:
    """What was accepted.

    Attributes:
        baseline: as it was read.
    """

    baseline: Baseline

    @property
    def mode(self) -> Mode:
        """The candidate's floor is compared with a stored one."""
        return "floor"

    @property
    def model(self) -> Model:
        """Its facts."""
        return self.baseline.model

    @property
    def measured(self) -> Sequence[str]:
        """Metrics that have a stored figure that keeps."""
        return MEASURED

    @property
    def before(self) -> StoredRun | None:
        """What was stored of its run for the job."""
        return self.baseline.job_run

    @property
    def facts(self) -> Mapping[str, Any]:
        """Who accepted it."""
        return {"acceptance": self.baseline.acceptance}

    def runner(self, candidate: Subject) -> Subject:
        """The candidate takes turns with itself, as the accepted model did."""
        return candidate

    def outputs(self, match: Match) -> Comparison:
        """The candidate's outputs against those that were stored."""
        stored = self.baseline.outputs
        if stored.absent:
            step = "run both: --against MODEL; or leave it out: --skip outputs"
            return Comparison("outputs", GateVerdict.NOT_COMPARABLE, stored.absent, next_step=step)
        known = [frame for frame in match.bench.frames() if frame.name in stored.frames]
        if len(known) < len(stored.frames) or sha256_of_fed(known) != stored.fed_sha256:
            why = "other inputs are fed than when the baseline was accepted"
            step = "the seed, samples or --input files are others: give those, or accept the model again"
            return Comparison("outputs", GateVerdict.NOT_COMPARABLE, why, next_step=step)
        candidate, reference = match.candidate, as_reference(self.baseline.model, stored)
        found = agree_with(
            candidate.model, known, reference, match.bench.ask, match.folder / "agreement", candidate.card
        )  # fmt: skip
        return judge_outputs(found, match.plan.tolerance)

    def timed(self, match: Match, metrics: Sequence[str]) -> list[Comparison]:
        """Launches until they tell, or there are no more; before them, whether this is the same machine at all."""
        found: list[Difference] | SideFailed = differences(
            self.baseline, match.job, match.settings, match.host, match.world.machine()
        )
        if not found:
            found = self._sentinel(match)
        if isinstance(found, SideFailed):
            return [failed(found, "the sentinel model")]
        if found:
            step = "give the gate what the baseline has, or accept the model here: assess baseline accept"
            why = said(found)
            return [Comparison(metric, GateVerdict.NOT_COMPARABLE, why, next_step=step) for metric in metrics]
        return self._launched(match, metrics)

    def _sentinel(self, match: Match) -> list[Difference] | SideFailed:
        match.on_progress("looking whether this machine is as fast as it was", None, None)
        fastest: list[int] = []
        differing: list[Difference] = []
        for slot in range(_SENTINELS):
            floor_ns = match.bench.sentinel(slot)
            if isinstance(floor_ns, SideFailed):
                return floor_ns
            fastest.append(floor_ns)
            differing = runtime_differences(self.baseline, match.bench.versions)
            differing = differing or sentinel_difference(self.baseline, min(fastest))
            if not differing:
                break
        return differing

    def _launched(self, match: Match, metrics: Sequence[str]) -> list[Comparison]:
        looks = floor.LOOKS
        comparisons: list[Comparison] = []
        for slot in range(looks[-1]):
            match.on_progress(f"pair {slot + 1} of {looks[-1]} at most, with itself", slot / looks[-1], None)
            found = match.bench.pair(slot, placebo=True, baseline_leads=slot % 2 == 0)
            if isinstance(found, SideFailed):
                return [failed(found, "the candidate")]
            match.pairs.append(found)
            if slot + 1 in looks:
                comparisons = [self._compared(metric, match) for metric in metrics]
                # A floor only falls: that it is low enough stays true, that it is too high need not.
                if all(each.verdict in FINE for each in comparisons):
                    break
        return match.plan.wanted(comparisons)

    def _compared(self, metric: str, match: Match) -> Comparison:
        before = self.baseline.launches
        after = [stored_launch(side) for pair in match.pairs for side in (pair.baseline, pair.other)]
        if metric == floor.METRIC:
            known, now = ([each.floor_ns for each in some] for some in (before, after))
            return judge_floor(known, now, match.plan.floor_margin)
        return compare_memory(metric, before, after, STORED_SHARE)
