"""What a client asks a worker to do; it runs there, on the worker's one thread."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4
from weakref import WeakKeyDictionary

from distributed import Queue, Worker, get_client, get_worker

from assess.errors import AssessError
from assess.lab.bench import Bench, on_this_host
from assess.lab.store import Store, usual_folder

#: Progress is told no more often: what is measured may be on this very machine.
_TELL_EVERY_S: Final = 0.5
#: Of whoever asked, to send a part of a file.
_ANSWERS_WITHIN_S: Final = 60.0
RESOURCE: Final = "device."
#: Where workers tell all clients, by the session that it is for: the scheduler keeps a log of each topic for ever.
TOPIC: Final = "assess-lab"

#: What each worker of this process measures on; one that was started by `dask worker` measures on its host.
BENCHES: Final[WeakKeyDictionary[Worker, Bench]] = WeakKeyDictionary()


def measure_case(request: str, session: str, number: int) -> str:
    """Measure a case; the answer is text, whatever happens (`Bench.answer`).

    Args:
        request: as it was packed.
        session: of the client, which is told the progress and asked for files.
        number: of the case in it.
    """
    worker = get_worker()

    def say(**message: object) -> None:
        worker.log_event(TOPIC, {"session": session, "number": number, **message})

    say(say="begun")
    files = _Files(session, say)
    try:
        return bench_of(worker).answer(request, session, files.part, _seldom(say))
    finally:
        files.close()


def replies_of(session: str) -> str:
    """What the names of queues begin with that a session's files are put into."""
    return f"assess-{session}-"


def give_up(session: str, dask_worker: Worker) -> None:
    """Stop what runs for a session; called on the worker's event loop."""
    bench_of(dask_worker).given_up.add(session)


def bench_of(worker: Worker) -> Bench:
    """What a worker measures on."""
    if worker not in BENCHES:
        BENCHES[worker] = Bench(on_this_host(f"a lab's worker {worker.name}"), Store(usual_folder()))
    return BENCHES[worker]


def worker_name(what: str = "") -> str:
    """A name for a worker: what it measures on, or its host; with its process, since names are unique in a lab."""
    return f"{what or socket.gethostname()}-{os.getpid()}"


class _Files:
    """Asks whoever sent the case for files, part by part: one at a time, and none while it is measured."""

    def __init__(self, session: str, say: Callable[..., None]) -> None:
        self._name, self._say = f"{replies_of(session)}{uuid4().hex}", say
        self._queue: Any = None

    def part(self, sha256: str, offset: int) -> bytes:
        if self._queue is None:
            self._queue = Queue(self._name, client=get_client())
        self._say(say="want", sha256=sha256, offset=offset, reply=self._name)
        try:
            part = self._queue.get(timeout=_ANSWERS_WITHIN_S)
        except TimeoutError as error:
            why = f"whoever asked did not send it within {_ANSWERS_WITHIN_S:g} s"
            raise AssessError(why, where=f"file {sha256:.12}") from error
        if not isinstance(part, bytes):
            raise AssessError(str(part)[:200], where=f"file {sha256:.12}")
        return part

    def close(self) -> None:
        if self._queue is not None:
            with suppress(Exception):  # It is tidied up, or the scheduler is gone.
                self._queue.close()


def _seldom(say: Callable[..., None], clock: Callable[[], float] = time.monotonic) -> Any:
    last_s = float("-inf")

    def tell(what: str, _: float | None, left_s: float | None) -> None:
        nonlocal last_s
        if clock() - last_s >= _TELL_EVERY_S:
            last_s = clock()
            say(say="told", what=what, left_s=left_s)

    return tell
