"""Fit reports as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assess.clean import clean
from assess.describe.device import Device
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import Outcome, Portfolio
from assess.judge.suite import CaseResult, SuiteReport, Unusable
from assess.report import portfolio as many
from assess.report import suite as suites
from assess.report import words
from assess.report.device_numbers import deciding_rows
from assess.report.facts.fact import Group, Table


def markdown(report: FitReport) -> str:
    """The report as GitHub-flavoured Markdown."""
    title = f"# {report.verdict.value}: {_escaped(words.subject(report))}"
    return (
        "\n".join([title, "", *_report(report), *_run(report), *_device(report.device), *_standards([report])]) + "\n"
    )


def markdown_many(portfolio: Portfolio) -> str:
    """The portfolio as GitHub-flavoured Markdown: the matrix, then every report; what cases share comes once."""
    lines = [f"# {many.head(portfolio)}: {_escaped(many.subject(portfolio))}", ""]
    lines += [f"- {_escaped(line)}" for line in (*many.summary(portfolio), *many.caveats(portfolio.outcomes))]
    lines += [*_matrix(portfolio.outcomes), *_reasons(portfolio), *_deciding(portfolio.outcomes)]
    lines += _cases(portfolio)
    for device in many.devices(portfolio.reports):
        lines += _device(device)
    lines += _standards(portfolio.reports)
    return "\n".join(lines) + "\n"


def markdown_suite(report: SuiteReport) -> str:
    """What came of a suite as GitHub-flavoured Markdown: the matrix, then every report of each model."""
    lines = [f"# {suites.head(report)}: {_escaped(suites.title(report))}", *_suite_matrix(report), *_gaps(report)]
    for case, portfolio in report.portfolios:
        lines += ["", f"## {_escaped(many.subject(portfolio))}"]
        of_model = [*_reasons(portfolio), *_cases(portfolio), *_standards(portfolio.reports)]
        lines += [_under(suites.prefix(case), line) for line in of_model]
    for device in many.devices(report.reports):
        lines += _device(device)
    return "\n".join(lines) + "\n"


def _suite_matrix(report: SuiteReport) -> list[str]:
    """A row for each model at a job for somebody, a column for each device; verdicts lead to their reports."""
    places = suites.devices(report)
    heads, names = suites.side(report)
    cells = [*heads, *map(_escaped, places)]
    lines = ["", f"| {' | '.join(cells)} |", "|---" * len(cells) + "|"]
    for row, name in zip(suites.rows(report), names, strict=True):
        found = (_suite_cell(row.results[place]) if place in row.results else "" for place in places)
        lines.append(f"| {' | '.join([*map(_escaped, name), *found])} |")
    return lines


def _suite_cell(result: CaseResult) -> str:
    one = suites.cell(result)
    link = f"**{one.answer}**"
    if not isinstance(result.outcome, Unusable):
        link = f"[{link}](#{suites.anchor(result.case)})"
    return "<br>".join(filter(None, (link, one.margin, one.rung)))


def _gaps(report: SuiteReport) -> list[str]:
    """Each reason why cases have no answer."""
    lines = []
    for gap in suites.gaps(report):
        lines.append(f"1. {_escaped(gap.why)} [{_escaped(', '.join(gap.cases))}]")
        lines += [f"   - {_escaped(gap.next_step)}"] if gap.next_step else []
    return ["", "## Not judged", "", *lines] if lines else []


def _under(prefix: str, line: str) -> str:
    """A line of one model among several: its headings one level deeper, its anchors with a prefix."""
    if line.startswith("#"):
        return f"#{line}"
    return line.replace('<a id="', f'<a id="{prefix}', 1) if line.startswith('<a id="') else line


def _cases(portfolio: Portfolio) -> list[str]:
    """Every report, job by job, and the run of each job once."""
    lines: list[str] = []
    for job, outcomes in many.by_workload(portfolio.outcomes):
        lines += ["", f"## {_escaped(job.id)}: {_escaped(job.name)}"]
        lines += [line for outcome in outcomes for line in _outcome(outcome)]
        if report := many.run_of(outcomes):
            lines += _folded(f"The run for {job.id}", _run(report))
    return lines


def _matrix(outcomes: Sequence[Outcome]) -> list[str]:
    """A row for each job and a column for each device; verdicts lead to their reports."""
    devices = many.devices(outcomes)
    lines = [
        "",
        f"| workload | {' | '.join(_escaped(device.id) for device in devices)} |",
        "|---" * len(devices) + "|---|",
    ]
    for job, of_job in many.by_workload(outcomes):
        found = {one.device.id: f"[**{many.answer(one)}**](#{many.anchor(one)})" for one in of_job}
        lines.append(f"| {_escaped(job.id)} | {' | '.join(found.get(device.id, '') for device in devices)} |")
    return lines


def _reasons(portfolio: Portfolio) -> list[str]:
    """Each reason once, with the cases that it holds for and what to do."""
    lines = []
    for number, reason, steps in many.to_do(many.reasons(portfolio)):
        where = f" [{reason.where}]" if reason.where else ""
        text = _escaped(reason.because + where)
        lines.append(f"{number}. **{reason.finding.verdict.text}** {reason.finding.criterion}: {text}")
        lines += [f"{' ' * len(f'{number}. ')}- {_escaped(step)}" for step in steps]
    return ["", "## What to do", "", *lines] if lines else []


def _deciding(outcomes: Sequence[Outcome]) -> list[str]:
    """What decides each case."""
    lines = ["", "## Case by case", "", "| workload | device | verdict | decided by |", "|---|---|---|---|"]
    for outcome in outcomes:
        names = f"{_escaped(outcome.workload.id)} | {_escaped(outcome.device.id)}"
        lines.append(f"| {names} | **{many.answer(outcome)}** | {_escaped(many.decided_by(outcome))} |")
    return lines


def _outcome(outcome: Outcome) -> list[str]:
    anchor = ["", f'<a id="{many.anchor(outcome)}"></a>']
    title = f"{many.answer(outcome)}: {outcome.device.id} for {outcome.workload.id}"
    if isinstance(outcome, FitReport):
        return anchor + _folded(title, ["", *_report(outcome)])
    return [
        *anchor,
        "",
        f"**{_escaped(title)}**: {_escaped(outcome.why)}",
        *(["", _escaped(outcome.next_step)] if outcome.next_step else []),
    ]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    """Under a title that opens, its headings two levels deeper; the title is HTML, where no backslash escapes."""
    inner = (f"##{line}" if line.startswith("#") else line for line in lines)
    return ["", f"<details><summary>{escape(clean(title))}</summary>", *inner, "", "</details>"]


def _report(report: FitReport) -> list[str]:
    """Findings, what to do, and what they stand on."""
    lines = [
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
    return lines + [f"- {name}: {_escaped(text)}" for name, text in words.facts(report)]


def _run(report: FitReport) -> list[str]:
    groups = words.run_groups(report)
    return ["", "## The run", *(line for group in groups for line in _group(group))] if groups else []


def _device(device: Device) -> list[str]:
    known = Table("", ("what", "value", "known from", "where"), deciding_rows(device), (1,))
    return ["", f"## What is known of {_escaped(device.name)}", *_table(known)]


def _standards(reports: Sequence[FitReport]) -> list[str]:
    """The same for every case of a partner."""
    found = words.standards(reports[0]) if reports else []
    if not found:
        return []
    note = words.standards_note(reports)
    rows = Table("", ("standard", "what a run shows", "what it cannot show"), tuple(found))
    return ["", "## Evidence for standards", *(["", _escaped(note)] if note else []), *_table(rows)]


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
