"""A fit report as Markdown."""

from __future__ import annotations

from assess.clean import clean
from assess.judge.fit_report import FitReport
from assess.report import words
from assess.report.device_numbers import device_numbers


def markdown(report: FitReport) -> str:
    """The report as GitHub-flavoured Markdown."""
    lines = [
        f"# {report.verdict.value}: {_escaped(words.subject(report))}",
        "",
        "| criterion | verdict | found | limit | left | evidence | because |",
        "|---|---|---|--:|--:|---|---|",
    ]
    for f in report.findings:
        cells = (f.criterion, f"**{f.verdict.text}**", words.found(f), words.limit(f), words.margin(f), words.rung(f))
        because = f"{f.limit.text}: {f.because}" if f.limit else f.because
        lines.append(f"| {' | '.join(cells)} | {_escaped(because)} |")
    if steps := words.steps(report):
        lines += ["", "## What to do", ""]
        lines += [f"1. **{names}**: {_escaped(step)}" for names, step in steps]
    for finding in report.findings:
        if finding.details:
            lines += ["", f"## {finding.criterion}: details", ""]
            lines += [f"- {_escaped(detail)}" for detail in finding.details]
    lines += ["", "## Facts", ""]
    lines += [f"- {name}: {_escaped(text)}" for name, text in words.facts(report)]
    lines += [
        "",
        f"## What is known of {_escaped(report.case.device.name)}",
        "",
        "| what | value | known from | where |",
    ]
    lines += ["|---|--:|---|---|"]
    lines += [f"| {' | '.join(map(_escaped, row))} |" for row in device_numbers(report.case.device)]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    text = clean(text)
    for char in "\\`*_[]<>|#":
        text = text.replace(char, f"\\{char}")
    return text
