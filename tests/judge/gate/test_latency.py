"""The sequential decision about latency: what it proves, what it does not, and how often it errs."""

import math
import random

import pytest

from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.latency import LOOKS, Evidence, judge_latency

CALM = (0.0, 0.002, -0.002, 0.001)


def evidence(changes, placebo=CALM, baseline_s=1e-3):
    changes = [math.log1p(each) for each in changes]
    return Evidence("latency floor", changes, placebo, baseline_s, baseline_s * math.exp(changes[0]))


def judged(changes, *, margin=0.03, **how):
    return judge_latency(evidence(changes, **how), margin)


def around(centre, step=0.001, count=8):
    return [centre + step * (index - (count - 1) / 2) for index in range(count)]


def test_a_slowdown_beyond_the_margin_is_a_regression():
    found = judged(around(0.05))
    assert found.verdict is GateVerdict.REGRESSION
    assert found.because == "+5.0%, at least +4.7%, in 8 pairs; 3.0% are allowed"
    assert found.change.centre == pytest.approx(0.05, abs=1e-5)


def test_a_pass_is_proved():
    found = judged(around(0.01))
    assert (found.verdict, found.next_step) == (GateVerdict.PASS, "")
    assert found.because == "+1.0%, proved to be below +1.3% in 8 pairs"


def test_what_is_not_significant_is_no_pass():
    found = judged(around(0.0, step=0.02))
    assert found.verdict is GateVerdict.INCONCLUSIVE
    assert found.because == "-0.1% +- 6.0% in 8 pairs tells neither a slowdown above 3.0% nor that none is"
    assert found.next_step == "about 32 pairs would tell: --max-pairs 32, or a longer --budget"


def test_a_significant_slowdown_within_the_margin_passes_only_if_it_is_proved_to_be():
    assert judged(around(0.02)).verdict is GateVerdict.PASS
    edge = judged(around(0.0295, step=0.004))
    assert edge.verdict is GateVerdict.INCONCLUSIVE
    assert edge.next_step.startswith("the change is about as large as the margin")


def test_an_improvement_is_told():
    found = judged(around(-0.08))
    assert found.verdict is GateVerdict.IMPROVEMENT
    assert found.next_step == "accept the new model in place of the old one"


def test_a_baseline_that_differs_from_itself_overrides_all():
    found = judged(around(0.05), placebo=(0.02, 0.03, 0.025, 0.02))
    assert found.verdict is GateVerdict.NOISY
    assert found.because == "the baseline differs from itself by +2.4% in 4 pairs"


def test_a_placebo_that_scatters_more_than_the_margin_tells_nothing():
    found = judged(around(0.05), placebo=(0.06, -0.06, 0.05, -0.05))
    assert found.verdict is GateVerdict.NOISY
    assert found.because == "the baseline against itself is known to 6.0% only, in 4 pairs"


def test_a_few_nanoseconds_are_nothing_whatever_the_share():
    assert judged(around(0.05), baseline_s=0.9e-6).verdict is GateVerdict.PASS
    assert judged(around(0.05), baseline_s=1.1e-6).verdict is GateVerdict.REGRESSION


def test_too_few_pairs_tell_nothing():
    found = judge_latency(evidence([0.05] * 4), 0.03, confidence=0.95)
    assert (found.verdict, found.because) == (GateVerdict.INCONCLUSIVE, "4 pairs are too few to tell")


def simulated(rng, centre, spread):
    """The verdict of one gate whose pairs scatter normally, with the looks of the real one."""
    changes, placebo = [], []
    for look in LOOKS:
        while len(changes) < look:
            changes.append(rng.gauss(math.log1p(centre), spread))
        while 2 * len(placebo) < look:
            placebo.append(rng.gauss(0.0, spread))
        of = Evidence("latency floor", changes, placebo, 1e-3, 1e-3)
        found = judge_latency(of, 0.03).verdict
        if found not in (GateVerdict.INCONCLUSIVE, GateVerdict.NOISY):
            return found
    return found


def share(verdict, centre, spread, rounds=600):
    rng = random.Random(f"{centre} {spread}")
    return sum(simulated(rng, centre, spread) is verdict for _ in range(rounds)) / rounds


def test_it_errs_no_more_often_than_it_says():
    """Two-sided 5 % over all looks: each one-sided error is below 2.5 %, whatever the scatter of pairs."""
    bound = 0.025 + 3.0 * math.sqrt(0.025 * 0.975 / 600)
    for spread in (0.005, 0.02, 0.05):
        assert share(GateVerdict.REGRESSION, 0.0, spread) <= 0.01
        # Exactly at the margin a PASS would be wrong.
        assert share(GateVerdict.PASS, 0.03, spread) <= bound
        assert share(GateVerdict.PASS, 0.10, spread) == 0.0


def test_it_finds_what_it_is_for():
    assert share(GateVerdict.REGRESSION, 0.05, 0.01) >= 0.99
    assert share(GateVerdict.PASS, 0.0, 0.01) >= 0.99
    assert share(GateVerdict.REGRESSION, 0.05, 0.02) >= 0.95
    assert share(GateVerdict.NOISY, 0.05, 0.05) >= 0.8  # It says so where it cannot.


def test_noise_hides_no_gross_regression():
    """Ten times slower beside a machine that differs from itself by 6 %."""
    restless = (0.06, -0.06, 0.05, -0.05, 0.06, -0.06, 0.05, -0.05)
    assert judged(around(9.0, step=0.02), placebo=restless).verdict is GateVerdict.REGRESSION
    assert judged(around(0.06), placebo=restless).verdict is GateVerdict.NOISY


def test_fifty_nanoseconds_are_a_share_and_no_power_of_one():
    assert judged(around(9.0), baseline_s=20e-9).verdict is GateVerdict.REGRESSION
    assert judged(around(2.0), baseline_s=20e-9).verdict is GateVerdict.PASS


def test_pairs_that_are_all_at_the_margin_ask_for_another_one():
    found = judge_latency(Evidence("latency floor", [0.5] * 10, [0.0] * 5, 100e-9, 165e-9), math.expm1(0.5))
    assert (found.verdict, "another --margin" in found.next_step) == (GateVerdict.INCONCLUSIVE, True)
