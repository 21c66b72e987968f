"""What a machine's gates are worth: how often they erred, how often they told, and what they can tell at all."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from assess.describe.graph.injected import Injected
from assess.describe.model import Model
from assess.judge.gate.comparison import Comparison, GateVerdict, worst
from assess.judge.gate.latency import CONFIDENCE, LEAST_S
from assess.judge.gate.report import PairChange
from assess.measure.measurement import Host
from assess.project.binomial import rate_bound
from assess.project.lockstep import relative
from assess.project.signed_rank import Interval, interval

#: Slowdowns that are injected; the first is none: the model against itself.
LEVELS: Final = (0.0, 0.02, 0.05, 0.10)
#: Of every bound and interval of a self-test, and the share of gates that "sees" and "proves" stand for.
SURE: Final = 0.95
#: Hodges and Lehmann's centre of normal differences scatters as if it were their mean of so many fewer: 3 / pi
#: (Hodges & Lehmann, Annals of Mathematical Statistics 34, 1963).
_EFFICIENCY: Final = 3.0 / math.pi
#: Of the normal distribution: one-sided 97.5 %, since two things must hold together in 95 %, what is said of the models
#: and what is said of the placebos; and the two-sided confidence of a gate's interval.
_ONE_SIDED: Final = statistics.NormalDist().inv_cdf((1.0 + SURE) / 2.0)
_TWO_SIDED: Final = statistics.NormalDist().inv_cdf((1.0 + CONFIDENCE) / 2.0)
#: An exact interval of n differences is wider than one of the normal distribution, since ranks are whole numbers: by
#: simulation 26 % at 10, 16 % at 16, 6 % at 40 (95th percentile of the half-width; the formula without it was 1.0).
_STEPS: Final = 2.6
#: A gate has one placebo for two pairs.
_PAIRS_TO_A_PLACEBO: Final = 2
#: A gate has no fewer pairs than this, and `--max-pairs` goes so far.
_FEWEST_PAIRS: Final = 8
_MOST_PAIRS: Final = 1000
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
        return max(_FEWEST_PAIRS, min(_MOST_PAIRS, int(self.budget_s / self.pair_s)))


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
        smallest_seen(scatter, pairs, test.allowed)
        for scatter in scatters
        if smallest_margin(scatter, pairs) <= test.allowed
    ]
    margin = max(smallest_margin(scatter, pairs) for scatter in scatters)
    return Reach(pairs, pairs * test.pair_s, min(seen, default=None), margin)


def errors(test: SelfTest) -> list[str]:
    """Gates that were wrong, in words."""
    found = []
    if alarms := test.levels[0].count(GateVerdict.REGRESSION):
        found.append(f"{alarms} of {len(test.levels[0].gates)} gates of the unchanged model raised a false alarm")
    for level in test.sure_levels:
        if passed := level.count(GateVerdict.PASS, GateVerdict.IMPROVEMENT):
            found.append(f"{passed} of {len(level.gates)} gates at {level.aim:+.0%} passed what is beyond the margin")
    return found


def shortfalls(test: SelfTest) -> list[str]:
    """What gates should have told and did not, in words.

    All of the largest slowdown, and more than half of the unchanged and of any that 95 % of gates should see.
    """
    unchanged, largest = test.levels[0], test.levels[-1]
    visible = reach(test, test.most_pairs).seen or 0.0
    found = []
    if 2 * (passed := unchanged.count(GateVerdict.PASS)) <= len(unchanged.gates):
        found.append(f"{passed} of {len(unchanged.gates)} gates of the unchanged model proved that it is")
    if largest not in test.sure_levels:
        found.append(f"the work at {largest.aim:+.0%} is not proved to be beyond the margin of {test.allowed:.1%}")
    for level in test.sure_levels:
        seen = level.count(GateVerdict.REGRESSION)
        if level is largest and seen < len(level.gates):
            found.append(f"{seen} of {len(level.gates)} gates at {level.aim:+.0%} saw it; all should")
        elif 2 * seen <= len(level.gates) and level.effect(test.metrics[0]).centre >= visible:
            found.append(f"{seen} of {len(level.gates)} gates at {level.aim:+.0%} saw it; most should")
    return found


def half_of_the_middle(numbers: Sequence[float]) -> float:
    """Half of the range of the middle 68.27 %: the standard deviation of normal numbers, whatever their outliers do."""
    ascending = sorted(numbers)
    tail = (1.0 - math.erf(math.sqrt(0.5))) / 2.0

    def at(share: float) -> float:
        position = share * (len(ascending) - 1)
        below = math.floor(position)
        above = min(below + 1, len(ascending) - 1)
        return ascending[below] + (position - below) * (ascending[above] - ascending[below])

    return (at(1.0 - tail) - at(tail)) / 2.0


def error_of_centre(scatter: float, pairs: int) -> float:
    """Standard error of the centre of so many pairs.

    Args:
        scatter: of one pair, as a logarithm.
        pairs: how many.
    """
    return scatter / math.sqrt(_EFFICIENCY * pairs)


def smallest_seen(scatter: float, pairs: int, margin: float) -> float:
    """The smallest slowdown, relative, that 95 % of gates call a REGRESSION at their last look.

    The centre must be beyond the margin and its interval above 0, and the centre scatters: whichever asks for more of
    ln(1 + margin) + 1.96 e and (2.361 + 1.96) e, e being the standard error of the centre.
    """
    error = error_of_centre(scatter, pairs)
    return relative(max(math.log1p(margin) + _ONE_SIDED * error, (_TWO_SIDED + _ONE_SIDED) * error))


def smallest_margin(scatter: float, pairs: int) -> float:
    """The smallest margin, relative, that 95 % of gates of an unchanged model prove at their last look.

    Two things must fit into it. The upper end of the interval: (2.361 + 1.96) e. And the half-width of the placebos,
    2.361 e of half as many, whose scatter is known from themselves alone: of one gate in forty it comes out larger by
    more than 1.96 / sqrt(2 (n - 1)) of itself. Both are wider by `_STEPS` / n.
    """
    placebos = max(2, -(-pairs // _PAIRS_TO_A_PLACEBO))
    luck = 1.0 + _ONE_SIDED / math.sqrt(2.0 * (placebos - 1))
    half_width = _TWO_SIDED * error_of_centre(scatter, placebos) * luck * (1.0 + _STEPS / placebos)
    upper_end = (_TWO_SIDED + _ONE_SIDED) * error_of_centre(scatter, pairs) * (1.0 + _STEPS / pairs)
    return relative(max(upper_end, half_width))


def pairs_needed(scatter: float, margin: float) -> int | None:
    """The fewest pairs with which 95 % of gates of an unchanged model prove the margin; None if 1000 are too few."""
    return next(
        (pairs for pairs in range(_FEWEST_PAIRS, _MOST_PAIRS + 1) if smallest_margin(scatter, pairs) <= margin), None
    )


def alarm_bound(test: SelfTest) -> float:
    """The rate of false alarms is below this with 95 % confidence (Clopper and Pearson)."""
    return rate_bound(test.levels[0].count(GateVerdict.REGRESSION), len(test.levels[0].gates), SURE)


def power_bound(level: Level) -> float:
    """The share of gates that see this slowdown is above this with 95 % confidence (Clopper and Pearson)."""
    missed = len(level.gates) - level.count(GateVerdict.REGRESSION)
    return 1.0 - rate_bound(missed, len(level.gates), SURE)
