"""A gate's report as Markdown: for a pull request, and for the step summary of GitHub."""

from __future__ import annotations

import re

from assess.clean import clean
from assess.judge.gate.comparison import Comparison
from assess.judge.gate.report import GateReport
from assess.report.gate.words import because, brief, interval, subject, value

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~$@&])")


def markdown(report: GateReport) -> str:
    """The report: one table, then details and what to do."""
    lines = [f"## {report.verdict.value}: {escaped(subject(report))}", ""]
    lines += [
        "| metric | verdict | baseline | candidate | change | allowed | because |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    lines += [_row(each) for each in report.comparisons]
    notes = [f"- {escaped(each.metric)}: {escaped(each.next_step)}" for each in report.comparisons if each.next_step]
    notes += [f"- {escaped(each.metric)}: {escaped(line)}" for each in report.comparisons for line in each.details]
    if notes:
        lines += ["", *notes]
    signs = [line for sign in report.advice for line in ("", f"Note: {escaped(sign)}")]
    return "\n".join([*lines, "", escaped(brief(report)), *signs]) + "\n"


def _row(each: Comparison) -> str:
    margin = "" if each.margin is None else f"{each.margin:.1%}"
    cells = (
        each.metric, each.verdict.value, value(each.baseline, each.unit), value(each.candidate, each.unit),
        interval(each), margin, because(each),
    )  # fmt: skip
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def escaped(text: str) -> str:
    """Data, whatever it holds, as Markdown: nothing of it is markup."""
    return _SPECIAL.sub(r"\\\1", clean(text))
