"""Many cases in one table: verdicts by job and device, and a line each with what decides it."""

from __future__ import annotations

from collections.abc import Sequence

from assess.clean import clean
from assess.report import portfolio as words
from assess.report.portfolio import Case
from assess.report.wrap import wrapped

_INDENT = "  "
_GAP = "  "
#: Less room for what decides a case, and it goes on the next line.
_LEAST_WIDTH = 30


def grid(cases: Sequence[Case], width: int) -> list[str]:
    """A row for each job and a column for each device; nothing where it is too wide, or has but one of either."""
    devices, jobs = words.devices(cases), words.by_workload(cases)
    if len(devices) < 2 or len(jobs) < 2:
        return []
    rows = [["workload", *(clean(device.id) for device in devices)]]
    for job, of_job in jobs:
        found = {words.device(case).id: words.answer(case) for case in of_job}
        rows.append([clean(job.id), *(found.get(device.id, "") for device in devices)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_INDENT + _GAP.join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=True)) for row in rows]
    return [line.rstrip() for line in lines] if max(map(len, lines)) <= width else []


def lines(cases: Sequence[Case], width: int, *, also: bool = False) -> list[str]:
    """For each case, by job: verdict, device, and what decides it; with `also`, what else there is to say of it."""
    found: list[str] = []
    verdicts = max(len(words.answer(case)) for case in cases)
    devices = max(len(clean(words.device(case).id)) for case in cases)
    for job, of_job in words.by_workload(cases):
        found += [*([""] if found else []), f"{_INDENT}{clean(job.id)}"]
        for case in of_job:
            name = clean(words.device(case).id)
            head = f"{_INDENT * 2}{words.answer(case):<{verdicts}}{_GAP}{name:<{devices}}{_GAP}"
            hanging = " " * (len(head) if width - len(head) >= _LEAST_WIDTH else 6)
            found += wrapped(head + words.decided_by(case), width, hanging)
            if also and (others := words.also(case)):
                found += wrapped(others, width, _INDENT * 4, first=_INDENT * 3)
    return found
