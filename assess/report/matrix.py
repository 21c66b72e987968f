"""Many cases in one table: verdicts by job and device, and a line each with what decides it."""

from __future__ import annotations

from collections.abc import Sequence

from assess.clean import clean
from assess.judge.portfolio import Outcome
from assess.judge.suite import SuiteReport
from assess.report import suite
from assess.report.portfolio import answer, besides, by_workload, decided_by, devices
from assess.report.wrap import wrapped

_INDENT = "  "
_GAP = "  "
#: Less room for what decides a case, and it goes on the next line.
_LEAST_WIDTH = 30


def grid(outcomes: Sequence[Outcome], width: int) -> list[str]:
    """A row for each job and a column for each device; nothing where there is but one of either."""
    places, jobs = [clean(device.id) for device in devices(outcomes)], by_workload(outcomes)
    if len(places) < 2 or len(jobs) < 2:
        return []
    names = [clean(job.id) for job, _ in jobs]
    cells = [{clean(one.device.id): answer(one) for one in of_job} for _, of_job in jobs]
    columns = [[place, *(row.get(place, "") for row in cells)] for place in places]
    return table(["workload", *names], columns, width)


def suite_grid(report: SuiteReport, width: int) -> list[str]:
    """Three lines for each model at a job and a column for each device: verdict, what is left, evidence."""
    side, columns = [""], {device: [clean(device)] for device in suite.devices(report)}
    for row in suite.rows(report):
        side += ["", clean(row.model), _INDENT + clean(row.workload), f"{_INDENT}for {clean(row.partner)}"]
        side[-1] *= bool(row.partner)
        for device, column in columns.items():
            one = suite.cell(row.results[device]) if device in row.results else suite.Cell("")
            column += ["", one.answer, one.margin, one.rung]
    lines = list(zip(side, *columns.values(), strict=True))
    # A case without numbers, for nobody in particular, leaves lines empty.
    said = [line for line, before in zip(lines, [lines[0], *lines], strict=False) if any(line) or any(before)]
    side, *others = map(list, zip(*said, strict=True))
    return table(side, others, width)


def table(side: Sequence[str], columns: Sequence[Sequence[str]], width: int) -> list[str]:
    """Columns of cells under their heads beside the names of rows; nothing where not even one of them fits.

    Where heads are too wide, letters stand for them, told below; columns that are too many yet go on below.
    """
    if _wide([side, *columns]) <= width:
        return _rows([side, *columns])
    places = [column[0] for column in columns]
    letters = [_letter(index) for index in range(len(places))]
    columns = [[letter, *column[1:]] for letter, column in zip(letters, columns, strict=True)]
    blocks: list[list[Sequence[str]]] = [[side]]
    for column in columns:
        if len(blocks[-1]) > 1 and _wide([*blocks[-1], column]) > width:
            blocks.append([side])
        blocks[-1].append(column)
    if max(map(_wide, blocks)) > width:
        return []
    legend = ", ".join(f"{letter} = {place}" for letter, place in zip(letters, places, strict=True))
    found = [line for block in blocks for line in [*_rows(block), ""]]
    return [*found[:-1], *wrapped(_INDENT + legend, width, _INDENT)]


def _wide(columns: Sequence[Sequence[str]]) -> int:
    return len(_INDENT) + sum(max(map(len, column)) for column in columns) + len(_GAP) * (len(columns) - 1)


def _rows(columns: Sequence[Sequence[str]]) -> list[str]:
    padded = [[f"{cell:<{max(map(len, column))}}" for cell in column] for column in columns]
    return [(_INDENT + _GAP.join(row)).rstrip() for row in zip(*padded, strict=True)]


def _letter(index: int) -> str:
    """What stands for a device: a to z, then aa."""
    return (_letter(index // 26 - 1) if index >= 26 else "") + chr(ord("a") + index % 26)


def lines(outcomes: Sequence[Outcome], width: int, *, also: bool = False) -> list[str]:
    """For each case, by job: verdict, device, and what decides it; with `also`, what else there is to say of it."""
    found: list[str] = []
    answers = max(len(answer(outcome)) for outcome in outcomes)
    names = max(len(clean(outcome.device.id)) for outcome in outcomes)
    for job, of_job in by_workload(outcomes):
        found += [*([""] if found else []), f"{_INDENT}{clean(job.id)}"]
        for outcome in of_job:
            name = clean(outcome.device.id)
            head = f"{_INDENT * 2}{answer(outcome):<{answers}}{_GAP}{name:<{names}}{_GAP}"
            hanging = " " * (len(head) if width - len(head) >= _LEAST_WIDTH else 6)
            found += wrapped(head + decided_by(outcome), width, hanging)
            if also and (others := besides(outcome)):
                found += wrapped(others, width, _INDENT * 4, first=_INDENT * 3)
    return found
