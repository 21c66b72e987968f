from dataclasses import replace

import builders
import pytest

from assess.cli.exit_codes import ExitCode, of_report
from assess.judge.finding import Verdict
from assess.judge.fit_report import Fit, judge
from assess.measure.constraint import Constraints, CpuQuota
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


EMULATED = builders.host(emulator="qemu-aarch64-st, in user mode")
UNDER_QUOTA = Constraints(quota=CpuQuota(0.5, 0.1, "cgroup cpu.max", 60, 0, 0.0))
TIMED = {"latency", "deadline misses", "cold start", "throughput", "measurement validity", "evidence"}


def test_a_run_that_would_certify_certifies_nothing_under_an_emulator():
    run = builders.measurement(service_ns=builders.CERTIFYING, before=EMULATED, after=EMULATED)
    found = report(run=run, whom=builders.partner(evidence="measured"))
    assert found.verdict is Fit.UNPROVEN
    assert found.case.estimates.proxy.startswith("its processor is emulated, by qemu-aarch64-st, in user mode")
    assert not {each.criterion for each in found.findings if each.verdict is Verdict.PASS} & TIMED
    # Seen after the run alone it is as much of one.
    late = builders.measurement(service_ns=builders.CERTIFYING, after=EMULATED)
    assert report(run=late).verdict is not Fit.READY


def test_a_run_that_would_certify_certifies_nothing_under_a_quota():
    run = replace(builders.measurement(service_ns=builders.CERTIFYING), constraints=UNDER_QUOTA)
    found = report(run=run, job=builders.workload(cold_start="10 s"))
    assert found.verdict is Fit.UNPROVEN
    verdicts = {each.criterion: each.verdict for each in found.findings}
    assert verdicts["latency"] is verdicts["deadline misses"] is verdicts["cold start"] is Verdict.UNKNOWN
    assert verdicts["memory"] is Verdict.PASS  # A quota of time leaves memory as it is.


def test_a_run_on_cpus_of_its_own_is_evidence_as_any_other():
    run = replace(builders.measurement(service_ns=builders.CERTIFYING), constraints=Constraints((0, 1)))
    assert report(run=run).verdict is Fit.READY
