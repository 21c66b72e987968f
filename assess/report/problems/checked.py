"""What was checked and what was found in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assess.describe.problems import Problem

#: Name of every problem that makes a file unusable, where a form asks for one.
UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Checked:
    """Files and their problems.

    Attributes:
        problems: of each file, by its name as given; none of one that has none.
        rules: name and meaning of each check that only warns.
        tool: version of `assess`.
    """

    problems: Mapping[str, tuple[Problem, ...]]
    rules: Mapping[str, str]
    tool: str

    @property
    def all(self) -> Iterator[tuple[str, Problem]]:
        """Every problem with its file."""
        return ((file, problem) for file, found in self.problems.items() for problem in found)

    @property
    def errors(self) -> int:
        """How many make a file unusable."""
        return sum(not problem.rule for _, problem in self.all)

    @property
    def warnings(self) -> int:
        """How many only look wrong."""
        return sum(bool(problem.rule) for _, problem in self.all)


def level(problem: Problem) -> str:
    """Whether it is an error or only a warning."""
    return "warning" if problem.rule else "error"


def said(problem: Problem) -> str:
    """The key and what is wrong with it, on one line."""
    text = f"{problem.key}: {problem.text}" if problem.key else problem.text
    return " ".join(text.split())
