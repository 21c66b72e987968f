"""What a board is asked, who is told what happens meanwhile, and how it is left."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError, ProcessFailedError, UnreachableError
from assess.measure.timed_run import OnProgress, silent
from assess.target.conversation import Conversation, LostError
from assess.target.protocol import SentFile

#: A board that was told to come to an end has so long; it ends what runs there within 20 s.
_STOP_WITHIN_S: Final = 40.0
#: Of what is left: what is shown as a number of seconds.
_LONGEST_S: Final = 1e7
_MOST_CHARACTERS: Final = 300

Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what happens on a board.

    Attributes:
        progress: what is being done, the share that is done and the seconds left.
        wait: what is waited for.
    """

    progress: OnProgress = silent
    wait: Tell = lambda _: None


NOBODY: Final = Listener()


@dataclass(frozen=True, slots=True)
class Asked:
    """A job for a board.

    Attributes:
        call: which of `board.calls` it is.
        request: what the call needs to know.
        files: that it reads: where each lies there, and what it is here.
        outputs: files or folders that it writes there, to be fetched.
        limit_s: it is ended after so long.
        measures: whether the board is to do nothing else beside it, and the target's commands belong around it.
        is_kept: whether what came of it is worth keeping there for a link that is lost: it is, of what takes long.
    """

    call: str
    request: Mapping[str, Any]
    files: Mapping[SentFile, Path] = field(default_factory=dict)
    outputs: Sequence[str] = ()
    limit_s: float = 600.0
    measures: bool = True
    is_kept: bool = True


def heard(message: dict[str, Any]) -> dict[str, Any]:
    """A message, unless it is an error."""
    if isinstance(error := message.get("error"), dict):
        raise _error(error)
    return message


def _error(told: Mapping[str, Any]) -> AssessError:
    kind = ProcessFailedError if told.get("failed") else AssessError
    return kind(str(told.get("problem", ""))[:2000], where=str(told.get("where", ""))[:500],
                hint=str(told.get("hint", ""))[:500])  # fmt: skip


def while_it_runs(there: Conversation, listen: Listener, latest_s: float) -> dict[str, Any]:
    """Pass on what is told until there is an outcome. A signal is passed on, and what there is then comes back.

    A board that goes on talking, and does not come to an end, is left: once it is over by what it was told itself, or a
    while after it was told to stop.
    """
    with _left_after(latest_s, there) as late, _stopping(there) as stopped:
        try:
            while True:
                message = heard(there.hear())
                if isinstance(outcome := message.get("outcome"), dict):
                    return outcome
                _pass_on(message, listen)
        except AssessError as error:
            if stopped.is_set():
                raise KeyboardInterrupt from error
            if late.is_set():
                raise AssessError(
                    f"did not come to an end within {latest_s:.0f} s, and was left",
                    hint="assess target check tells whether something still runs there",
                ) from error
            raise


@contextmanager
def _left_after(span_s: float, there: Conversation, left: threading.Event | None = None) -> Iterator[threading.Event]:
    """Leave a conversation once a time is over; the event tells that it was left."""
    left = left or threading.Event()

    def leave() -> None:
        left.set()
        there.kill()

    timer = threading.Timer(span_s, leave)
    timer.daemon = True
    timer.start()
    try:
        yield left
    finally:
        timer.cancel()


@contextmanager
def telling_of_loss(name: str) -> Iterator[None]:
    """Say of a link that is lost how what it was needed for is had all the same."""
    try:
        yield
    except LostError as error:
        raise UnreachableError(
            f"the link was lost: {error.problem}", where=name,
            hint="a run that goes on there is fetched by the same command, once the link is back",
        ) from error  # fmt: skip


def _pass_on(message: Mapping[str, Any], listen: Listener) -> None:
    if isinstance(text := message.get("waiting"), str):
        listen.wait(f"waiting {text}")
    elif isinstance(told := message.get("progress"), list) and len(told) == 3 and isinstance(told[0], str):
        listen.progress(told[0][:_MOST_CHARACTERS], _within(told[1], 1.0), _within(told[2], _LONGEST_S))


def _within(value: Any, most: float) -> float | None:
    """A number from 0 to so much; None for whatever else was told."""
    return value if type(value) in (int, float) and 0.0 <= value <= most else None


@contextmanager
def _stopping(there: Conversation) -> Iterator[threading.Event]:
    """The first signal asks the board to come to an end, the second ends this command.

    Yields:
        Tells that the board was asked, and had the time that it takes for that.
    """
    left = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield left
        return
    timers = ExitStack()
    numbers = [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)]
    before = {number: signal.getsignal(number) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}

    def stop(number: int, _: object) -> None:
        for each, handler in before.items():
            signal.signal(each, handler)
        there.say({"stop": signal.Signals(number).name})
        timers.enter_context(_left_after(_STOP_WITHIN_S, there, left))

    try:
        for number in before:
            signal.signal(number, stop)
        yield left
    finally:
        timers.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def whole(outcome: dict[str, Any]) -> dict[str, Any]:
    """An outcome that says something, or the error that it is."""
    if isinstance(error := outcome.get("error"), dict):
        raise _error(error)
    if outcome.get("interrupted"):
        raise KeyboardInterrupt
    return outcome
