"""What a fact of a run is: a name and a line of text, or a table. Text from the model is data here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assess.clean import clean
from assess.units import format_quantity


class Fact(NamedTuple):
    """A fact in words.

    Attributes:
        name: what it is about; "" continues the fact above.
        text: one line, of any length.
        brief: whether a report of one screen has it too.
    """

    name: str
    text: str
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Facts of one kind.

    Attributes:
        title: of the whole.
        heads: of the columns.
        rows: as many cells as there are heads.
        numbers: columns that are aligned to the right.
        brief: whether `assess measure` prints it.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Facts about one subject.

    Attributes:
        title: the subject.
        facts: in reading order.
        tables: what takes more than a line.
    """

    title: str
    facts: tuple[Fact, ...] = ()
    tables: tuple[Table, ...] = ()


def table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = (), brief: bool = False
) -> Table:
    """A table without the columns that are empty in every row; `numbers` are heads."""
    cells = [tuple(row) for row in rows]
    kept = [column for column in range(len(heads)) if any(row[column] for row in cells)]
    names = tuple(heads[column] for column in kept)
    right = tuple(index for index, name in enumerate(names) if name in numbers)
    return Table(title, names, tuple(tuple(row[column] for column in kept) for row in cells), right, brief)


def table_lines(found: Table) -> list[str]:
    """A table as text, columns as wide as they need to be."""
    cells = [[clean(cell) for cell in row] for row in (found.heads, *found.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(found.heads))]
    return ["  ".join(_aligned(found, row, widths)).rstrip() for row in cells]


def _aligned(found: Table, row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(width) if column in found.numbers else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def levels(*named: tuple[str, float]) -> str:
    """Times in nanoseconds from small to large, each with its name; equal ones once: "p50 to p99 33.3 ms"."""
    groups: list[tuple[list[str], str]] = []
    for name, nanoseconds in named:
        text = seconds(nanoseconds)
        if groups and groups[-1][1] == text:
            groups[-1][0].append(name)
        else:
            groups.append(([name], text))
    if len(groups) == 1:
        return groups[0][1]
    return ", ".join(f"{names[0]}{f' to {names[-1]}' * (len(names) > 1)} {text}" for names, text in groups)


def seconds(nanoseconds: float) -> str:
    """A time in nanoseconds, for people."""
    return format_quantity(nanoseconds * 1e-9, "s")


def size(count: float) -> str:
    """Bytes, for people."""
    return format_quantity(count, "B")


def percent(share: float) -> str:
    """A share of one, for people; what is little is not called nothing."""
    if 0 < share < 0.0001:
        return "under 0.01%"
    return f"{share * 100:.3g}%" if share >= 0.01 else f"{share * 100:.2g}%"


def several(count: int, what: str) -> str:
    """A number and its noun."""
    return f"{count:,} {what}{'s' * (count != 1)}"
