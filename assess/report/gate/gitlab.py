"""A gate's report as GitLab's code quality report: shown in a merge request, and new findings apart from old ones.

Fields: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
from typing import Any

from assess.clean import clean
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.report import GateReport
from assess.report.gate.words import because
from assess.report.json_text import json_text

_SEVERITIES = {
    GateVerdict.REGRESSION: "major",
    GateVerdict.FAILED: "critical",
    GateVerdict.INCONCLUSIVE: "info",
    GateVerdict.NOISY: "info",
    GateVerdict.NOT_COMPARABLE: "info",
}


def gitlab(report: GateReport) -> str:
    """An array with one entry for each metric that is neither a PASS nor an improvement."""
    path, job = report.file or report.candidate.name, report.workload_id
    return json_text(
        [
            finding(path, job, each.metric, each.verdict, _said(each))
            for each in report.comparisons
            if each.verdict in _SEVERITIES
        ]
    )


def finding(path: str, job: str, metric: str, verdict: GateVerdict, said: str) -> dict[str, Any]:
    """One entry.

    Args:
        path: of the candidate's file.
        job: that it was gated for.
        metric: what was compared.
        verdict: on it; one that `_SEVERITIES` has.
        said: why, and what to do.
    """
    return {
        "description": clean(f"{verdict.value}: {metric}: {said}"),
        "check_name": f"assess gate: {metric}",
        "fingerprint": _fingerprint(clean(path), job, metric, verdict.value),
        "severity": _SEVERITIES[verdict],
        "location": {"path": clean(path), "lines": {"begin": 1}},
    }


def _said(each: Comparison) -> str:
    return f"{because(each)}. Next: {each.next_step}" if each.next_step else because(each)


def _fingerprint(*parts: str) -> str:
    """The same for the same finding of the same model, whatever its numbers: GitLab tells new ones by it."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
