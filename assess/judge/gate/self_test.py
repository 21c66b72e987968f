"""What a machine's gates are worth: how often they erred, how often they told, and what they can tell at all."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from assess.describe.graph.injected import Injected
from assess.describe.model import Model
from assess.judge.gate.comparison import FINE, Comparison, GateVerdict, worst
from assess.judge.gate.latency import CONFIDENCE, LEAST_S
from assess.judge.gate.report import PairChange
from assess.measure.measurement import Host
from assess.project.binomial import rate_bound
from assess.project.gate_power import (
    FEWEST_PAIRS,
    MOST_PAIRS,
    SURE,
    gates_needed,
    half_of_the_middle,
    pairs_needed,
    placebo_half_width,
    smallest_margin,
    smallest_seen,
)
from assess.project.lockstep import relative
from assess.project.signed_rank import Interval, interval

#: Slowdowns that are injected; the first is none: the model against itself.
LEVELS: Final = (0.0, 0.02, 0.05, 0.10)
#: Gates that may raise a false alarm, or pass what is beyond the margin: the looks of a gate hold together in 95 %,
#: two-sided (`assess.judge.gate.latency.CONFIDENCE`), so that 2.5 % are left on either side.
PROMISED: Final = 0.025
#: The interval of more pairs than this takes long to count out, and is narrow enough.
_ENOUGH_PAIRS: Final = 200


class Answer(Enum):
    """What comes of a self-test."""

    ABLE = "ABLE"
    UNABLE = "UNABLE"
    ERRS = "ERRS"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class GateRun:
    """One gate of a self-test.

    Attributes:
        verdicts: of each latency.
        pairs: what each pair found.
        span_s: seconds that it took.
    """

    verdicts: Mapping[str, GateVerdict]
    pairs: tuple[PairChange, ...]
    span_s: float

    @property
    def verdict(self) -> GateVerdict:
        """What the gate said: the worst of its parts."""
        return worst(list(self.verdicts.values()))

    def changes(self, metric: str, *, placebo: bool = False) -> list[float]:
        """ln(other / baseline) of each pair, of the placebos alone or of the others."""
        return [pair.changes[metric] for pair in self.pairs if pair.placebo == placebo]


@dataclass(frozen=True, slots=True)
class Level:
    """The gates of one slowdown.

    Attributes:
        aim: slowdown that was to be injected, relative; 0: the model against itself.
        injected: what was; None for nothing.
        gates: in the order of the run.
    """

    aim: float
    injected: Injected | None = None
    gates: tuple[GateRun, ...] = ()

    def count(self, *verdicts: GateVerdict) -> int:
        """How many gates said one of these."""
        return sum(gate.verdict in verdicts for gate in self.gates)

    def effect(self, metric: str) -> Interval:
        """What the work really added, relative, by all pairs of this level, with 95 % confidence."""
        changes = [change for gate in self.gates for change in gate.changes(metric)]
        if len(changes) > _ENOUGH_PAIRS:  # Not every so many-th: pairs of one order, or of one look, are alike.
            changes = random.Random(0).sample(changes, _ENOUGH_PAIRS)  # noqa: S311 - no secret
        found = interval(changes, SURE)
        return Interval(*(relative(end) for end in (found.centre, found.low, found.high)))

    @property
    def gate_s(self) -> float:
        """Seconds of one gate: the median."""
        return statistics.median(gate.span_s for gate in self.gates)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Gates of one model against itself and against copies that do more work, on one machine.

    Attributes:
        tool: version of `assess`.
        created: UTC, ISO 8601.
        model: the model.
        workload_id: the job; "" if none was named.
        metrics: latencies that were gated.
        margin: slowdown that the gates allow, relative.
        most_pairs: of each gate.
        budget_s: seconds that were given to it all.
        levels: from no slowdown to the largest.
        baseline_s: latency floor of the model.
        failure: what did not go through; None if all did.
        host: where it was.
        versions: of the runtime.
        span_s: seconds that it took.
    """

    tool: str
    created: str
    model: Model
    workload_id: str
    metrics: tuple[str, ...]
    margin: float
    most_pairs: int
    budget_s: float
    levels: tuple[Level, ...]
    baseline_s: float
    failure: Comparison | None = None
    host: Host | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    span_s: float = 0.0

    @property
    def answer(self) -> Answer:
        """ABLE, ERRS and UNABLE as docs/gate.md has them."""
        if self.failure is not None:
            return Answer.FAILED
        if errors(self):
            return Answer.ERRS
        return Answer.UNABLE if shortfalls(self) else Answer.ABLE

    @property
    def allowed(self) -> float:
        """Slowdown that the gates really allow, relative: of the smallest models it is a time, not a share."""
        return max(self.margin, relative(LEAST_S / self.baseline_s))

    @property
    def sure_levels(self) -> list[Level]:
        """Those whose slowdown is proved to be beyond the margin: a gate should say REGRESSION."""
        return [
            level
            for level in self.levels
            if level.aim > 0.0 and all(level.effect(metric).low > self.allowed for metric in self.metrics)
        ]

    def scatter(self, metric: str) -> float:
        """How far pairs of the same two models scatter, as a logarithm: half of the range of the middle 68 %."""
        apart: list[float] = []
        for level in self.levels:
            tests = [change for gate in level.gates for change in gate.changes(metric)]
            centre = statistics.median(tests) if tests else 0.0
            apart += [change - centre for change in tests]
            apart += [change for gate in level.gates for change in gate.changes(metric, placebo=True)]
        return half_of_the_middle(apart)

    @property
    def pair_s(self) -> float:
        """Seconds of a pair with its share of the placebos: the median over gates."""
        gates = [gate for level in self.levels for gate in level.gates]
        return statistics.median(gate.span_s / sum(not pair.placebo for pair in gate.pairs) for gate in gates)

    @property
    def pairs_within_budget(self) -> int:
        """Pairs that one gate would have in the time that was given to all."""
        return max(FEWEST_PAIRS, min(MOST_PAIRS, int(self.budget_s / self.pair_s)))


