import math

import pytest

from assess.judge.finding import Finding, Limit, Verdict, compare
from assess.project.estimate import Estimate, Rung


def found(low, high, rung=Rung.MEASURED):
    return Estimate(low, high, "s", rung, "basis")


@pytest.mark.parametrize(
    ("estimate", "limit", "verdict"),
    [
        (found(1, 2), Limit(3, "s", "deadline"), Verdict.PASS),
        (found(1, 3), Limit(3, "s", "deadline"), Verdict.PASS),
        (found(2, 4), Limit(3, "s", "deadline"), Verdict.MARGINAL),
        (found(1, math.inf), Limit(3, "s", "deadline"), Verdict.MARGINAL),
        (found(4, 5), Limit(3, "s", "deadline"), Verdict.FAIL),
        (found(1, 2, Rung.STATIC), Limit(3, "s", "deadline"), Verdict.PASS),
        (found(1, 2, Rung.PROJECTED), Limit(3, "s", "deadline"), Verdict.MARGINAL),
        (found(4, 5, Rung.PROJECTED), Limit(3, "s", "deadline"), Verdict.FAIL),
        (found(1, 2), Limit(3, "s", "deadline", is_uncertain=True), Verdict.MARGINAL),
        (found(4, 5), Limit(3, "s", "deadline", is_uncertain=True), Verdict.FAIL),
    ],
)
def test_the_range_against_the_limit(estimate, limit, verdict):
    assert compare(estimate, limit) is verdict


@pytest.mark.parametrize(("low", "high", "margin"), [(1, 2, 0.5), (4, 8, -1.0), (1, math.inf, None)])
def test_margin_is_the_share_left_at_the_bad_end(low, high, margin):
    finding = Finding(Verdict.PASS, "", found(low, high), Limit(4, "s", "deadline"))
    assert finding.margin == margin


def test_a_finding_without_numbers_has_no_margin():
    assert Finding(Verdict.PASS, "").margin is None


@pytest.mark.parametrize(
    ("low", "high", "verdict", "margin"),
    [(120.0, 130.0, Verdict.PASS, 0.2), (90.0, 130.0, Verdict.MARGINAL, -0.1), (80.0, 90.0, Verdict.FAIL, -0.2)],
)
def test_where_more_is_better_the_low_end_decides(low, high, verdict, margin):
    limit = Limit(100.0, "Hz", "at least", is_least=True)
    found = Estimate(low, high, "Hz", Rung.MEASURED, "")
    assert compare(found, limit) is verdict
    assert Finding(verdict, "", found, limit).margin == pytest.approx(margin)
