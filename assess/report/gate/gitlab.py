"""A gate's report as GitLab's code quality report: shown in a merge request, and new findings apart from old ones.

Fields: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib

from assess.clean import clean
from assess.judge.gate.comparison import GateVerdict
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
    path = clean(report.candidate.name)
    return json_text(
        [
            {
                "description": clean(f"{each.verdict.value}: {each.metric}: {because(each)}"),
                "check_name": f"assess gate: {each.metric}",
                "fingerprint": _fingerprint(path, report.workload_id, each.metric, each.verdict.value),
                "severity": _SEVERITIES[each.verdict],
                "location": {"path": path, "lines": {"begin": 1}},
            }
            for each in report.comparisons
            if each.verdict in _SEVERITIES
        ]
    )


def _fingerprint(*parts: str) -> str:
    """The same for the same finding of the same model, whatever its numbers: GitLab tells new ones by it."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
