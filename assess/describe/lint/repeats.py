"""Check: lists that say a thing twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from assess.describe.lint.check import Seen, check
from assess.describe.mapping import tables
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint

#: Lists of tables, and the keys by which two entries are the same.
_SAME_BY: Final[Mapping[str, tuple[str, ...]]] = {"runtime": ("id", "engine"), "standard": ("id", "level")}


@check("said-twice", "devices", "workloads", "partners", "runtimes", "standards")
def said_twice(seen: Seen) -> Iterator[Complaint]:
    """An entry of a list that is there already: left over, or another was meant."""
    yield from _texts(seen.mapping, ())
    for key, names in _SAME_BY.items():
        above = set[str]()
        for index, entry in tables(seen.mapping, key):
            said = [entry.get(name) for name in names]
            if repr(said) in above:
                yield Complaint((key, index, names[0]), f"{said[0]!r} is there already, with the same {names[1]!r}")
            above.add(repr(said))  # Anything may stand there, also what cannot be looked up itself.


def _texts(value: Any, path: KeyPath) -> Iterator[Complaint]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        above = set[str]()
        for index, inner in enumerate(value):
            if not isinstance(inner, str):
                yield from _texts(inner, (*path, index))
            elif inner in above:
                yield Complaint((*path, index), f"{inner!r} is there already")
            else:
                above.add(inner)
