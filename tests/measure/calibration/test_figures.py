"""From medians of rounds to figures, in exact numbers."""

import pytest

from assess.measure.calibration.figures import Figure, best, dispatch, line, median_range, rate
from assess.measure.passes.calibration import Trial


def trial(*round_ns, work=1000, what="a model"):
    return Trial(what, "MatMul", work, round_ns)


def test_a_rate_is_work_over_the_median_round():
    figure = rate(trial(2000, 1000, 500, work=1_000_000), "op/s", "MatMul")
    assert figure == Figure(1e12, 5e11, 2e12, "op/s", 3, "MatMul")
    assert figure.spread == 3.0


def test_the_range_holds_the_true_median_with_95_percent_confidence():
    # The chance that the true median is outside: twice that of 2 or fewer heads in 13 tosses, 184 / 8192; one further
    # in it would be 756 / 8192.
    assert median_range(list(range(13, 0, -1))) == (3, 11)
    assert median_range(range(1, 10)) == (2, 8)
    assert median_range(range(1, 9)) == (1, 8)
    assert median_range(range(1, 7)) == (1, 6)
    # Five can not reach it: all that was seen is told.
    assert median_range([3, 1, 2]) == (1, 3)
    assert median_range([7]) == (7, 7)


def test_one_disturbed_round_of_nine_does_not_widen_the_range():
    figure = rate(trial(*[100] * 8, 5000, work=100), "op/s", "")
    assert (figure.low, figure.value, figure.high) == (1e9, 1e9, 1e9)
    assert figure.why_noisy == ""


def test_what_disturbed_a_figure_is_told():
    assert rate(trial(*[100] * 10, 200, 200, 200), "op/s", "").why_noisy == (
        "rounds differ by 100%, more than 15%: something disturbed the host"
    )
    assert rate(trial(*[100] * 6, 114, 114, 114), "op/s", "").why_noisy == ""
    assert rate(trial(100, 100, 100, 100, 100), "op/s", "").why_noisy == (
        "only 5 of at least 6 rounds fitted into the time"
    )


def test_threads_that_waited_are_told_beside_what_the_rounds_show():
    waited = "threads had to wait for a CPU in 6% of the time, more than 5%: others were running"
    assert rate(trial(*[100] * 6), "op/s", "", 0.06).why_noisy == waited
    assert rate(trial(*[100] * 6), "op/s", "", 0.05).why_noisy == ""
    assert rate(trial(100), "op/s", "", 0.06).why_noisy == (
        f"only 1 of at least 6 rounds fitted into the time; {waited}"
    )
    found = dispatch([chain(1, 2000), chain(1000, 3000)], "chains", 0.06)
    assert [figure.waited_share for figure in found] == [0.06, 0.06]


def test_the_best_is_the_fastest_by_median_and_not_by_its_luckiest_round():
    lucky = trial(1, 100, 100, what="lucky")
    steady = trial(90, 90, 95, what="steady")
    larger = trial(1000, 1000, 1000, work=20_000, what="larger")
    assert best([lucky, steady]).what == "steady"
    assert best([lucky, steady, larger]).what == "larger"


def test_a_line_is_found_again():
    intercept, slope = line([(1, 2.25), (50, 14.5), (200, 52.0), (1000, 252.0)])
    assert intercept == pytest.approx(2.0)
    assert slope == pytest.approx(0.25)


def test_deviations_count_as_shares_so_that_the_longest_chain_does_not_decide_the_call():
    # The longest is 10 % too long. Unweighted, the slope would follow it and the intercept fall to 0.3.
    intercept, slope = line([(1, 2.25), (50, 14.5), (200, 52.0), (1000, 277.2)])
    assert intercept == pytest.approx(1.98, rel=0.001)
    assert slope == pytest.approx(0.26, rel=0.02)


def chain(count, *round_ns):
    return Trial(f"{count} of Neg", "Neg", count, round_ns)


def test_dispatch_is_the_slope_and_the_call_what_is_left():
    counts = (1, 50, 200, 1000)
    chains = [chain(count, *(2000 + each * count for each in (150, 160, 170))) for count in counts]
    call, operator = dispatch(chains, "chains")
    assert (call.value, call.low, call.high) == pytest.approx((2e-6, 2e-6, 2e-6))
    assert (operator.value, operator.low, operator.high) == pytest.approx((160e-9, 150e-9, 170e-9))
    assert (operator.unit, operator.rounds, operator.method) == ("s", 3, "chains; an operator more")


def test_noise_that_makes_an_operator_free_is_no_figure():
    call, operator = dispatch([chain(1, 2000), chain(1000, 1990)], "chains")
    assert call.value == pytest.approx(2e-6, rel=0.01)
    assert operator == "the times of the chains grow such that an operator more would take no time: noise"


def test_one_chain_tells_no_slope():
    why = "chains of two lengths at least are needed"
    assert dispatch([chain(50, 2000, 2100)], "chains") == (why, why)
