"""A fit report as Markdown."""

from __future__ import annotations

from assess.clean import clean
from assess.judge.fit_report import FitReport
from assess.report import words
from assess.report.device_numbers import device_numbers
from assess.report.facts.fact import Group, Table


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
    if groups := words.run_groups(report):
        lines += ["", "## The run", *(line for group in groups for line in _group(group))]
    known = Table("", ("what", "value", "known from", "where"), tuple(device_numbers(report.case.device)), (1,))
    lines += ["", f"## What is known of {_escaped(report.case.device.name)}", *_table(known)]
    return "\n".join(lines) + "\n"


def _group(group: Group) -> list[str]:
    lines = ["", f"### {group.title}", ""] if group.facts else ["", f"### {group.title}"]
    for name, text, _ in group.facts:
        lines.append(f"- {_escaped(name)}: {_escaped(text)}" if name else f"  - {_escaped(text)}")
    for table in group.tables:
        lines += ["", f"{_escaped(table.title)}:", *_table(table)]
    return lines


def _table(table: Table) -> list[str]:
    rules = ("--:" if column in table.numbers else "---" for column in range(len(table.heads)))
    rows = (f"| {' | '.join(map(_escaped, row))} |" for row in table.rows)
    return ["", f"| {' | '.join(map(_escaped, table.heads))} |", f"|{'|'.join(rules)}|", *rows]


def _escaped(text: str) -> str:
    text = clean(text)
    for char in "\\`*_[]<>|#":
        text = text.replace(char, f"\\{char}")
    return text
