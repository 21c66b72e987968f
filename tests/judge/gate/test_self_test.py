"""What a self-test concludes: its answer, its bounds, and whether what it computes of the scatter is so."""

import math
import random
from dataclasses import replace
from pathlib import Path

import builders
import pytest

from assess.describe.graph.injected import Injected, Work
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.latency import LOOKS, Evidence, judge_latency
from assess.judge.gate.report import PairChange
from assess.judge.gate.self_test import (
    Answer,
    GateRun,
    Level,
    SelfTest,
    alarm_bound,
    errors,
    half_of_the_middle,
    pairs_needed,
    power_bound,
    reach,
    shortfalls,
    smallest_margin,
    smallest_seen,
)

P, R, OPEN, N = GateVerdict.PASS, GateVerdict.REGRESSION, GateVerdict.INCONCLUSIVE, GateVerdict.NOISY
METRIC = "latency floor"


def run(verdict, effect, *, step=0.001, span_s=12.0):
    """A gate of eight pairs and four placebos that scatter evenly by so much."""
    tests = [math.log1p(effect) + step * (index - 3.5) for index in range(8)]
    pairs = [PairChange(False, True, {METRIC: change}) for change in tests]
    pairs += [PairChange(True, True, {METRIC: step * (index - 1.5)}) for index in range(4)]
    return GateRun({METRIC: verdict}, tuple(pairs), span_s)


def level(aim, *verdicts, effect=None, **how):
    injected = Injected(Path("x"), "y", "output", 10, Work(3)) if aim else None
    return Level(aim, injected, tuple(run(verdict, aim if effect is None else effect, **how) for verdict in verdicts))


def of(unchanged=(P, P), two=(P, P), five=(R, R), ten=(R, R), *, margin=0.03, baseline_s=1e-3, **how):
    slower = (level(aim, *said, **how) for aim, said in ((0.02, two), (0.05, five), (0.10, ten)))
    levels = (level(0.0, *unchanged, **how), *slower)
    return SelfTest(
        "0.1.0", "2026-11-29T10:00:00+00:00", builders.model(), "", (METRIC,), margin, 20, 180.0, levels, baseline_s
    )


def test_a_machine_whose_gates_tell_is_able():
    test = of()
    assert (test.answer, errors(test), shortfalls(test)) == (Answer.ABLE, [], [])
    assert [each.aim for each in test.sure_levels] == [0.05, 0.10]
    # 2 % is within the margin: whatever a gate says of it is no error.
    assert of(two=(R, OPEN)).answer is Answer.ABLE


def test_a_false_alarm_and_a_pass_beyond_the_margin_are_errors():
    assert errors(of(unchanged=(P, R))) == ["1 of 2 gates of the unchanged model raised a false alarm"]
    assert errors(of(five=(R, P))) == ["1 of 2 gates at +5% passed what is beyond the margin"]
    assert of(five=(R, P)).answer is of(unchanged=(R, P)).answer is Answer.ERRS


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"unchanged": (P, N)}, "1 of 2 gates of the unchanged model proved that it is"),
        ({"five": (R, OPEN)}, "1 of 2 gates at +5% saw it; most should"),
        ({"ten": (R, N)}, "1 of 2 gates at +10% saw it; all should"),
        ({"margin": 0.099}, "the work at +10% is not proved to be beyond the margin of 9.9%"),
    ],
)
def test_what_gates_do_not_tell_makes_a_machine_unable(how, said):
    test = of(**how)
    assert shortfalls(test) == [said]
    assert test.answer is Answer.UNABLE


def test_what_is_hardly_beyond_the_margin_need_not_be_seen():
    levels = [level(0.0, P, step=0.004), level(0.05, *(OPEN,) * 20, effect=0.033, step=0.004), level(0.10, R)]
    test = replace(of(), levels=tuple(levels))
    assert [each.aim for each in test.sure_levels] == [0.05, 0.10]  # By 160 pairs, which no gate has.
    assert reach(test, 20).seen > 0.033
    assert test.answer is Answer.ABLE
    levels[1] = level(0.05, *(OPEN,) * 20, effect=0.04, step=0.004)
    assert replace(test, levels=tuple(levels)).answer is Answer.UNABLE


