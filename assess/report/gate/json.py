"""A gate's report as JSON, schema assess.gate/1. Times are in seconds, sizes in bytes, changes relative."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, Final

from assess.describe.model import Model
from assess.judge.gate.comparison import Comparison
from assess.judge.gate.report import GateReport
from assess.report.json_text import json_text

SCHEMA: Final = "assess.gate/1"


def json(report: GateReport) -> str:
    """The report with every pair: whoever doubts the verdict can compute it anew."""
    return json_text(
        {
            "schema": SCHEMA,
            "tool": report.tool,
            "created": report.created,
            "verdict": report.verdict.value,
            "mode": report.mode,
            "baseline": _model(report.baseline),
            "candidate": {**_model(report.candidate), "file": report.file or None},
            "workload": report.workload_id or None,
            "comparisons": [_comparison(each) for each in report.comparisons],
            "pairs": [asdict(pair) for pair in report.pairs],
            "host": asdict(report.host) if report.host else None,
            "versions": dict(report.versions),
            "accepted": asdict(report.acceptance) if report.acceptance else None,
            "advice": list(report.advice),
            "span_s": report.span_s,
        }
    )


def _model(model: Model) -> dict[str, str]:
    return {"name": model.name, "sha256": model.sha256}


def _comparison(each: Comparison) -> dict[str, Any]:
    change = None
    if each.change is not None:
        change = {"basis": each.basis} | {
            name: None if math.isinf(number) else number for name, number in asdict(each.change).items()
        }
    plain = {name: getattr(each, name) for name in ("baseline", "candidate", "unit", "margin")}
    return {
        "metric": each.metric,
        "verdict": each.verdict.value,
        "because": each.because,
        **plain,
        "change": change,
        "next_step": each.next_step or None,
        "details": list(each.details),
    }
