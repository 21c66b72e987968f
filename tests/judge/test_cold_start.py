"""Cold start: whole processes that were started cold may pass; anything less is a lower bound."""

import math
from dataclasses import replace

import builders
import pytest

from assess.judge.criteria import CRITERIA
from assess.judge.finding import Verdict
from assess.measure.cold_start import Start

ASK = next(criterion for criterion in CRITERIA if criterion.name == "cold start").ask
COLD = Start("cold", False, 0.1, 0.2, 0.3, 0.4, (1.0, 1.2, 1.1))
WARM = Start("warm", False, 0.1, 0.2, 0.1, 0.1, (0.5, 0.6, 0.4))
OPTIMISED = Start("cold", True, 0.1, 0.1, 0.1, 0.1, (0.4,))


def ask(*starts, limit):
    run = replace(builders.measurement(), starts=starts)
    return ASK(builders.case(run=run, job=builders.workload(cold_start=limit)))


@pytest.mark.parametrize(
    ("limit", "verdict", "step"),
    [
        ("1.2 s", Verdict.PASS, ""),
        ("1.1 s", Verdict.MARGINAL, "start it more often, on a host that does nothing else"),
        ("0.9 s", Verdict.FAIL, "save the optimised model and load that, or keep the session alive"),
    ],
)
def test_cold_starts_are_judged_from_the_fastest_to_the_slowest(limit, verdict, step):
    finding = ask(WARM, COLD, OPTIMISED, limit=limit)
    assert (finding.verdict, finding.next_step) == (verdict, step)
    assert (finding.found.low, finding.found.high) == (1.0, 1.2)
    assert finding.because == "process start to first output, 3 starts, files not in the page cache"


def test_warm_starts_bound_a_cold_one_from_below():
    finding = ask(WARM, limit="2 s")
    assert (finding.verdict, finding.found.low, finding.found.high) == (Verdict.MARGINAL, 0.4, math.inf)
    assert finding.next_step == "start acme-rover cold and time it to the first output"
    assert ask(WARM, limit="0.3 s").verdict is Verdict.FAIL


def test_a_start_without_a_valid_output_is_no_evidence():
    finding = ask(replace(COLD, invalid="output 'y' has NaN or Inf"), limit="2 s")
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.because == "no start gave a valid output: output 'y' has NaN or Inf"
