"""A shipped profile as lines, and one mistake planted in it; read by a reader of its own, so that lines are not told
by the code under test."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from assess.describe.kinds import Folder, kind_named
from assess.describe.library import Library

T = TypeVar("T")
_HEADER = re.compile(r"(\[\[?)([a-z_.]+)\]")
_PAIR = re.compile(r'("?[^"=\s]+"?)\s*=\s*(.*)')


@dataclass(frozen=True)
class Planted:
    """A mutated file and the one complaint that is expected.

    Attributes:
        text: of the file.
        line: that is told, from 1; None for the file as a whole.
        key: as it is told.
        says: a part of the message; "" if the file stays free of complaints.
        name: of the file, if not as the shipped one's.
        beside: files that lie beside it.
    """

    text: str | bytes
    line: int | None = None
    key: str = ""
    says: str = ""
    name: str = ""
    beside: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line with a table's header or a key.

    Attributes:
        number: from 1.
        table: as complaints spell it, e.g. "engine[0].peak[1]"; "" above the first one.
        key: "" for a header.
        value: what stands behind the `=`.
    """

    number: int
    table: str
    key: str
    value: str

    @property
    def spelled(self) -> str:
        return ".".join(part for part in (self.table, self.key) if part)

    @property
    def is_number(self) -> bool:
        """Whether it is a sourced number."""
        return self.value.startswith("{ value =")

    @property
    def is_text(self) -> bool:
        return bool(re.fullmatch(r'"[^"\\]*"', self.value))


@dataclass(frozen=True)
class Sound:
    """A shipped file.

    Attributes:
        kind: such as "devices".
        id: its file's name.
        text: what it says.
        library: the shipped one.
    """

    kind: Folder
    id: str
    text: str
    library: Library

    @classmethod
    def of(cls, file: Path, library: Library) -> Sound:
        return cls(file.parent.name, file.stem, file.read_text(), library)

    @cached_property
    def lines(self) -> list[Line]:
        return list(_lines(self.text))

    @cached_property
    def pairs(self) -> list[Line]:
        return [line for line in self.lines if line.key]

    @cached_property
    def headers(self) -> list[Line]:
        return [line for line in self.lines if not line.key]

    @cached_property
    def own(self) -> dict[str, Any]:
        return tomllib.loads(self.text)

    @cached_property
    def whole(self) -> Mapping[str, Any]:
        """With what it takes from its base."""
        return self.library.resolved(kind_named(self.kind), self.path).mapping

    @property
    def path(self) -> Path:
        return self.library.path(self.kind, self.id)

    def get(self, spelled: str) -> Line | None:
        return next((line for line in self.lines if line.spelled == spelled), None)

    def pick(self, found: Sequence[T], salt: str = "") -> T | None:
        """One of several, the same in each run, another for other files."""
        return Random(f"{self.id} {salt}").choice(found) if found else None

    def with_line(self, line: Line, text: str) -> str:
        """The text with another line in the place of one; several if it has line ends."""
        rows = self.text.split("\n")
        rows[line.number - 1 : line.number] = text.split("\n")
        return "\n".join(rows)

    def without(self, line: Line) -> str:
        rows = self.text.split("\n")
        del rows[line.number - 1]
        return "\n".join(rows)

    def row(self, line: Line) -> str:
        return self.text.split("\n")[line.number - 1]

    def changed(self, line: Line, old: str, new: str) -> str:
        """The text with something replaced, once, in one line."""
        row = self.row(line)
        assert old in row, (self.id, old, row)
        return self.with_line(line, row.replace(old, new, 1))

    def valued(self, line: Line, value: str) -> str:
        """The text with another value of a key."""
        return self.with_line(line, f"{line.key} = {value}")

    def added(self, text: str) -> tuple[str, int]:
        """The text with more at its end, and the line on which that begins."""
        before = self.text.rstrip("\n") + "\n\n"
        return before + text + "\n", before.count("\n") + 1


def quantity(line: Line) -> str:
    """The value of a number as it is written, without quotes."""
    found = re.match(r'\{ value = "?([^",}]*)"?', line.value)
    assert found
    return found[1].strip()


def unit(line: Line) -> str:
    """The unit of a number; "" for a count."""
    return quantity(line).partition(" ")[2]


Mutation = Callable[[Sound], Planted | None]


def _lines(text: str) -> Iterator[Line]:
    table, last = "", {}
    is_open = False
    for number, row in enumerate(text.split("\n"), start=1):
        if is_open:
            is_open = not row.startswith("]")
        elif header := _HEADER.match(row):
            parts = header[2].split(".")
            above = ""
            for part in parts[:-1]:
                above += f".{part}" if above else part
                above += f"[{last[above]}]" if above in last else ""
            table = f"{above}.{parts[-1]}" if above else parts[-1]
            if header[1] == "[[":
                last[table] = last.get(table, -1) + 1
                table += f"[{last[table]}]"
            yield Line(number, table, "", row)
        elif pair := _PAIR.match(row):
            is_open = pair[2] == "["
            yield Line(number, table, pair[1], pair[2])
        else:
            assert not row or row.startswith("#"), row
