"""The user's own ssh client, by which a target is reached: its configuration, jump hosts, agent and host keys hold."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from assess.describe.address import Address
from assess.errors import AssessError, UnreachableError
from assess.files import alone_here, user_folder

#: What a command of ours prints has some lines.
MOST_ANSWERED_BYTES: Final = 2**20
_LOOK_EVERY_S: Final = 0.05
_BY_HAND: Final = "try the board by hand, with ssh"
#: ssh ends with it when it failed itself, whatever the command there did.
SSH_FAILED: Final = 255
#: A connection that is not made, or is dead, is told of within so many seconds.
_CONNECT_S: Final = 10
_ALIVE_EVERY_S, _ALIVE_MISSED = 5, 3
#: A shared connection ends so long after its last use: the next command of a session finds it open.
_PERSIST_S: Final = 60
#: The path of a socket has 108 bytes on Linux, 104 on macOS; ssh appends 17 while it is made, %C stands for 40.
_LONGEST_PATH: Final = 104 - 17 - 40 - 9
#: Of what ssh says for itself.
_MOST_CHARACTERS: Final = 2000

#: What ssh says, what it means, and what to do; the first that is found holds.
_FAILURES: Final[Sequence[tuple[str, str, str]]] = (
    (
        r"IDENTIFICATION HAS CHANGED|differs from the key|REVOKED HOST KEY",
        "its host key is not the one that is known: nothing was sent",
        "if you know why it changed, forget the old one: ssh-keygen -R {host}",
    ),
    (
        r"Host key verification failed|host key is known",
        "its host key is not known here: nothing was sent",
        "connect once by hand, and compare the key that you are shown: {ssh}",
    ),
    (
        r"Permission denied|Too many authentication failures|No supported authentication|Authentication failed",
        "it refuses the login",
        "try it by hand: {ssh}; assess uses your ssh's keys, agent and configuration",
    ),
    (
        r"Could not resolve hostname",
        "its name cannot be resolved",
        "check the address, or what your ssh configuration says of it: {ssh}",
    ),
    (r"Connection refused", "it refuses the connection: no ssh server listens there", "check the port: {ssh}"),
    (
        r"timed out|No route to host|Network is unreachable|Host is down",
        "it cannot be reached",
        "check that it is on and connected: {ssh}",
    ),
    (r"Bad configuration|Can't open user config", "ssh cannot read its configuration{config}", "try: {ssh}"),
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that was run there.

    Attributes:
        code: that it ended with; negative for a signal.
        out: what it printed.
        err: what it, or ssh, said on standard error.
    """

    code: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Link:
    """Commands on a target, over one connection that they share.

    Attributes:
        address: of the target.
        environment: where ASSESS_SSH_CONFIG names another configuration for ssh than the user's.
    """

    address: Address
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def run(
        self, command: str, *, stdin: bytes = b"", timeout_s: float = 60.0, most_bytes: int = MOST_ANSWERED_BYTES
    ) -> Ran:
        """Run a command line of its shell, and wait for its end.

        Args:
            command: of its shell.
            stdin: what it reads.
            timeout_s: it is ended after so long.
            most_bytes: it is ended where it prints more.

        Raises:
            UnreachableError: it cannot be reached, or took too long.
            AssessError: it printed too much.
            KeyboardInterrupt: this process was told to end.
        """
        self.connect()
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            process = subprocess.Popen(self._argv(command), stdin=given, stdout=out, stderr=err, start_new_session=True)
            self._await(process, (out, err), time.monotonic() + timeout_s, timeout_s, most_bytes)
            out.seek(0)
            err.seek(0)
            ran = Ran(process.returncode, out.read(most_bytes), err.read(_MOST_CHARACTERS).decode("utf-8", "replace"))
        if ran.code == SSH_FAILED and self.is_lost():
            raise self.failure(ran.err)
        return ran

    def _await(
        self, process: subprocess.Popen[bytes], printed: Sequence[IO[bytes]], until_s: float, timeout_s: float,
        most_bytes: int,
    ) -> None:  # fmt: skip
        """Wait for a command's end; it is ended where it takes too long or prints too much, or this raises."""
        try:
            while process.poll() is None:
                if any(os.fstat(each.fileno()).st_size > most_bytes for each in printed):
                    raise AssessError("says far more than it was asked", where=str(self.address), hint=_BY_HAND)
                if time.monotonic() > until_s:
                    raise UnreachableError(
                        f"did not answer within {timeout_s:g} s", where=str(self.address), hint=_BY_HAND
                    )
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_EVERY_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def start(self, command: str, stderr: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Begin a command line of its shell; signals of this terminal do not reach the client by themselves.

        Args:
            command: of its shell.
            stderr: a file for what it, or ssh, says; or `subprocess.PIPE`.
        """
        self.connect()
        return subprocess.Popen(
            self._argv(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
        )

    def connect(self) -> None:
        """Open the connection, unless one is open.

        Raises:
            UnreachableError: says why it cannot be opened.
        """
        if shutil.which("ssh") is None:
            raise UnreachableError("there is no ssh here", where="PATH", hint="sudo apt install openssh-client")
        if self.is_lost():
            with alone_here(_control_folder() / "connecting"):  # Of several at once the later ones share the first's.
                if self.is_lost():
                    self._open()

    def _open(self) -> None:
        # Asked in the terminal's own session: ssh may want a passphrase. What it says goes to a file, since the
        # connection stays in the background, and would hold a pipe open.
        with tempfile.TemporaryFile() as said:
            asks = [] if sys.stdin.isatty() else ["-o", "BatchMode=yes"]
            begun = ["ssh", *self._options("yes"), *asks, "-o", f"ControlPersist={_PERSIST_S}", "-f", "-N"]
            code = subprocess.run(
                [*begun, "--", self.address.destination], stdin=None if not asks else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=said, check=False,
            ).returncode  # fmt: skip
            said.seek(0)
            text = said.read(_MOST_CHARACTERS * 4).decode("utf-8", "replace")
        if code != 0:
            raise self.failure(text)

    def is_lost(self) -> bool:
        """Whether there is no connection open."""
        check = ["ssh", *self._options("no"), "-O", "check", "--", self.address.destination]
        return subprocess.run(check, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode != 0

    def close(self) -> None:
        """Close the connection, if there is one."""
        ended = ["ssh", *self._options("no"), "-O", "exit", "--", self.address.destination]
        subprocess.run(ended, capture_output=True, stdin=subprocess.DEVNULL, check=False)

    def failure(self, said: str) -> UnreachableError:
        """What ssh said, as an error that tells what to do."""
        config = self._config
        by_hand = shlex.join([
            "ssh", *(["-F", config] if config else []), *(["-p", str(self.address.port)] if self.address.port else []),
            self.address.destination,
        ])  # fmt: skip
        known = {"ssh": by_hand, "host": self.address.host, "config": f": ASSESS_SSH_CONFIG={config}" if config else ""}
        for pattern, problem, hint in _FAILURES:
            if re.search(pattern, said):
                return UnreachableError(problem.format(**known), where=str(self.address), hint=hint.format(**known))
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "ssh gave no reason")
        return UnreachableError(f"the connection failed: {last:.300}", where=str(self.address), hint=f"try: {by_hand}")

    def _argv(self, command: str) -> list[str]:
        return ["ssh", *self._options("no"), "-T", "--", self.address.destination, command]

    @property
    def _config(self) -> str:
        return self.environment.get("ASSESS_SSH_CONFIG", "")

    def _options(self, master: str) -> list[str]:
        config = self._config
        # Another configuration is another connection: what was open by one proves nothing of the other.
        socket = f"ssh-{hashlib.sha256(os.fsencode(config)).hexdigest()[:8]}-%C" if config else "ssh-%C"
        return [
            *(["-F", config] if config else []),
            *(["-p", str(self.address.port)] if self.address.port else []),
            *("-o", f"ControlPath={_control_folder() / socket}", "-o", f"ControlMaster={master}"),
            *("-o", f"ConnectTimeout={_CONNECT_S}"),
            *("-o", f"ServerAliveInterval={_ALIVE_EVERY_S}", "-o", f"ServerAliveCountMax={_ALIVE_MISSED}"),
        ]


def _control_folder() -> Path:
    """Where the connection's socket lies: nobody else may use it."""
    folder = user_folder()
    return folder if len(str(folder)) < _LONGEST_PATH else user_folder(Path("/tmp"))  # noqa: S108 - a private one in it
