"""What a run measured, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assess.clean import clean
from assess.describe.workload import Workload
from assess.measure.measurement import Measurement
from assess.project.target import host_name
from assess.report.facts.fact import Fact, Table, table_lines
from assess.report.facts.setting import absences_in_short
from assess.report.run_facts import run_facts
from assess.report.wrap import wrapped

_NAME_WIDTH = 17
_INDENT = "  "


def run_summary(measurement: Measurement, workload: Workload, reasons: Sequence[str], *, width: int = 100) -> str:
    """A run as plain text of at most `width` columns; `reasons` say why it is not valid, if it is not."""
    name = clean(f"{measurement.model.name} for {measurement.workload_id} on {host_name(measurement.before)}")
    lines = wrapped(f"{_head(measurement, reasons)}  {name}", width, _INDENT)
    if troubles := _troubles(measurement, reasons, width):
        lines += ["", *troubles]
    for group in run_facts(measurement, workload):
        lines += ["", *fact_lines(group.facts, width)]
        for table in group.tables:
            if table.brief:
                lines += _table_lines(table, width)
    if lacking := fact_lines(absences_in_short(measurement), width):
        lines += ["", *lacking]
    return "\n".join(lines) + "\n"


def fact_lines(facts: Iterable[Fact], width: int) -> list[str]:
    """Facts as lines of at most `width` columns; what does not fit hangs under its text."""
    lines = []
    for name, text, _ in facts:
        head = f"{_INDENT}{clean(name):<{_NAME_WIDTH}} "
        lines += wrapped(head + clean(text), width, " " * len(head))
    return lines


def _table_lines(found: Table, width: int) -> list[str]:
    """Under the texts where there is room for it, else from the left; a row that is too long yet goes on below."""
    lines = table_lines(found)
    room = width - max(map(len, lines))
    indent = " " * max(len(_INDENT), min(len(_INDENT) + _NAME_WIDTH + 1, room))
    return [part for line in lines for part in wrapped(indent + line, width, indent + _INDENT)]


def _troubles(measurement: Measurement, reasons: Sequence[str], width: int) -> list[str]:
    lines = []
    if measurement.incomplete:
        lines += wrapped(f"{_INDENT}{clean(measurement.incomplete)}", width, _INDENT)
    if failure := measurement.failure:
        text = clean(f"{failure.kind} in phase {failure.phase!r}: {failure.cause}")
        lines += wrapped(f"{_INDENT}{text}", width, _INDENT * 2)
        # Not wrapped: the last words of a process are there to be searched for.
        lines += [f"    {clean(line)}" for line in failure.detail.splitlines()]
    for reason in reasons:
        lines += wrapped(f"{_INDENT}not valid: {clean(reason)}", width, _INDENT * 2)
    return lines


def _head(measurement: Measurement, reasons: Sequence[str]) -> str:
    if measurement.incomplete:
        return "INCOMPLETE"
    return "FAILED" if measurement.failure else "INVALID" if reasons else "MEASURED"
