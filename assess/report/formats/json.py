"""Fit reports as JSON: one has the schema assess.report/1, many assess.portfolio/1, a suite's assess.suite/1."""

from __future__ import annotations

import json as encoder
import math
from typing import Any

from assess.judge.finding import Finding
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged, Portfolio
from assess.judge.suite import CaseResult, SuiteReport
from assess.project.estimate import Estimate
from assess.report import suite as suites
from assess.report import words
from assess.report.run_numbers import run_numbers

SCHEMA = "assess.report/1"
PORTFOLIO_SCHEMA = "assess.portfolio/1"
SUITE_SCHEMA = "assess.suite/1"


def json(report: FitReport) -> str:
    """The report as JSON. Quantities are in base units (`B`, `s`, ...); an open upper end is null."""
    return _text(_report(report))


def json_many(portfolio: Portfolio) -> str:
    """The portfolio as JSON: each case that was judged as a whole report, and those that were not with the reason."""
    document = {
        "schema": PORTFOLIO_SCHEMA,
        "tool": portfolio.tool,
        "model": {"name": portfolio.model.name, "sha256": portfolio.model.sha256},
        "partner": portfolio.partner.id if portfolio.partner else None,
        "cases": [_report(report) for report in portfolio.reports],
        "not_judged": [
            {
                "workload": one.workload.id,
                "device": one.device.id,
                "because": one.why,
                "next_step": one.next_step or None,
                "stopped": one.stopped,
            }
            for one in portfolio.not_judged
        ],
    }
    return _text(document)


def json_suite(report: SuiteReport) -> str:
    """What came of a suite as JSON: the matrix case by case, each with its whole report or the reason."""
    document = {
        "schema": SUITE_SCHEMA,
        "tool": report.tool,
        "suite": {"id": report.suite.id, "name": report.suite.name},
        "cases": [_case(result) for result in report.results],
    }
    return _text(document)


def _case(result: CaseResult) -> dict[str, Any]:
    case, outcome = result.case, result.outcome
    names = {"model": case.model, "workload": case.workload, "device": case.device, "partner": case.partner or None}
    if not isinstance(outcome, FitReport):
        stopped = isinstance(outcome, NotJudged) and outcome.stopped
        reason = {"because": outcome.why, "next_step": outcome.next_step or None, "stopped": stopped}
        return {**names, "verdict": None, "tightest": None, "not_judged": reason, "report": None}
    found = suites.tightest(outcome)
    tightest = None
    if found is not None and found.found is not None:
        rung = found.found.rung.name.lower()
        tightest = {"criterion": found.criterion, "verdict": found.verdict.text, "margin": found.margin, "rung": rung}
    return {
        **names, "verdict": outcome.verdict.value, "tightest": tightest, "not_judged": None, "report": _report(outcome)
    }  # fmt: skip


def _text(document: dict[str, Any]) -> str:
    return encoder.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _report(report: FitReport) -> dict[str, Any]:
    case = report.case
    return {
        "schema": SCHEMA,
        "tool": report.tool,
        "verdict": report.verdict.value,
        "model": {"name": case.model.name, "sha256": case.model.sha256},
        "device": {
            "id": case.device.id,
            "name": case.device.name,
            "availability": case.device.availability,
            "power_mode": case.device.power_mode,
        },
        "workload": {"id": case.workload.id, "name": case.workload.name, "version": case.workload.version},
        "partner": case.partner.id if case.partner else None,
        "evidence": {
            "run_sha256": report.run_sha256 or None,
            "on_device": case.estimates.on_device,
            "proxy": case.estimates.proxy or None,
            "ran_on": words.ran_on(report) or None,
        },
        "findings": [_finding(finding) for finding in report.findings],
        "run": run_numbers(case.measurement, case.workload) if case.measurement else None,
        "estimates": {name: _estimate(one) for name, one in case.estimates.known.items()},
        "absent": dict(case.estimates.absent),
        "standards": [one.model_dump() for one in case.standards],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    limit = finding.limit
    return {
        "criterion": finding.criterion,
        "verdict": finding.verdict.text,
        "because": finding.because,
        "found": _estimate(finding.found) if finding.found else None,
        "limit": {"value": limit.value, "unit": limit.unit, "text": limit.text, "uncertain": limit.is_uncertain}
        if limit
        else None,
        "margin": finding.margin,
        "next_step": finding.next_step or None,
        "details": list(finding.details),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "low": estimate.low,
        "high": None if math.isinf(estimate.high) else estimate.high,
        "unit": estimate.unit,
        "rung": estimate.rung.name.lower(),
        **({"by": estimate.by} if estimate.by else {}),
        "basis": estimate.basis,
    }
