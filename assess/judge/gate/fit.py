"""Fit for a device: READY yesterday and NOT READY today is a regression of its own, whatever the percentages say."""

from __future__ import annotations

from typing import Final

from assess.judge.fit_report import Fit, FitReport
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.baseline import FitKept

#: What `--allow` and `--skip` call it, whatever the device.
FIT: Final = "fit"
_FAIL: Final = "FAIL"
#: How good each verdict is; of what could not be told, nothing is known.
_RANK: Final = {Fit.READY.value: 2, Fit.MARGINAL.value: 1, Fit.NOT_READY.value: 0}


def kept(report: FitReport) -> FitKept:
    """What a baseline keeps of a fit report."""
    findings = {finding.criterion: finding.verdict.name for finding in report.findings}
    return FitKept(report.device.id, report.verdict.value, findings)


def judge_fit(baseline: FitKept, candidate: FitKept) -> Comparison:
    """Both models' fit for the same device and job."""
    metric = f"{FIT}: {candidate.device}"
    before, after = baseline.verdict, candidate.verdict
    failing = [name for name, verdict in candidate.findings.items() if verdict == _FAIL]
    new = [name for name in failing if baseline.findings.get(name) != _FAIL]
    details = tuple(
        f"{name}: {baseline.findings.get(name, 'not judged')} -> {verdict}"
        for name, verdict in candidate.findings.items()
        if baseline.findings.get(name) != verdict
    )
    said = f"{before} -> {after}"
    step = f"assess fit MODEL --device {candidate.device}"
    if new:
        text = f"{said}: fails {', '.join(new)}"
        return Comparison(metric, GateVerdict.REGRESSION, text, details=details, next_step=f"see why: {step}")
    if before == after:
        return Comparison(metric, GateVerdict.PASS, f"as before: {after}", details=details)
    if before not in _RANK or after not in _RANK or _RANK[after] < _RANK[before]:
        text = f"{said}: that it fails is not proved"
        return Comparison(metric, GateVerdict.INCONCLUSIVE, text, details=details, next_step=f"see why: {step}")
    return Comparison(metric, GateVerdict.IMPROVEMENT, said, details=details)
