"""A gate's report for a terminal: verdict first, one line a metric, then what to do."""

from __future__ import annotations

from assess.clean import clean
from assess.judge.gate.comparison import Comparison
from assess.judge.gate.report import GateReport
from assess.report.gate.words import because, brief, subject
from assess.report.wrap import wrapped

_INDENT = "  "
_COLOURS = {
    "PASS": 32, "IMPROVEMENT": 32, "INCONCLUSIVE": 33, "NOISY": 33,
    "NOT COMPARABLE": 35, "REGRESSION": 31, "FAILED": 31,
}  # fmt: skip


def terminal(report: GateReport, *, width: int = 100, colour: bool = False) -> str:
    """The report as plain text of at most `width` columns, with ANSI colours if asked for."""
    lines = [*wrapped(f"{report.verdict.value}  {clean(subject(report))}", width, _INDENT), ""]
    names = max(len(each.metric) for each in report.comparisons)
    verdicts = max(len(each.verdict.value) for each in report.comparisons)
    for each in report.comparisons:
        lines += _lines(each, names, verdicts, width)
    steps: dict[str, list[str]] = {}
    for each in report.comparisons:
        if each.next_step:
            steps.setdefault(each.next_step, []).append(each.metric)
    if steps:
        lines.append("")
        for step, metrics in steps.items():
            lines += wrapped(f"{_INDENT}{', '.join(metrics)}: {clean(step)}", width, _INDENT * 2)
    lines += ["", *wrapped(_INDENT + clean(brief(report)), width, _INDENT * 2)]
    for sign in report.advice:
        lines += wrapped(f"{_INDENT}note: {clean(sign)}", width, _INDENT * 2)
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return _coloured(text, report) if colour else text


def _lines(each: Comparison, names: int, verdicts: int, width: int) -> list[str]:
    head = f"{_INDENT}{each.metric:<{names}}  {each.verdict.value:<{verdicts}}  "
    lines = wrapped(head + clean(because(each)), width, " " * len(head))
    for detail in each.details:
        lines += wrapped(" " * len(head) + clean(detail), width, " " * (len(head) + 2))
    return lines


def _coloured(text: str, report: GateReport) -> str:
    verdict = report.verdict.value
    return text.replace(verdict, f"\x1b[1;{_COLOURS[verdict]}m{verdict}\x1b[0m", 1)
