"""What a candidate is compared with: the accepted model, run here and now, or what was stored of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from assess.describe.model import Model
from assess.describe.workload import Job
from assess.gate.bench import Bench
from assess.gate.plan import GatePlan
from assess.gate.world import World
from assess.judge.gate.comparison import Comparison
from assess.judge.gate.report import Mode
from assess.measure.baseline import StoredRun
from assess.measure.lockstep import Pair
from assess.measure.measurement import Host, Settings
from assess.measure.timed_run import OnProgress
from assess.pipeline import Subject


@dataclass(frozen=True, slots=True)
class Match:
    """One gate, as far as its opponent has to know it.

    Attributes:
        candidate: the newer model.
        job: what both are for; None if nobody said.
        settings: how they are run.
        plan: what is asked.
        bench: runs them.
        folder: private to this gate.
        host: where.
        world: clock and machine.
        on_progress: told what is being done, the share that is done and the seconds left.
        pairs: those that were run, in order.
    """

    candidate: Subject
    job: Job | None
    settings: Settings
    plan: GatePlan
    bench: Bench
    folder: Path
    host: Host
    world: World
    on_progress: OnProgress
    pairs: list[Pair] = field(default_factory=list)


class Opponent(Protocol):
    """What a candidate is compared with."""

    @property
    def mode(self) -> Mode:
        """How time is compared."""

    @property
    def model(self) -> Model:
        """Facts of what was accepted."""

    @property
    def measured(self) -> Sequence[str]:
        """Metrics that need a run, in the order of the report; outputs first."""

    @property
    def before(self) -> Subject | StoredRun | None:
        """What a run of the candidate for its job is compared with."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Fields of the report that tell of it."""

    def runner(self, candidate: Subject) -> Subject:
        """The model that takes turns with the candidate."""

    def outputs(self, match: Match) -> Comparison:
        """What the candidate puts out against what was accepted."""

    def timed(self, match: Match, metrics: Sequence[str]) -> list[Comparison]:
        """Each of the metrics, as they weigh; or why none can be told."""
