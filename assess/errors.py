"""What a user is meant to read: what is wrong, where, and what to try."""

from __future__ import annotations


class AssessError(Exception):
    """Bad usage or bad input. Only `cli.main` turns it into text; the exit code is 2, unless a subclass has another.

    Attributes:
        problem: what is wrong, in the user's words, without a full stop.
        where: the file, option or input it is wrong in; empty if the problem says it.
        hint: what to try next; empty if there is nothing better than the problem itself.
    """

    def __init__(self, problem: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"{where}{self.problem}{hint}"


class UnreachableError(AssessError):
    """A board cannot be reached, or is not there any more: nothing that is asked of it can be done, whatever it is."""


class ProcessFailedError(AssessError):
    """The model's process crashed, hung or ran out of memory, and there is nothing to report beside; exit code 5."""
