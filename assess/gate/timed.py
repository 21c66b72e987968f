"""Pairs in turns until they tell, or there are no more."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from assess.describe.model import Model
from assess.gate.bench import Bench
from assess.gate.plan import MEMORIES, MOST_PAIRS, GatePlan
from assess.judge.gate.comparison import OPEN, Comparison, GateVerdict
from assess.judge.gate.latency import CONFIDENCE, Evidence, judge_latency
from assess.judge.gate.memory import SHARE, judge_memory
from assess.measure.baseline import StoredLaunch
from assess.measure.lockstep import Pair, SideFailed
from assess.measure.measurement import Host, Settings
from assess.measure.missing_instructions import missing_instructions
from assess.measure.passes.lockstep import Side
from assess.measure.timed_run import OnProgress
from assess.project.lockstep import LATENCIES, change, typical_s

#: Of three slots one is a placebo: the baseline against itself.
_EVERY: Final = 3
#: With a budget there is one look, at its end, and the interval need not be shared among several.
_ONE_LOOK: Final = 0.95
#: Fewer pairs, whatever the budget, have no interval at that confidence.
_FEWEST: Final = 6

#: What a text calls the baseline of two models; who takes turns with itself is somebody else.
ACCEPTED: Final = "the baseline"


def timeless(host: Host, metrics: Sequence[str]) -> list[Comparison]:
    """On a host that is emulated no time can be compared: each metric of time, with the reason; on all others none."""
    if not host.emulator:
        return []
    why = f"the processor is emulated, by {host.emulator}: times are the emulator's"
    step = "run the gate on the device itself, or leave it out with --skip"
    return [
        Comparison(metric, GateVerdict.NOT_COMPARABLE, why, next_step=step)
        for metric in metrics
        if metric not in MEMORIES and metric != "outputs"
    ]


def would_crash(models: Sequence[Model], host: Host, settings: Settings) -> list[Comparison]:
    """That models are not run, since they need instructions that the host has not; nothing where none is known to."""
    failure = missing_instructions(models, host, settings)
    if failure is None:
        return []
    details = tuple(failure.detail.splitlines())
    step = "run them in floats: --optimisation basic"
    return [Comparison("run", GateVerdict.FAILED, failure.cause, details=details, next_step=step)]


def timed(
    bench: Bench, plan: GatePlan, metrics: list[str], on_progress: OnProgress, clock: Callable[[], float]
) -> tuple[list[Comparison], list[Pair]]:
    """Pairs until they tell, or there are no more; and what they tell."""
    pairs: list[Pair] = []
    begun = clock()
    for slot, placebo in enumerate(_slots()):
        tested = sum(not pair.placebo for pair in pairs)
        _tell(on_progress, plan, slot, tested, clock() - begun)
        found = bench.pair(slot, placebo=placebo, baseline_leads=slot % 2 == 0)
        if isinstance(found, SideFailed):
            return [failed(found, ACCEPTED if found.side == "baseline" else "the candidate")], pairs
        pairs.append(found)
        tested += not placebo
        last = _is_last(plan, tested, slot + 1, clock() - begun)
        if last or (plan.budget_s is None and not placebo and tested in plan.looks):
            comparisons = _compared(pairs, metrics, plan)
            if last or not any(each.verdict in OPEN for each in comparisons):
                return comparisons, pairs
    raise AssertionError("slots do not end")


def _slots() -> Iterator[bool]:
    """Whether each slot is a placebo."""
    slot = 0
    while True:
        yield slot % _EVERY == 0
        slot += 1


def _is_last(plan: GatePlan, tested: int, slots: int, spent_s: float) -> bool:
    if plan.budget_s is None:
        return tested >= plan.most
    return tested >= MOST_PAIRS or (tested >= _FEWEST and spent_s + spent_s / slots > plan.budget_s)


def _compared(pairs: list[Pair], metrics: list[str], plan: GatePlan) -> list[Comparison]:
    tests, placebos = ([pair for pair in pairs if pair.placebo == wanted] for wanted in (False, True))
    confidence = CONFIDENCE if plan.budget_s is None else _ONE_LOOK
    found = []
    for metric in metrics:
        if metric in LATENCIES:
            changes, placebo = ([change(pair, metric) for pair in some] for some in (tests, placebos))
            evidence = Evidence(metric, changes, placebo, *typical_s(tests, metric))
            found.append(judge_latency(evidence, plan.margin, confidence=confidence))
        else:
            found.append(_memory(metric, tests, placebos))
    return [plan.weighed(each) for each in found]


def _memory(metric: str, tests: list[Pair], placebos: list[Pair]) -> Comparison:
    before = [pair.baseline for pair in tests] + [side for pair in placebos for side in (pair.baseline, pair.other)]
    return compare_memory(metric, before, [pair.other for pair in tests])


def compare_memory(
    metric: str,
    baseline: Sequence[Side | StoredLaunch],
    candidate: Sequence[Side | StoredLaunch],
    margin: float = SHARE,
) -> Comparison:
    """Memory of launches, as they were measured or stored.

    Args:
        metric: one of `MEMORIES`.
        baseline: launches of the baseline.
        candidate: of the candidate.
        margin: share of the baseline's that it may be more.
    """
    of = MEMORIES[metric]
    before, after = ([value for each in some if (value := of(each)) is not None] for some in (baseline, candidate))
    if not before or not after:
        step = f"--skip {metric!r}"
        return Comparison(metric, GateVerdict.INCONCLUSIVE, "the system does not tell", next_step=step)
    return judge_memory(metric, before, after, margin)


def failed(side: SideFailed, who: str) -> Comparison:
    """A side that did not go through, as the one comparison of all that had to be run.

    Args:
        side: how it failed.
        who: it was: `ACCEPTED`, "the candidate" or whoever else took turns.

    Raises:
        KeyboardInterrupt: this process got a signal to end.
    """
    if side.signal:
        raise KeyboardInterrupt(side.signal)
    details = tuple(side.detail.splitlines()[-5:])
    step = "give an accepted model that runs on this host" if who == ACCEPTED else "run it alone: assess measure"
    return Comparison("run", GateVerdict.FAILED, f"{who} {side.cause}", details=details, next_step=step)


def _tell(on_progress: OnProgress, plan: GatePlan, slot: int, tested: int, spent_s: float) -> None:
    """Seconds to the next look, or to the end of the budget."""
    if plan.budget_s is not None:
        share, left_s = min(1.0, spent_s / plan.budget_s), max(0.0, plan.budget_s - spent_s)
    else:
        look = next(look for look in plan.looks if look > tested)
        slots = look + -(-look // (_EVERY - 1))
        share, left_s = slot / slots, spent_s / slot * (slots - slot) if slot else math.nan
    word = f"pair {tested + 1}, {'placebo' if slot % _EVERY == 0 else 'both in turns'}"
    on_progress(word, share, None if math.isnan(left_s) else left_s)
