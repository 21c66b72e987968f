"""Many cases in one table: verdicts by job and device, and a line each with what decides it."""

from __future__ import annotations

from collections.abc import Sequence

from assess.clean import clean
from assess.judge.portfolio import Outcome
from assess.report.portfolio import answer, besides, by_workload, decided_by, devices
from assess.report.wrap import wrapped

_INDENT = "  "
_GAP = "  "
#: Less room for what decides a case, and it goes on the next line.
_LEAST_WIDTH = 30


def grid(outcomes: Sequence[Outcome], width: int) -> list[str]:
    """A row for each job and a column for each device; nothing where it is too wide, or has but one of either."""
    places, jobs = devices(outcomes), by_workload(outcomes)
    if len(places) < 2 or len(jobs) < 2:
        return []
    rows = [["workload", *(clean(device.id) for device in places)]]
    for job, of_job in jobs:
        found = {outcome.device.id: answer(outcome) for outcome in of_job}
        rows.append([clean(job.id), *(found.get(device.id, "") for device in places)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_INDENT + _GAP.join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=True)) for row in rows]
    return [line.rstrip() for line in lines] if max(map(len, lines)) <= width else []


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
