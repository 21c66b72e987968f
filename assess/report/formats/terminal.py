"""Fit reports for a terminal: verdict first, one line a criterion, then why and what to do; many, as a matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assess.clean import clean
from assess.judge.finding import Finding, Verdict
from assess.judge.fit_report import Fit, FitReport
from assess.judge.portfolio import Portfolio
from assess.judge.suite import SuiteReport
from assess.report import portfolio as many
from assess.report import suite as suites
from assess.report import words
from assess.report.facts.fact import Fact
from assess.report.matrix import grid, suite_grid
from assess.report.matrix import lines as case_lines
from assess.report.run_summary import fact_lines
from assess.report.wrap import wrapped

_COLOURS = {"PASS": 32, "READY": 32, "MARGINAL": 33, "UNKNOWN": 35, "UNPROVEN": 35, "FAIL": 31, "NOT READY": 31}
_INDENT = "  "
#: A verdict or an answer in a column of its own.
_VERDICT = re.compile(rf"(?:^|(?<=  ))(?:{'|'.join(sorted(_COLOURS, reverse=True))})(?=  |$)", re.MULTILINE)


def terminal(report: FitReport, *, width: int = 100, colour: bool = False) -> str:
    """The report as plain text of at most `width` columns, with ANSI colours if asked for."""
    lines = [
        *wrapped(f"{report.verdict.value}  {words.subject(report)}", width, _INDENT),
        "",
        *_table(report, width),
        "",
        *_to_do(report, width),
        *fact_lines((Fact(*fact) for fact in words.facts(report)), width),
    ]
    if brief := words.run_brief(report):
        lines += ["", *fact_lines(brief, width)]
    lines += _standards([report], width)
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return _coloured(text, report.verdict) if colour else text


def _table(report: FitReport, width: int) -> list[str]:
    heads = ("criterion", "verdict", "found", "limit", "left", "evidence")
    rows = [heads, *(row for finding in words.asked(report) if (row := _row(finding)) is not None)]
    columns = [max(len(row[column]) for row in rows) for column in range(6)]
    columns[0] = max(len(finding.criterion) for finding in words.asked(report))
    columns[1] = 8
    # What does not fit is left out from the right: the evidence first, then what is left of the limit.
    shown = next((count for count in (6, 5) if sum(columns[:count]) + 2 * count <= width), 4)
    lines = [_line(heads, columns[:shown])]
    for finding in words.asked(report):
        if (row := _row(finding)) is not None:
            lines.append(_line(row, columns[:shown]))
        else:
            head = f"{_INDENT}{finding.criterion:<{columns[0]}}  {finding.verdict.text:<8}  "
            lines += wrapped(head + clean(finding.because), width, " " * len(head))
    if left_out := words.not_asked(report):
        names = ", ".join(finding.criterion for finding in left_out)
        lines += wrapped(f"{_INDENT}not asked: {names}", width, _INDENT * 2)
    return lines


def _line(row: Sequence[str], columns: Sequence[int]) -> str:
    sides = "<<<>><"
    cells = (f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, columns, strict=False))
    return (_INDENT + "  ".join(cells)).rstrip()


def _row(finding: Finding) -> tuple[str, str, str, str, str, str] | None:
    if finding.found is None:
        return None
    numbers = words.found(finding), words.limit(finding), words.margin(finding), words.rung(finding)
    return finding.criterion, finding.verdict.text, *numbers


def _to_do(report: FitReport, width: int) -> list[str]:
    lines = []
    first_with: dict[str, str] = {}
    measured = False
    for finding in words.open_findings(report):
        head = f"{_INDENT}{finding.verdict.text:<8}  {finding.criterion}: "
        because = clean(words.why(finding))
        lines += wrapped(head + because, width, " " * 12)
        if finding.criterion == "execution":
            lines += [f"{' ' * 12}| {clean(detail)}"[:width] for detail in finding.details]
        if finding.next_step:
            first = first_with.setdefault(finding.next_step, finding.criterion)
            step = clean(finding.next_step) if first == finding.criterion else f"as for {first}"
            lines += wrapped(f"-> {step}", width, " " * 15, first=" " * 12)
            if (then := words.after(step, report)) and not measured:
                lines += wrapped(clean(then), width, " " * 15, first=" " * 15)
                measured = True
    return [*lines, ""] if lines else []


def terminal_many(portfolio: Portfolio, *, width: int = 100, colour: bool = False) -> str:
    """The portfolio as plain text of at most `width` columns: the matrix, each case, then each reason once."""
    lines = wrapped(f"{many.head(portfolio)}  {many.subject(portfolio)}", width, _INDENT)
    if table := grid(portfolio.outcomes, width):
        lines += ["", *table]
    lines.append("")
    for line in (*many.summary(portfolio), *many.caveats(portfolio.outcomes)):
        lines += wrapped(_INDENT + line, width, _INDENT * 2)
    lines += ["", *case_lines(portfolio.outcomes, width, also=True), ""]
    for number, reason, steps in many.to_do(many.reasons(portfolio)):
        head = f"{number:>4}  {reason.finding.verdict.text:<8}  {reason.finding.criterion}: "
        where = f" [{reason.where}]" if reason.where else ""
        lines += wrapped(head + clean(reason.because + where), width, " " * 16)
        for step in steps:
            lines += wrapped(f"-> {clean(step)}", width, " " * 19, first=" " * 16)
    lines += _standards(portfolio.reports, width)
    full = "in full: -o report.html has every criterion of every case; --device ID --workload ID is one case alone"
    lines += ["", *wrapped(_INDENT + full, width, _INDENT * 2)]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return _VERDICT.sub(lambda found: _paint(found[0]), text) if colour else text


def terminal_suite(report: SuiteReport, *, width: int = 100, colour: bool = False) -> str:
    """What came of a suite as plain text of at most `width` columns: the matrix, what has no answer, each case."""
    lines = [*wrapped(f"{suites.head(report)}  {suites.title(report)}", width, _INDENT), "", *suite_grid(report, width)]
    for gap in suites.gaps(report):
        lines += ["", *wrapped(f"{_INDENT}not judged  {gap.why} [{', '.join(gap.cases)}]", width, " " * 12)]
        if gap.next_step:
            lines += wrapped(f"-> {gap.next_step}", width, " " * 15, first=" " * 12)
    for _, portfolio in report.portfolios:
        lines += ["", *wrapped(many.subject(portfolio), width, _INDENT)]
        lines += case_lines(portfolio.outcomes, width)
    full = "in full: suite.html has every criterion of every case, and what to do; -o writes the other formats"
    lines += ["", *wrapped(full, width, _INDENT)]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return _VERDICT.sub(lambda found: _paint(found[0]), text) if colour else text


def _standards(reports: Sequence[FitReport], width: int) -> list[str]:
    """The same for every case of a partner."""
    lines = []
    for name, shows, cannot_show in words.standards(reports[0]) if reports else ():
        lines += wrapped(_INDENT * 2 + clean(name), width, _INDENT * 3)
        lines += wrapped(f"shows: {clean(shows)}", width, _INDENT * 4, first=_INDENT * 3)
        lines += wrapped(f"cannot show: {clean(cannot_show)}", width, _INDENT * 4, first=_INDENT * 3)
    head = f"{_INDENT}evidence for standards. {words.standards_note(reports)}".rstrip(". ")
    return ["", *wrapped(head, width, _INDENT * 2), *lines] if lines else []


def _coloured(text: str, verdict: Fit) -> str:
    first, rest = text.split("\n", 1)
    lines = [first.replace(verdict.value, _paint(verdict.value, bold=True), 1)]
    for line in rest.split("\n"):
        for answer in (Verdict.PASS, Verdict.MARGINAL, Verdict.UNKNOWN, Verdict.FAIL):
            if f" {answer.text} " in line[:40]:
                line = line.replace(answer.text, _paint(answer.text), 1)
                break
        lines.append(line)
    return "\n".join(lines)


def _paint(text: str, *, bold: bool = False) -> str:
    return f"\x1b[{'1;' if bold else ''}{_COLOURS[text]}m{text}\x1b[0m"
