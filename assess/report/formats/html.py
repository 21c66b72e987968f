"""Fit reports as one self-contained HTML file: no script, nothing fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from assess.clean import clean
from assess.describe.device import Device
from assess.judge.criteria import CRITERIA
from assess.judge.finding import Finding
from assess.judge.fit_report import FitReport
from assess.judge.portfolio import NotJudged, Outcome, Portfolio
from assess.judge.suite import CaseResult, SuiteReport, Unusable
from assess.report import portfolio as many
from assess.report import suite as suites
from assess.report import words
from assess.report.charts import case_charts, charts, run_charts
from assess.report.charts.svg import Chart
from assess.report.device_numbers import deciding_rows
from assess.report.facts.fact import Group, Table

_STYLE = """
:root { --ink: #1c2330; --soft: #5b6575; --line: #dfe3ea; --page: #fff; --bar: #5b7db1;
  --pass: #2e7d4f; --marginal: #b7791f; --unknown: #7a4fa3; --fail: #c0392b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #333b48; --page: #161a21;
  --bar: #7d9fd4; --pass: #55b581; --marginal: #d9a441; --unknown: #b08ad6; --fail: #e8685a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 900px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; border-left: .5rem solid var(--tone); padding-left: .8rem; }
h1 b { color: var(--tone); display: block; font-size: 2rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
h4 { font-size: .9rem; margin: 1rem 0 .2rem; font-weight: normal; color: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; white-space: nowrap; } th.number { text-align: right; }
th, .soft { color: var(--soft); font-weight: normal; }
.verdict { font-weight: 600; white-space: nowrap; color: var(--tone); }
.pass { --tone: var(--pass); } .marginal { --tone: var(--marginal); } .unknown { --tone: var(--unknown); }
.fail { --tone: var(--fail); } .not_asked { --tone: var(--soft); }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 13px; }
svg .small { fill: var(--soft); font-size: 11px; paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
svg .bar { fill: var(--bar); }
svg rect.pass, svg rect.marginal, svg rect.unknown, svg rect.fail { fill: var(--tone); }
svg .grid { stroke: var(--line); } svg .open { stroke: var(--soft); stroke-dasharray: 2 5; }
svg .limit { stroke: var(--ink); stroke-width: 2; } svg .mark { stroke: var(--ink); stroke-dasharray: 4 3; }
svg path { fill: none; stroke: none; } svg .dots { stroke: var(--bar); stroke-width: 4; stroke-linecap: round; }
svg .band { stroke: var(--bar); stroke-width: 2; opacity: .45; } svg .median { stroke: var(--ink); stroke-width: 2; }
svg .soft-bar { fill: var(--bar); opacity: .45; } svg .heat { stroke: var(--fail); stroke-dasharray: 6 4; }
svg .outline { stroke: var(--ink); stroke-width: 1.2; } svg .dashed { stroke-dasharray: 3 2; }
svg .rug { stroke: var(--fail); stroke-width: 2; } svg .dropped { stroke: var(--ink); }
svg .part { fill: var(--bar); stroke: var(--page); } svg .on { fill: var(--page); font-size: 11px; }
svg rect.p1, svg rect.p4 { fill-opacity: .35; } svg rect.p2, svg rect.p5 { fill-opacity: .7; }
svg rect.p3 { fill-opacity: .2; } svg rect.p6 { fill-opacity: .1; stroke: var(--soft); }
svg .on.p1, svg .on.p3, svg .on.p4, svg .on.p6 { fill: var(--ink); }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .8rem; }
dl { display: grid; grid-template-columns: 10rem 1fr; margin: 0; column-gap: 1rem; }
dt { color: var(--soft); grid-column: 1; } dd { grid-column: 2; }
@media (max-width: 40rem) { dl { display: block; } }
details dl { display: block; } details dd { margin-bottom: .4rem; } dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { margin: 0; } details > * { display: block; } }
"""
_STYLE_OF_MANY = """
h1 b { font-size: 1.5rem; } h5 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
h4 { font-size: 1.1rem; margin-top: 1.5rem; color: var(--ink); }
h6 { font-size: .9rem; margin: 1rem 0 .2rem; font-weight: normal; color: var(--soft); }
a { color: inherit; } caption { text-align: left; color: var(--soft); padding: .35rem 0; }
.matrix td { border-left: .3rem solid var(--tone); font-size: .85rem; min-width: 9rem; color: var(--soft); }
.matrix td .verdict { font-size: 1rem; } .matrix th[scope=row] { color: var(--ink); white-space: nowrap; }
.part { border-left: .3rem solid var(--tone, var(--line)); padding-left: .8rem; margin: .6rem 0; }
.part > div { scroll-margin-top: 3.5rem; }
.part summary { cursor: pointer; padding: .2rem 0; } .part dl { display: grid; }
"""
#: Where a name stands that links lead to or come from; text from files has no quotes that are not escaped.
_ANCHOR = re.compile('<(div id|a href)="(#?)')
_HEADING = re.compile(r"<(/?)h([2-6])>")
_TONES = {"READY": "pass", "MARGINAL": "marginal", "UNPROVEN": "unknown", "NOT READY": "fail"}


def html(report: FitReport) -> str:
    """The report as one HTML page. All text from files is escaped; the page may neither run nor fetch anything."""
    subject = _text(words.subject(report))
    parts = [
        f'<h1 class="{_TONES[report.verdict.value]}"><b>{report.verdict.value}</b>{subject}</h1>',
        _table(report),
        _to_do(report),
        *map(_chart, charts(report)),
        *(_details(finding) for finding in report.findings if finding.details),
        _facts(report),
        *_run(report),
        _device(report.device),
        _standards([report]),
        _questions(),
    ]
    return _page(f"{report.verdict.value}: {subject}", parts)


def html_many(portfolio: Portfolio) -> str:
    """The portfolio as one HTML page: the matrix, then every report, folded; what cases share comes once."""
    lines = (*many.summary(portfolio), *many.caveats(portfolio.outcomes))
    parts = [
        f"<h1><b>{escape(many.head(portfolio))}</b>{_text(many.subject(portfolio))}</h1>",
        f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in lines)}</ul>",
        _matrix(portfolio.outcomes),
        _reasons(portfolio),
        *_cases(portfolio),
        *_devices(portfolio.reports),
        _standards(portfolio.reports),
        _questions(),
    ]
    title = f"{many.head(portfolio)}: {many.subject(portfolio)}"
    return _page(_text(title), parts, _STYLE + _STYLE_OF_MANY)


def html_suite(report: SuiteReport) -> str:
    """What came of a suite as one HTML page: the matrix, then every report of each model, folded."""
    parts = [
        f"<h1><b>{escape(suites.head(report))}</b>{_text(suites.title(report))}</h1>",
        f"<p>{_text(report.suite.summary)}</p>",
        _suite_matrix(report),
        _gaps(report),
    ]
    for case, portfolio in report.portfolios:
        inner = "".join([_reasons(portfolio), *_cases(portfolio), _standards(portfolio.reports)])
        inner = _ANCHOR.sub(lambda found: f"{found[0]}{suites.prefix(case)}", _deeper(inner, 1))  # noqa: B023 - used now
        parts += [f"<h2>{_text(many.subject(portfolio))}</h2>", inner]
    parts += [*_devices(report.reports), _questions()]
    return _page(f"{suites.head(report)}: {_text(suites.title(report))}", parts, _STYLE + _STYLE_OF_MANY)


def _suite_matrix(report: SuiteReport) -> str:
    """A row for each model at a job for somebody and a column for each device; verdicts lead to their reports."""
    places = suites.devices(report)
    heads, names = suites.side(report)
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in (*heads, *places))
    rows = []
    for row, name in zip(suites.rows(report), names, strict=True):
        side = "".join(f'<th scope="row">{_text(word)}</th>' for word in name)
        cells = (_suite_cell(row.results[place]) if place in row.results else "<td></td>" for place in places)
        rows.append(f"<tr>{side}{''.join(cells)}</tr>")
    caption = "Verdict, the least that is left of a limit, and the evidence it stands on; each leads to its report."
    body = f"<caption>{caption}</caption><tr>{head}</tr>{''.join(rows)}"
    return f'<div class="scroll"><table class="matrix">{body}</table></div>'


def _suite_cell(result: CaseResult) -> str:
    one = suites.cell(result)
    answer = escape(one.answer)
    if not isinstance(result.outcome, Unusable):
        answer = f'<a href="#{suites.anchor(result.case)}">{answer}</a>'
    lines = [f'<span class="verdict">{answer}</span>', *map(escape, filter(None, (one.margin, one.rung)))]
    return f'<td class="{_TONES.get(one.answer, "not_asked")}">{"<br>".join(lines)}</td>'


def _gaps(report: SuiteReport) -> str:
    """Each reason why cases have no answer."""
    items = []
    for gap in suites.gaps(report):
        todo = f"<br>&rarr; {_text(gap.next_step)}" if gap.next_step else ""
        items.append(f'<li>{_text(gap.why)} <span class="soft">[{_text(", ".join(gap.cases))}]</span>{todo}</li>')
    return f"<h2>Not judged</h2><ol>{''.join(items)}</ol>" if items else ""


def _cases(portfolio: Portfolio) -> list[str]:
    """Every report, folded, job by job, and the run of each job once."""
    parts: list[str] = []
    for job, outcomes in many.by_workload(portfolio.outcomes):
        parts += [f"<h2>{_text(job.id)}: {_text(job.name)}</h2>", *map(_outcome, outcomes)]
        if report := many.run_of(outcomes):
            shared = [*map(_chart, run_charts(report)), *_run(report)]
            parts.append(_folded(f"The run for {_text(job.id)}, which all of these cases stand on", shared))
    return parts


def _devices(reports: Sequence[FitReport]) -> list[str]:
    """What is known of each device, folded."""
    found = many.devices(reports)
    folded = (_folded(f"{_text(device.id)}: {_text(device.name)}", [_device(device)]) for device in found)
    return ["<h2>Devices</h2>", *folded] if found else []


def _matrix(outcomes: Sequence[Outcome]) -> str:
    """A row for each job and a column for each device; verdicts lead to their reports."""
    devices = many.devices(outcomes)
    names = "".join(f'<th scope="col">{_text(device.id)}</th>' for device in devices)
    rows = []
    for job, of_job in many.by_workload(outcomes):
        found = {outcome.device.id: _cell(outcome) for outcome in of_job}
        cells = "".join(found.get(device.id, "<td></td>") for device in devices)
        rows.append(f'<tr><th scope="row">{_text(job.id)}</th>{cells}</tr>')
    head = f'<tr><th scope="col">workload</th>{names}</tr>'
    caption = "<caption>Verdict by workload and device, and what decides it; each leads to its report.</caption>"
    return f'<div class="scroll"><table class="matrix">{caption}{head}{"".join(rows)}</table></div>'


def _reasons(portfolio: Portfolio) -> str:
    """Each reason once, with the cases that it holds for and what to do."""
    items = []
    for _, reason, steps in many.to_do(many.reasons(portfolio)):
        finding = reason.finding
        verdict = f'<span class="verdict">{finding.verdict.text}</span> <b>{escape(finding.criterion)}</b>'
        where = f' <span class="soft">[{_text(reason.where)}]</span>' if reason.where else ""
        todo = "".join(f"<br>&rarr; {_text(step)}" for step in steps)
        items.append(f'<li class="{finding.verdict.name.lower()}">{verdict}: {_text(reason.because)}{where}{todo}</li>')
    return f"<h2>What to do</h2><ol>{''.join(items)}</ol>" if items else ""


def _cell(outcome: Outcome) -> str:
    link = f'<a href="#{many.anchor(outcome)}">{escape(many.answer(outcome))}</a>'
    decided_by = _text(many.decided_by(outcome))
    return f'<td class="{_tone(outcome)}"><span class="verdict">{link}</span><br>{decided_by}</td>'


def _outcome(outcome: Outcome) -> str:
    title = f'<b class="verdict">{escape(many.answer(outcome))}</b> {_text(outcome.device.id)}'
    if isinstance(outcome, NotJudged):
        step = f"<p>{_text(outcome.next_step)}</p>" if outcome.next_step else ""
        inner = [f"<p>{_text(outcome.why)}</p>{step}"]
    else:
        details = (_details(finding) for finding in outcome.findings if finding.details)
        subject = f"<p>{_text(words.subject(outcome))}</p>"
        pictures = map(_chart, case_charts(outcome))
        inner = [subject, _table(outcome), _to_do(outcome), *pictures, *details, _facts(outcome)]
    # What a link leads to inside of a folded part unfolds it.
    return _folded(title, [f'<div id="{many.anchor(outcome)}">', *inner, "</div>"], _tone(outcome))


def _folded(title: str, parts: Iterable[str], style: str = "") -> str:
    """Parts under a title that unfolds them, their headings two levels deeper."""
    inner = _deeper("".join(parts), 2)
    return f'<details class="part {style}"><summary>{title}</summary>{inner}</details>'


def _deeper(text: str, levels: int) -> str:
    return _HEADING.sub(lambda tag: f"<{tag[1]}h{min(int(tag[2]) + levels, 6)}>", text)


def _tone(outcome: Outcome) -> str:
    return _TONES.get(many.answer(outcome), "not_asked")


def _page(title: str, parts: Iterable[str], style: str = _STYLE) -> str:
    head = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{style}</style></head><body>",
    ]
    return "\n".join(part for part in [*head, *parts, "</body></html>"] if part) + "\n"


def _text(text: str) -> str:
    return escape(clean(text))


def _table(report: FitReport) -> str:
    rows = []
    for f in report.findings:
        numbers = "".join(f'<td class="number">{escape(cell)}</td>' for cell in (words.found(f), words.limit(f)))
        evidence = words.rung(f)
        limit = f"{f.limit.text}: " if f.limit else ""
        why = _text(limit + f.because) + (f' <span class="soft">({escape(evidence)})</span>' if evidence else "")
        rows.append(
            f'<tr class="{f.verdict.name.lower()}"><td>{escape(f.criterion)}</td>'
            f'<td class="verdict">{f.verdict.text}</td>{numbers}'
            f'<td class="number">{escape(words.margin(f))}</td><td>{why}</td></tr>'
        )
    head = '<th>criterion</th><th>verdict</th><th class="number">found</th><th class="number">limit</th>'
    head += '<th class="number">left</th><th>because</th>'
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _chart(chart: Chart) -> str:
    caption = f"<figcaption>{_text(chart.caption)}</figcaption>" if chart.caption else ""
    return f"<h2>{_text(chart.title)}</h2><figure>{chart.svg}{caption}</figure>"


def _to_do(report: FitReport) -> str:
    items = "".join(f"<li><b>{escape(names)}</b>: {_text(step)}</li>" for names, step in words.steps(report))
    return f"<h2>What to do</h2><ol>{items}</ol>" if items else ""


def _details(finding: Finding) -> str:
    items = "".join(f"<li>{_text(detail)}</li>" for detail in finding.details)
    return f"<h2>{escape(finding.criterion)}: details</h2><ul>{items}</ul>"


def _facts(report: FitReport) -> str:
    entries = "".join(f"<dt>{escape(name)}</dt><dd>{_text(text)}</dd>" for name, text in words.facts(report))
    return f"<h2>Facts</h2><dl>{entries}</dl>"


def _run(report: FitReport) -> list[str]:
    groups = words.run_groups(report)
    return ["<h2>The run</h2>", *map(_group, groups)] if groups else []


def _group(group: Group) -> str:
    entries = "".join(
        (f"<dt>{_text(name)}</dt>" if name else "") + f"<dd>{_text(text)}</dd>" for name, text, _ in group.facts
    )
    tables = "".join(f"<h4>{_text(table.title)}</h4>{_rows(table)}" for table in group.tables)
    return f"<h3>{_text(group.title)}</h3>{f'<dl>{entries}</dl>' if entries else ''}{tables}"


def _rows(table: Table) -> str:
    def cells(tag: str, row: tuple[str, ...]) -> str:
        styles = (' class="number"' if column in table.numbers else "" for column in range(len(row)))
        return "".join(f"<{tag}{style}>{_text(cell)}</{tag}>" for cell, style in zip(row, styles, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    return f'<div class="scroll"><table><tr>{cells("th", table.heads)}</tr>{body}</table></div>'


def _device(device: Device) -> str:
    known = Table("", ("what", "value", "known from", "where"), deciding_rows(device), (1,))
    return f"<h2>What is known of {_text(device.name)}</h2>{_rows(known)}"


def _standards(reports: Sequence[FitReport]) -> str:
    """The same for every case of a partner."""
    found = words.standards(reports[0]) if reports else []
    if not found:
        return ""
    note = words.standards_note(reports)
    rows = _rows(Table("", ("standard", "what a run shows", "what it cannot show"), tuple(found)))
    return f"<h2>Evidence for standards</h2>{f'<p>{_text(note)}</p>' if note else ''}{rows}"


def _questions() -> str:
    entries = "".join(f"<dt>{escape(c.name)}: {escape(c.question)}</dt><dd>{escape(c.page)}</dd>" for c in CRITERIA)
    return f"<details><summary>How each criterion is judged</summary><dl>{entries}</dl></details>"