@dataclass(frozen=True, slots=True)
class Reach:
    """What gates of so many pairs can tell, computed from the scatter of the pairs.

    Attributes:
        pairs: of each gate.
        span_s: seconds that they take.
        seen: the smallest slowdown, relative, that 95 % of gates see; None where placebos are too far apart to tell.
        margin: the smallest margin, relative, that 95 % of gates of an unchanged model prove.
    """

    pairs: int
    span_s: float
    seen: float | None
    margin: float


def reach(test: SelfTest, pairs: int) -> Reach:
    """What gates of so many pairs can tell here: one latency suffices to see, all of them are needed to prove."""
    scatters = [test.scatter(metric) for metric in test.metrics]
    seen = [
        smallest_seen(scatter, pairs, test.allowed, CONFIDENCE)
        for scatter in scatters
        if placebo_half_width(scatter, pairs, CONFIDENCE) <= test.allowed
    ]
    margin = max(smallest_margin(scatter, pairs, CONFIDENCE) for scatter in scatters)
    return Reach(pairs, pairs * test.pair_s, min(seen, default=None), margin)


def pairs_to_tell(test: SelfTest) -> int | None:
    """The fewest pairs with which 95 % of gates of an unchanged model prove it here; None if 1000 are too few."""
    return pairs_needed(max(test.scatter(metric) for metric in test.metrics), test.allowed, CONFIDENCE)


def errors(test: SelfTest) -> list[str]:
    """What proves that gates are wrong more often than they promise, in words."""
    unchanged = test.levels[0]
    wrong = [(unchanged, unchanged.count(GateVerdict.REGRESSION), "of the unchanged model raised a false alarm")]
    for level in test.sure_levels:
        wrong.append((level, level.count(*FINE), f"at {level.aim:+.0%} passed what is beyond the margin"))
    return [
        f"{count} of {len(level.gates)} gates {did}; {PROMISED:.1%} may"
        for level, count, did in wrong
        if _rate_above(count, len(level.gates)) > PROMISED
    ]


def _rate_above(count: int, gates: int) -> float:
    """The rate of what was counted is above this with 95 % confidence (Clopper and Pearson)."""
    return 1.0 - rate_bound(gates - count, gates, SURE)


def shortfalls(test: SelfTest) -> list[str]:
    """What gates should have told and did not, in words.

    Half of them or more, of the unchanged model or of a slowdown that should be seen; or of the latter so many that
    fewer than 95 % are proved to see it.
    """
    unchanged, largest = test.levels[0], test.levels[-1]
    found = []
    if 2 * (passed := unchanged.count(GateVerdict.PASS)) <= len(unchanged.gates):
        found.append(f"{passed} of {len(unchanged.gates)} gates of the unchanged model proved that it is")
    if largest not in test.sure_levels:
        found.append(f"the work at {largest.aim:+.0%} is not proved to be beyond the margin of {test.allowed:.1%}")
    for level in should_be_seen(test):
        seen, gates = level.count(GateVerdict.REGRESSION), len(level.gates)
        if 2 * seen <= gates or rate_bound(seen, gates, SURE) < SURE:
            found.append(f"{seen} of {gates} gates at {level.aim:+.0%} saw it; {SURE:.0%} should")
    return found


def should_be_seen(test: SelfTest) -> list[Level]:
    """Levels proved to be beyond the margin that 95 % of gates should see: those that are computed, and the largest."""
    visible = reach(test, test.most_pairs).seen or 0.0
    return [
        level
        for level in test.sure_levels
        if level is test.levels[-1] or level.effect(test.metrics[0]).centre >= visible
    ]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What so few gates neither show nor refute.

    Attributes:
        what: they would show, in words.
        gates: that there are.
        needed: gates that would show it, with no more of them wrong.
    """

    what: str
    gates: int
    needed: int


def doubts(test: SelfTest) -> list[Doubt]:
    """What an ABLE machine is not shown to be yet: within what gates promise, and seeing what they should."""
    if test.answer is not Answer.ABLE:
        return []
    unchanged = test.levels[0]
    needed = gates_needed(unchanged.count(GateVerdict.REGRESSION), PROMISED)
    found = [Doubt(f"fewer than {PROMISED:.1%} raise a false alarm", len(unchanged.gates), needed)]
    for level in should_be_seen(test):
        gates, seen = len(level.gates), level.count(GateVerdict.REGRESSION)
        found.append(Doubt(f"{SURE:.0%} see {level.aim:+.0%}", gates, gates_needed(gates - seen, 1.0 - SURE)))
    return [each for each in found if each.gates < each.needed]


def alarm_bound(test: SelfTest) -> float:
    """The rate of false alarms is below this with 95 % confidence (Clopper and Pearson)."""
    return rate_bound(test.levels[0].count(GateVerdict.REGRESSION), len(test.levels[0].gates), SURE)


def power_bound(level: Level) -> float:
    """The share of gates that see this slowdown is above this with 95 % confidence (Clopper and Pearson)."""
    return _rate_above(level.count(GateVerdict.REGRESSION), len(level.gates))
