"""Run a vendor's tool on this host: bounded in time and in what it prints, and gone with all that it began."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from assess.errors import AssessError
from assess.measure.runners import guarded
from assess.measure.runners.machine import MOST_PRINTED_BYTES, TAIL_CHARS, Ran
from assess.sandbox import Signalled, inherited, signal_of

#: After it was asked to end, a tool may take so long to give back what it holds on an accelerator.
_GRACE_S: Final = 2.0
_CHUNK_BYTES: Final = 65536
_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class LocalMachine:
    """The host that this process runs on.

    Attributes:
        folder: private to the run.
        most_printed_bytes: a tool that prints more to standard output is ended.
    """

    folder: str
    most_printed_bytes: int = MOST_PRINTED_BYTES

    def find(self, tool: str) -> str:
        """Path of a program by its name or path; "" if there is none."""
        return shutil.which(tool) or ""

    def place(self, file: Path) -> str:
        """The file's own path, whole: links are followed here and not by the tool."""
        return str(file.resolve())

    def run(self, command: Sequence[str], timeout_s: float) -> Ran:
        """Run a command to its end, in the folder that this process works in.

        Ctrl-C, SIGTERM and SIGHUP end it, and are told in `Ran.signal`.

        Raises:
            AssessError: it could not be started.
        """
        if not hasattr(os, "killpg"):
            raise AssessError("runs tools on Linux and macOS only", where="--runner")
        try:
            process = subprocess.Popen(
                # Ends with this process, however that ends.
                [sys.executable, "-I", "-S", guarded.__file__, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=inherited(),
                start_new_session=True,  # Ctrl-C is for this process, which ends the tool and all that it began.
            )
        except (OSError, ValueError) as error:
            raise AssessError(f"could not be started: {error}", where=str(command[0])) from error
        return watched(process, self.most_printed_bytes, time.monotonic() + timeout_s)

    def read(self, path: str, most_bytes: int) -> bytes | None:
        """What a command wrote; None if there is no such file.

        Raises:
            AssessError: there is more of it than `most_bytes`, or it cannot be read.
        """
        try:
            with Path(path).open("rb") as file:
                data = file.read(most_bytes + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AssessError(f"cannot be read: {error.strerror or error}", where=path) from error
        if len(data) > most_bytes:
            raise AssessError(f"has more than {most_bytes // 2**20} MiB", where=path, hint="ask for fewer frames")
        return data


def watched(process: subprocess.Popen[bytes], most_bytes: int, deadline: float) -> Ran:
    """How a process ends that leads a session of its own; at the deadline (monotonic, s) the whole session is ended.

    Ctrl-C, SIGTERM and SIGHUP end it, and are told in `Ran.signal`.
    """
    return _Watch(process, most_bytes).to_its_end(deadline)


@dataclass(slots=True)
class _Watch:
    """A process and what it has printed so far."""

    process: subprocess.Popen[bytes]
    most_bytes: int
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    flooded: threading.Event = field(default_factory=threading.Event)

    def to_its_end(self, deadline: float) -> Ran:
        threads = [
            threading.Thread(target=self._read_out, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self._read_err, args=(self.process.stderr,), daemon=True),
        ]
        ended: Any = "by itself"
        name = ""
        try:
            for thread in threads:
                thread.start()
            ended = self._wait(deadline)
        except (KeyboardInterrupt, Signalled) as stopped:
            ended, name = "stopped", signal_of(stopped)
        finally:
            self._end(gently=ended != "by itself")
        for thread in threads:
            thread.join(timeout=1.0)  # A process that left the session may still hold the pipe open.
        code = self.process.returncode if ended == "by itself" else None
        return Ran(ended, code, _text(self.out), _text(self.err)[-TAIL_CHARS:], name)

    def _wait(self, deadline: float) -> str:
        while self.process.poll() is None:
            if self.flooded.is_set():
                return "flooded"
            if time.monotonic() >= deadline:
                return "hung"
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_POLL_S)
        return "by itself"

    def _end(self, *, gently: bool) -> None:
        """End the whole session, also what a tool that has ended left in it."""
        if gently:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE_S)
        with suppress(ProcessLookupError, PermissionError):
            self.process.send_signal(signal.SIGUSR1)  # Its guard knows of what has left the session.
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_POLL_S)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):  # Nothing of it is left.
            os.killpg(self.process.pid, number)

    def _read_out(self, pipe: IO[bytes]) -> None:
        while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
            if len(self.out) + len(chunk) > self.most_bytes:
                self.flooded.set()
                return
            self.out += chunk

    def _read_err(self, pipe: IO[bytes]) -> None:
        while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
            self.err += chunk
            del self.err[: -4 * TAIL_CHARS]


def _text(data: bytearray) -> str:
    return bytes(data).decode(errors="replace")
