from pathlib import Path

import builders
import pytest

from assess.cli.exit_codes import MEANINGS, ExitCode, of_portfolio
from assess.judge.fit_report import judge
from assess.judge.portfolio import NotJudged, Portfolio
from assess.measure.measurement import Failure


def test_the_docs_have_the_table_of_the_code():
    table = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert rows == [f"| {code.value} | {MEANINGS[code]} |" for code in ExitCode]


CASES = {
    "ready": builders.case(run=builders.measurement(service_ns=builders.CERTIFYING)),
    "marginal": builders.case(run=builders.measurement(before=builders.host(board="Laptop"))),
    "unproven": builders.case(run=builders.measurement(frames=builders.measurement(service_ns=(1_000,) * 5).frames)),
    "not ready": builders.case(job=builders.workload(deadline="1 us")),
    "failed": builders.case(run=builders.measurement(failure=Failure("load", "crashed", "", ""), service_ns=())),
}
CASES = {name: judge(case, run_sha256="", tool="") for name, case in CASES.items()}
CASES["refused"] = NotJudged(builders.workload(), builders.device(), "no cache")
CASES["stopped"] = NotJudged(builders.workload(), builders.device(), "stopped", stopped=True)


@pytest.mark.parametrize(
    ("cases", "code"),
    [
        ("ready, marginal", 0),
        ("ready, unproven", 3),
        ("ready, refused", 3),
        ("unproven, not ready, refused", 1),
        ("not ready, failed", 5),
        ("refused, refused", 2),
        ("ready, not ready, failed, stopped", 130),
    ],
)
def test_the_code_of_many_cases_is_that_of_the_worst(cases, code):
    found = tuple(CASES[name] for name in cases.split(", "))
    assert of_portfolio(Portfolio(builders.model(), None, found, ""), strict=False) == code


def test_strict_is_for_each_case():
    found = CASES["ready"], CASES["marginal"]
    assert of_portfolio(Portfolio(builders.model(), None, found, ""), strict=True) == 1
    assert of_portfolio(Portfolio(builders.model(), None, found[:1], ""), strict=True) == 0
