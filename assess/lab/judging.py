"""Judge runs that are made elsewhere, several at a time: each when it comes, all in the order of the plan."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial

from assess.errors import AssessError
from assess.lab.turns import Arrival
from assess.measure.measurement import Measurement
from assess.measure.timed_run import silent
from assess.portfolio import STOPPED_BEFORE, Judged, PlannedRun, Save, of_run

#: Makes the runs of some numbers elsewhere: each with what came of it, in whatever order it comes.
Arrivals = Callable[[Sequence[int]], Generator[Arrival]]


def judge_as_they_come(wanted: Sequence[PlannedRun], arrivals: Arrivals, *, save: Save = lambda *_: None) -> Judged:
    """As `judge_each`, where several runs are made at a time: each is saved and judged when it comes.

    Args:
        wanted: the runs, in the order of the report.
        arrivals: makes those that are to be made, by their index; closed when nothing is wanted of it any more.
        save: keeps each run before it is judged.
    """
    to_make = [index for index, planned in enumerate(wanted) if planned.refused is None and planned.made is None]
    came: dict[int, Judged] = {}
    over = STOPPED_BEFORE
    with closing(arrivals(to_make)) as arriving:
        try:
            for index, found in arriving:
                came[index] = of_run(wanted[index], "", partial(_found, found), save, silent)
                if came[index].over:
                    over = came[index].over
                    break
        except KeyboardInterrupt:
            pass  # What came is told; of the others, that it was stopped before.
    nothing = partial(_found, AssessError(over))
    judged = Judged()
    for index, planned in enumerate(wanted):
        judged += came[index] if index in came else of_run(planned, over, nothing, save, silent)
    return judged


def _found(found: Measurement | AssessError, *_: object) -> Measurement:
    if isinstance(found, AssessError):
        raise found
    return found
