"""Fit for a device: READY yesterday and NOT READY today is a regression of its own, whatever the percentages say."""

from __future__ import annotations

import hashlib
from typing import Final

from assess.judge.fit_report import Fit, FitReport
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.baseline import StoredFit

#: What `--allow` and `--skip` call it, whatever the device.
FIT: Final = "fit"
_FAIL: Final = "FAIL"
#: From the best; what could not be told is better than what is known to fail.
_FROM_THE_BEST: Final = (Fit.READY.value, Fit.MARGINAL.value, Fit.UNPROVEN.value, Fit.NOT_READY.value)


def stored_fit(report: FitReport) -> StoredFit:
    """What a baseline keeps of a fit report."""
    findings = {finding.criterion: finding.verdict.name for finding in report.findings}
    profile = hashlib.sha256(report.device.model_dump_json().encode()).hexdigest()
    return StoredFit(report.device.id, profile, report.verdict.value, findings)


def judge_fit(baseline: StoredFit, candidate: StoredFit) -> Comparison:
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
    if baseline.profile_sha256 != candidate.profile_sha256:
        why = "the profile of the device was changed since: what it asks for is not what it asked for then"
        return Comparison(metric, GateVerdict.NOT_COMPARABLE, why, next_step="accept the model again, or --skip fit")
    said = f"{before} -> {after}"
    step = f"assess fit MODEL --device {candidate.device}"
    if new:
        text = f"{said}: fails {', '.join(new)}"
        return Comparison(metric, GateVerdict.REGRESSION, text, details=details, next_step=f"see why: {step}")
    if before == after:
        return Comparison(metric, GateVerdict.PASS, f"as before: {after}", details=details)
    if _FROM_THE_BEST.index(after) > _FROM_THE_BEST.index(before):
        text = f"{said}, though no criterion fails that did not"
        return Comparison(metric, GateVerdict.INCONCLUSIVE, text, details=details, next_step=f"see why: {step}")
    return Comparison(metric, GateVerdict.IMPROVEMENT, said, details=details)
