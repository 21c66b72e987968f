import builders
import pytest

from assess.cli.exit_codes import ExitCode, of_report
from assess.judge.fit_report import Fit, judge
from assess.measure.measurement import Failure

PROXY = builders.host(board="Laptop")


def report(**case):
    return judge(builders.case(**case), run_sha256="ef" * 32, tool="0.1.0")


@pytest.mark.parametrize(
    ("case", "verdict", "code", "strict"),
    [
        ({"run": builders.measurement(service_ns=builders.CERTIFYING)}, Fit.READY, ExitCode.YES, ExitCode.YES),
        ({"run": builders.measurement()}, Fit.MARGINAL, ExitCode.YES, ExitCode.NO),  # Too few frames to certify.
        ({"run": builders.measurement(before=PROXY)}, Fit.MARGINAL, ExitCode.YES, ExitCode.NO),
        ({"run": None}, Fit.UNPROVEN, ExitCode.UNTOLD, ExitCode.UNTOLD),
        ({"job": builders.workload(deadline="0.5 ms")}, Fit.NOT_READY, ExitCode.NO, ExitCode.NO),
    ],
)
def test_the_verdict_is_the_worst_of_its_parts(case, verdict, code, strict):
    found = report(**case)
    assert found.verdict is verdict
    assert of_report(found, strict=False) is code
    assert of_report(found, strict=True) is strict


def test_a_run_that_failed_has_an_exit_code_of_its_own():
    failed = builders.measurement(failure=Failure("load", "crashed", "stopped by SIGSEGV"), service_ns=())
    assert of_report(report(run=failed), strict=False) is ExitCode.FAILED
