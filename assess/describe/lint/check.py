"""What a check that only warns is: a function from a file to complaints, whose docstring says what it looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assess.describe.kinds import Folder as Kind
from assess.describe.library import Library
from assess.describe.problems import Complaint


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check looks at.

    Attributes:
        file: a profile.
        mapping: what it says, with what it takes from its base; anything in it may be malformed.
        library: where other files are.
    """

    file: Path
    mapping: Mapping[str, Any]
    library: Library


Look = Callable[[Seen], Iterator[Complaint]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check of files that are valid, but look wrong.

    Attributes:
        rule: its name, as warnings spell it.
        kinds: of files that it looks at.
        summary: first line of the docstring.
        look: finds what looks wrong.
    """

    rule: str
    kinds: tuple[Kind, ...]
    summary: str
    look: Look


def check(rule: str, *kinds: Kind) -> Callable[[Look], Check]:
    """Make a check of a function."""

    def make(function: Look) -> Check:
        def look(seen: Seen) -> Iterator[Complaint]:
            return (replace(found, rule=rule) for found in function(seen))

        return Check(rule, kinds, (function.__doc__ or "").partition("\n")[0], look)

    return make


def tables(mapping: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The tables of a list of tables, each with its index."""
    found = mapping.get(key)
    entries = found if isinstance(found, list) else []
    return [(index, entry) for index, entry in enumerate(entries) if isinstance(entry, Mapping)]
