"""A gate's report as GitHub's annotations: an error for a regression, a warning for what could not be told."""

from __future__ import annotations

from assess.clean import clean
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.report import GateReport
from assess.report.gate.words import because
from assess.report.workflow_commands import workflow_command

_LEVELS = {
    GateVerdict.REGRESSION: "error",
    GateVerdict.FAILED: "error",
    GateVerdict.INCONCLUSIVE: "warning",
    GateVerdict.NOISY: "warning",
    GateVerdict.NOT_COMPARABLE: "warning",
    GateVerdict.IMPROVEMENT: "notice",
}


def github(report: GateReport) -> str:
    """One command for each metric that is no PASS; one notice where all are."""
    commands = [
        workflow_command(
            _LEVELS[each.verdict], _said(because(each), each.next_step),
            file=_file(report), title=f"{each.verdict.value}: {each.metric}",
        )
        for each in report.comparisons
        if each.verdict in _LEVELS
    ]  # fmt: skip
    if commands:
        return "".join(commands)
    return workflow_command("notice", f"{len(report.comparisons)} metrics", file=_file(report), title="PASS")


def _file(report: GateReport) -> str:
    return report.file or report.candidate.name


def _said(because: str, step: str) -> str:
    return clean(f"{because}. Next: {step}" if step else because)