def test_of_the_smallest_models_a_time_is_allowed():
    # 50 ns are 5.1 % of a microsecond, as a logarithm.
    test = of(baseline_s=1e-6)
    assert test.allowed == pytest.approx(0.0513, abs=1e-4)
    assert [each.aim for each in test.sure_levels] == [0.10]


def test_bounds_are_those_of_clopper_and_pearson():
    # 1 - 0.05^(1/n) of none, and of all.
    assert alarm_bound(of(unchanged=(P,) * 100)) == pytest.approx(0.02951, abs=1e-5)
    assert alarm_bound(of()) == pytest.approx(0.77639, abs=1e-5)
    assert power_bound(level(0.05, *(R,) * 20)) == pytest.approx(0.05 ** (1 / 20))
    assert power_bound(level(0.05, OPEN, *(R,) * 19)) == pytest.approx(0.78389, abs=1e-5)


def test_what_was_really_added_is_measured_by_all_pairs():
    found = level(0.05, R, R, effect=0.046).effect(METRIC)
    assert found.centre == pytest.approx(0.046, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.0446, 0.0474), abs=2e-4)
    many = level(0.05, *(R,) * 200, effect=0.046)  # 1600 pairs: an interval of some of them does.
    assert many.effect(METRIC).centre == pytest.approx(0.046, abs=1e-3)


def test_scatter_is_that_of_pairs_around_their_level():
    rng = random.Random(0)
    assert half_of_the_middle([rng.gauss(0.0, 0.02) for _ in range(20_000)]) == pytest.approx(0.02, rel=0.02)
    assert half_of_the_middle([0.0] * 90 + [9.0] * 10) == 0.0  # One in ten that was disturbed.
    # Of 56 numbers of each level: from the 15.87 % to the 84.13 % point of steps of 0.1 %.
    assert of().scatter(METRIC) == pytest.approx(0.0025, abs=3e-4)


def test_formulas_in_figures():
    # e = 0.01 / sqrt(0.955 * 20) = 0.2288 %: 3 % + 1.96 e, and 4.32 e where that is more.
    assert smallest_seen(0.01, 20, 0.03) == pytest.approx(0.03463, abs=1e-5)
    assert smallest_seen(0.04, 20, 0.01) == pytest.approx(0.04034, abs=1e-5)
    assert smallest_margin(0.01, 20) == pytest.approx(0.01418, abs=1e-5)
    assert [pairs_needed(scatter, 0.03) for scatter in (0.005, 0.02, 0.04, 0.5)] == [8, 19, 45, None]


def test_reach_needs_one_latency_to_see_and_all_to_prove():
    test = of()
    assert test.pairs_within_budget == 120
    found = reach(test, 20)
    assert (found.pairs, found.span_s) == (20, 30.0)
    assert found.seen == pytest.approx(smallest_seen(test.scatter(METRIC), 20, 0.03))
    loud = of(unchanged=(N, N), step=0.02)
    assert reach(loud, 20).seen is None
    assert reach(loud, 20).margin == pytest.approx(smallest_margin(loud.scatter(METRIC), 20))


def gate(rng, scatter, slowdown, margin):
    """A gate of pairs that scatter normally, as it is run: looks, and a placebo for two pairs."""
    tests, placebos = [], []
    for slot in range(999):
        if slot % 3 == 0:
            placebos.append(rng.gauss(0.0, scatter))
            continue
        tests.append(rng.gauss(math.log1p(slowdown), scatter))
        if len(tests) in LOOKS:
            found = judge_latency(Evidence(METRIC, tests, placebos, 1e-3, 1e-3), margin).verdict
            if len(tests) == LOOKS[-1] or found not in (N, OPEN):
                return found
    raise AssertionError


@pytest.mark.parametrize("scatter", [0.005, 0.02, 0.04])
def test_what_is_computed_is_so_in_95_of_100_gates(scatter):
    rng = random.Random(0)
    margin = max(0.03, smallest_margin(scatter, 20))
    seen = smallest_seen(scatter, 20, margin)
    found = [gate(rng, scatter, seen, margin) for _ in range(200)]
    assert found.count(R) >= 190
    assert found.count(P) == 0
    least = smallest_margin(scatter, 20)
    assert [gate(rng, scatter, 0.0, least) for _ in range(200)].count(P) >= 190
    # Not far from the least: with two thirds of it many gates tell nothing.
    assert [gate(rng, scatter, 0.0, least / 1.5) for _ in range(200)].count(P) < 180
