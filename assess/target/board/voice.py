"""What an agent tells the other end: never waited for, since a link that hangs must not hold up what is measured."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from assess.target.protocol import GoneError, SentFile, say, send_bytes

#: Progress that nobody takes in time is of no use later.
_MOST_WAITING: Final = 200


class Voice:
    """Tells messages from a thread of its own."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[tuple[Mapping[str, Any], tuple[tuple[SentFile, Path], ...]]] = (
            queue.SimpleQueue()
        )
        self._moved = time.monotonic()
        self._unsaid = 0
        self._lock = threading.Lock()
        self._done = threading.Condition(self._lock)
        self.gone = False
        threading.Thread(target=self._speak, daemon=True).start()

    def say(self, message: Mapping[str, Any], files: tuple[tuple[SentFile, Path], ...] = ()) -> None:
        """Say something as soon as it can be, with the bytes of the files that it announces."""
        with self._lock:
            if not self._unsaid:
                self._moved = time.monotonic()  # Nobody waited for what there was not to say.
            self._unsaid += 1
        self._waiting.put((message, files))

    def mention(self, message: Mapping[str, Any]) -> None:
        """Say something that may be lost where much is waiting to be said."""
        if self._waiting.qsize() < _MOST_WAITING:
            self.say(message)

    def wait_until_said(self, patience_s: float) -> bool:
        """Wait until all is said, as long as it moves on; whether it is."""
        with self._done:
            while self._unsaid and not self.gone:
                left_s = self._moved + patience_s - time.monotonic()
                if left_s <= 0:
                    return False
                self._done.wait(left_s)
            return not self.gone

    def _speak(self) -> None:
        while True:
            message, files = self._waiting.get()
            try:
                self._step(0)
                say(self._stream, message)
                for file, path in files:
                    send_bytes(self._stream, path, file.size, self._step)
            except (GoneError, OSError):
                with self._done:
                    self.gone = True
                    self._done.notify_all()
                return
            with self._done:
                self._unsaid -= 1
                self._moved = time.monotonic()
                self._done.notify_all()

    def _step(self, _: int) -> None:
        self._moved = time.monotonic()
