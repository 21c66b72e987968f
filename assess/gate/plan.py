"""What a gate asks, and of which metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from assess.judge.gate.budgets import BUDGETS
from assess.judge.gate.comparison import Comparison, allowed
from assess.judge.gate.energy import ENERGY
from assess.judge.gate.exact import FACTS
from assess.judge.gate.fit import FIT
from assess.judge.gate.floor import MARGIN as FLOOR_MARGIN
from assess.judge.gate.latency import LOOKS, MARGIN
from assess.judge.gate.outputs import Tolerance
from assess.judge.gate.placement import PLACEMENT
from assess.measure.baseline import StoredLaunch
from assess.measure.measurement import Settings
from assess.measure.passes.lockstep import Side
from assess.project.lockstep import LATENCIES

#: Of one launch, as it was measured or as a baseline keeps it.
MEMORIES: Final[Mapping[str, Callable[[Side | StoredLaunch], int | None]]] = {
    "peak memory": lambda launch: launch.peak_bytes,
    "steady memory": lambda launch: launch.steady_bytes,
}
#: Metrics that need a run, in the order of the report.
MEASURED: Final = ("outputs", *LATENCIES, *MEMORIES)

#: More tell no more: the half-width is a fifteenth of a pair's scatter then, and the way to it is quadratic.
MOST_PAIRS: Final = 1000
#: How a gate runs its models unless it is told otherwise: each of many launches has to warm up.
SETTINGS: Final = Settings(warmup_count=30, warmup_duration_s=0.1, timeout_s=120.0)
#: All that a gate compares, if there is a job, another provider than the CPU, a sensor of energy, a device.
METRICS: Final = (*FACTS, *MEASURED, *BUDGETS, PLACEMENT, ENERGY, FIT)


@dataclass(frozen=True, slots=True)
class GatePlan:
    """What a gate asks, and how long it may take.

    Attributes:
        margin: slowdown that is allowed, relative, where both models are run in turns.
        looks: after so many pairs it is looked whether they tell; the last is the most there will be.
        budget_s: seconds, instead of looks: one look, at their end; None for looks.
        allowed: metrics that may be worse.
        skipped: metrics that are not compared.
        tolerance: how far outputs may stray.
        floor_margin: as `margin`, where a floor is compared with a stored one.
    """

    margin: float = MARGIN
    looks: tuple[int, ...] = LOOKS
    budget_s: float | None = None
    allowed: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    tolerance: Tolerance = field(default_factory=Tolerance)
    floor_margin: float = FLOOR_MARGIN

    @property
    def most(self) -> int:
        """Pairs, at most."""
        return self.looks[-1]

    def weighed(self, comparison: Comparison) -> Comparison:
        """The comparison as it weighs: what may be worse is told only."""
        return allowed(comparison) if _name(comparison) in self.allowed else comparison

    def wanted(self, found: Iterable[Comparison]) -> list[Comparison]:
        """The comparisons that are not skipped, as they weigh."""
        return [self.weighed(each) for each in found if _name(each) not in self.skipped]


def _name(comparison: Comparison) -> str:
    """Of what --allow and --skip name: "fit" of "fit: raspberry-pi-5"."""
    return comparison.metric.partition(":")[0]
