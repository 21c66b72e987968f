"""The flow of a lab: cases go to workers that offer their devices, no more than there are workers, until all came.

What is handed to Dask is no more than what its workers can do now: the queue itself stays here, where a case takes few
bytes, and a worker that dies is never blamed for cases that only stood in its line.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from assess.errors import AssessError
from assess.lab.answer import StoppedError
from assess.lab.bench import UnfitError
from assess.lab.messages import Came, Lab, LabGoneError, Lost, Told
from assess.lab.turns import Arrival, Case, Turns
from assess.measure.measurement import Measurement
from assess.measure.timed_run import OnProgress, silent
from assess.report.facts.fact import several

#: How long a message is waited for before it is looked again who is there.
_HEAR_S: Final = 1.0
#: A worker that a supervisor starts again, or that had lost its network, is back within this; cases wait so long.
COMES_BACK_S: Final = 15.0

#: Makes of a worker's answer the run that it holds; raises AssessError, UnfitError or StoppedError.
Read = Callable[[Came], Measurement]
Note = Callable[[str], None]


def measured_in(
    lab: Lab,
    cases: Mapping[int, Case],
    read: Read,
    *,
    on_progress: OnProgress = silent,
    note: Note = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    comes_back_s: float = COMES_BACK_S,
) -> Iterator[Arrival]:
    """What comes of cases, as it comes; each exactly once.

    Args:
        lab: where they are measured.
        cases: by their numbers.
        read: makes a run of a worker's answer.
        on_progress: told how many are done, their share and the seconds left.
        note: told what cannot be measured, as soon as that is known.
        clock: in seconds.
        comes_back_s: how long cases wait for a worker that left.

    Raises:
        KeyboardInterrupt: after everything was taken back, and what had come was given.
    """
    turns = Turns(lab, cases, clock)
    ended = False
    try:
        while left := len(turns.running) + turns.waiting_count:
            _tell(turns, len(cases) - left, "", on_progress)
            yield from _step(turns, read, comes_back_s, note, on_progress)
        ended = True
    except KeyboardInterrupt:
        ended = True
        lab.stop()
        yield from _already_there(turns, read)
        raise
    except LabGoneError as gone:
        ended = True
        note(str(gone))
        yield from ((number, gone) for number in turns.left)
    finally:
        if not ended:
            lab.stop()


def _step(turns: Turns, read: Read, comes_back_s: float, note: Note, on_progress: OnProgress) -> Iterator[Arrival]:
    """See who is there, hand in what can be measured, and take the next message."""
    turns.look()
    yield from _noted([*turns.unoffered(comes_back_s), *turns.fill()], note)
    done = len(turns.cases) - len(turns.running) - turns.waiting_count
    turns.lab.tell_state(turns.waiting_count, len(turns.running), done)
    message = turns.lab.hear(_HEAR_S) if turns.running or turns.waiting_count else None
    if message is None or message.number not in turns.running:  # What was taken back may still come.
        return
    if isinstance(message, Told):
        running = turns.running[message.number]
        if message.left_s is not None:
            running.known_s, running.left_s = turns.clock(), message.left_s
        _tell(turns, done, f"; {running.case.name}: {message.what}", on_progress)
        return
    arrived = list(_arrived(turns, message, read))
    # Boards go on while this one is judged.
    yield from [*arrived, *turns.fill()]


def _arrived(turns: Turns, message: Came | Lost, read: Read) -> Iterator[Arrival]:
    """What a message says of its case: it came, or it waits again where the worker alone is to blame."""
    number = message.number
    if isinstance(message, Lost):
        del turns.running[number]
        yield number, AssessError(message.why, hint="see what the workers' standard error says")
        return
    try:
        found: Measurement | AssessError = read(message)
    except UnfitError as error:
        turns.unfit[message.worker] = str(error)
        turns.back(number)
        return
    except StoppedError:
        yield from turns.back_from(number)
        return
    except AssessError as error:
        found = error
    del turns.running[number]
    yield number, found


def _already_there(turns: Turns, read: Read) -> Iterator[Arrival]:
    """What had come when it was stopped; nothing is waited for."""
    try:
        while (message := turns.lab.hear(0.0)) is not None:
            if isinstance(message, Came) and message.number in turns.running:
                yield from _arrived(turns, message, read)
    except LabGoneError:
        return


def _noted(arrivals: Sequence[Arrival], note: Note) -> Sequence[Arrival]:
    for why, count in Counter(str(came) for _, came in arrivals).items():
        note(f"{several(count, 'run')} cannot be measured: {why}")
    return arrivals


def _tell(turns: Turns, done: int, doing: str, on_progress: OnProgress) -> None:
    count = len(turns.cases)
    what = f"{done} of {several(count, 'run')} done, {len(turns.running)} running{doing}"
    on_progress(what, done / count, turns.left_s())
