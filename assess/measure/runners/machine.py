"""What a vendor's tool needs of the machine that it runs on: one object, on this host or at the end of a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

#: Lines of a million latencies have 20 MB; what prints more prints without end.
MOST_PRINTED_BYTES: Final = 64 * 2**20
#: Times of a million inferences as JSON have 400 MB with the twelve numbers that trtexec writes of each.
MOST_WRITTEN_BYTES: Final = 512 * 2**20
#: What is kept of what a tool printed: the last lines say why it ended.
TAIL_CHARS: Final = 4000


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended.

    Attributes:
        ended: "by itself"; "hung": it was ended at its time limit; "flooded": it printed more than is read, and was
            ended; "stopped": this process was told to stop, and ended it.
        code: exit code, negative for the signal that ended it; None unless it ended by itself.
        out: what it printed to standard output, all of it unless it was flooded.
        err: the end of what it printed to standard error.
        signal: the one that this process got, if it was stopped.
    """

    ended: Literal["by itself", "hung", "flooded", "stopped"]
    code: int | None
    out: str
    err: str
    signal: str = ""


class Machine(Protocol):
    """A machine that commands run on: no shell is between, whatever the words hold."""

    @property
    def folder(self) -> str:
        """A private folder on it, which is gone with the run."""

    def find(self, tool: str) -> str:
        """Path of a program by its name or path; "" if there is none."""

    def place(self, file: Path) -> str:
        """Path on that machine of a file of this one; it is taken there if need be."""

    def run(self, command: Sequence[str], timeout_s: float) -> Ran:
        """Run a command to its end. It and what it started is gone when this returns or raises."""

    def read(self, path: str, most_bytes: int) -> bytes | None:
        """What a command wrote; None if there is no such file.

        Raises:
            AssessError: there is more of it than `most_bytes`, or it cannot be read.
        """
