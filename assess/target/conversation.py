"""A command on a target that is talked with: what is said to it, what it answers, and why it is gone."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from assess.errors import AssessError, UnreachableError
from assess.target.link import SSH_FAILED, Link
from assess.target.protocol import GoneError, SentFile, hear, receive, say, send_bytes

#: A command whose streams are closed ends by itself; a link that hangs does not.
_END_WITHIN_S: Final = 5.0
#: Of a message: a report of a gate has the facts of two models.
_MOST_HEARD_BYTES: Final = 32 * 2**20
_MOST_BYTES: Final = 16384


class Conversation:
    """Both ends' words; whatever ends it too early is an AssessError that says why."""

    def __init__(self, link: Link, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._link, self._process, self._said = link, process, said
        self._stdin, self._stdout = process.stdin, process.stdout

    def say(self, message: Mapping[str, Any]) -> None:
        """Say something.

        Raises:
            AssessError: the other end is gone.
        """
        try:
            say(self._stdin, message)
        except GoneError as error:
            raise self.lost() from error

    def write(self, data: bytes) -> None:
        """Send bytes that it waits for.

        Raises:
            AssessError: the other end is gone.
        """
        try:
            self._stdin.write(data)
            self._stdin.flush()
        except (OSError, ValueError) as error:
            raise self.lost() from error

    def send(self, path: Path, size: int, sent: Any = lambda _: None) -> None:
        """Send the bytes of a file that was announced.

        Raises:
            AssessError: the other end is gone, or the file is.
        """
        try:
            send_bytes(self._stdin, path, size, sent)
        except GoneError as error:
            raise self.lost() from error
        except OSError as error:
            raise AssessError(f"cannot be sent: {error.strerror or error}", where=str(path)) from error

    def hear(self) -> dict[str, Any]:
        """What it says next.

        Raises:
            AssessError: it is gone.
        """
        try:
            return hear(self._stdout, _MOST_HEARD_BYTES)
        except GoneError as error:
            raise self.lost() from error

    def receive(self, file: SentFile, path: Path) -> None:
        """Take the bytes of a file that it announced.

        Raises:
            AssessError: it is gone, or the file cannot be written.
        """
        try:
            why = receive(self._stdout, file, path)
        except GoneError as error:
            raise self.lost() from error
        if why:
            raise AssessError(f"cannot be written: {why}", where=str(path))

    def lost(self) -> AssessError:
        """Why the other end is gone."""
        self.end()
        self._said.seek(0)
        said = self._said.read(_MOST_BYTES).decode("utf-8", "replace").strip()
        code = self._process.returncode
        if code == SSH_FAILED and self._link.is_lost():
            return LostError(str(self._link.failure(said).problem), where=str(self._link.address))
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
        # With a link that holds, ssh has no other code for a command that a signal ended.
        ended = "was killed" if code == SSH_FAILED else f"ended with {code}"
        return AssessError(f"what ran there {ended}: {last:.500}", where=str(self._link.address))

    def kill(self) -> None:
        """End it at once, whatever it says: whoever hears it finds it gone."""
        self._process.kill()

    @property
    def code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """End it: its streams are closed, by which it knows."""
        with suppress(OSError, ValueError):
            self._stdin.close()
        try:
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class LostError(UnreachableError):
    """The link was lost."""


@contextmanager
def talk(link: Link, command: str) -> Iterator[Conversation]:
    """Begin a command on a target, and talk with it; it is ended at the end of the block."""
    with tempfile.TemporaryFile() as said:
        process = link.start(command, said)
        conversation = Conversation(link, process, said)
        try:
            yield conversation
        finally:
            conversation.end()
            if process.stdout is not None:
                process.stdout.close()
