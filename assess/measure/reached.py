"""The target that a run was made on, where that is not the machine that asked for it, and what was done around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CommandRan:
    """A command that a target's inventory wants around a measurement.

    Attributes:
        when: "before" or "after" it.
        command: as it was authored, for a shell.
        code: that it ended with; 124 for one that took too long.
        output: the end of what it said; data.
    """

    when: Literal["before", "after"]
    command: str
    code: int
    output: str


@dataclass(frozen=True, slots=True)
class Reached:
    """A target, reached over SSH.

    Attributes:
        target: its name in the inventory, or the host that was typed.
        kit: version and content of what ran there; "" where a vendor's tool was run by plain ssh.
        commands: that were run around the measurement.
    """

    target: str
    kit: str
    commands: tuple[CommandRan, ...] = ()
