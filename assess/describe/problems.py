"""What is wrong in an authored file, and where: each problem is one line that stands alone and the place underlined."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import combining, east_asian_width

from assess.describe.positions import Entry, Position, positions
from assess.describe.positions import Path as KeyPath
from assess.errors import AssessError

_LONGEST: Final = 1000  # Characters of a message, and of a key's path; ours have a few hundred.
_MOST: Final = 100  # Problems of a file that are told: who has mended them asks again.
_SHOWN: Final = 160  # Characters of a source line that are shown around a problem.


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in an authored file.

    Attributes:
        key: path of the key, e.g. "engine[0].peak[1].precision"; "" for the file as a whole.
        text: what is wrong and what was expected.
        at: where; None where there are no lines.
        source: the line of the file; "" where there are no lines.
        rule: name of the check that only warns; "" for what makes the file unusable.
    """

    key: str
    text: str
    at: Position | None = None
    source: str = ""
    rule: str = ""

    def line(self, where: str) -> str:
        """One line that stands alone."""
        place = f"{where}:{self.at.line}" if self.at else where
        said = f"warning: {self.text} [{self.rule}]" if self.rule else self.text
        return _visible(f"{place}: {self.key}: {said}" if self.key else f"{place}: {said}")

    def render(self, where: str) -> str:
        """One self-contained line, then the source line with the place underlined."""
        head = self.line(where)
        if self.at is None or not self.source.strip():
            return head
        number = str(self.at.line)
        column = self.at.column - 1
        first = max(0, column - _SHOWN // 2) if len(self.source) > _SHOWN else 0
        shown = self.source[first : first + _SHOWN]
        before, marked = shown[: column - first], shown[column - first : column - first + self.at.length]
        under = " " * _width(before) + "^" * max(1, _width(marked))
        return f"{head}\n {number} | {_visible(shown)}\n {' ' * len(number)} | {under}"


class InvalidFileError(AssessError):
    """An authored file with problems.

    Attributes:
        file: its name, as given.
        problems: all of them, in the order of their lines.
    """

    def __init__(self, file: str, problems: tuple[Problem, ...], hint: str = "") -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(problem.render(file) for problem in problems), hint=hint)


#: A message, or what makes it where finding out what was meant takes time: of a file with thousands of problems only
#: some are shown.
Said = str | Callable[[], str]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A problem before its place in the file is looked up.

    Attributes:
        keys: path of the key.
        text: what is wrong and what was expected.
        is_of_key: whether the key itself is wrong, and not its value.
        rule: name of the check that only warns; "" for what makes the file unusable.
    """

    keys: KeyPath
    text: Said
    is_of_key: bool = False
    rule: str = ""

    @property
    def said(self) -> str:
        """The text, made where it was not yet."""
        return _cut(self.text if isinstance(self.text, str) else self.text())

    def place(self, places: Mapping[KeyPath, Entry]) -> Position | None:
        """The nearest place that the file has for its key."""
        for depth in range(len(self.keys), 0, -1):
            entry = places.get(self.keys[:depth])
            if entry is not None:
                return entry.key if self.is_of_key else entry.value
        return None


def placed_all(found: Sequence[Complaint], text: str, lines: Sequence[str]) -> tuple[Problem, ...]:
    """The problems of a file, each at its place, in the order of their lines; of very many the first ones."""
    if not found:
        return ()
    places = positions(text)
    start = Position(1, 1, 1)
    pairs = [(complaint.place(places), complaint) for complaint in found]
    pairs.sort(key=lambda pair: (pair[0].line, pair[0].column) if pair[0] else (1, 1))
    told = [
        Problem(spelled(one.keys), one.said, at or start, lines[at.line - 1] if at else "", one.rule)
        for at, one in pairs[:_MOST]
    ]
    if len(pairs) > _MOST:
        at, first = pairs[_MOST]
        told.append(Problem("", f"and {len(pairs) - _MOST} more, from here on", at or start, "", first.rule))
    return tuple(told)


def all_without_place(found: Sequence[Complaint]) -> tuple[Problem, ...]:
    """The problems of a mapping that has no lines; of very many the first ones."""
    told = [Problem(spelled(one.keys), one.said) for one in found[:_MOST]]
    more = [Problem("", f"and {len(found) - _MOST} more")] if len(found) > _MOST else []
    return (*told, *more)


def spelled(keys: KeyPath) -> str:
    """A key's path as its author would say it."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _cut(text: str) -> str:
    """A message without the rest of endless words that it repeats from the file."""
    text = re.sub(r"(?<!\S)'([^']{55})[^']{6,}'", r"'\1...'", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _visible(text: str) -> str:
    """The text with what could steer a terminal, or hide in a line, written out; a tab becomes one space."""
    return "".join(char if char.isprintable() else " " if char == "\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _width(text: str) -> int:
    """How many columns of a terminal the text takes once it is made visible."""
    return sum(2 if east_asian_width(char) in "WF" else 0 if combining(char) else 1 for char in _visible(text))
