"""What is in a mapping as it was read, where anything may be malformed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assess.describe.positions import Path as KeyPath


def listed(mapping: Mapping[str, Any], key: str) -> list[Any]:
    """The entries of a list; none where it is no list."""
    found = mapping.get(key)
    return found if isinstance(found, list) else []


def table(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A table; an empty one where it is none."""
    found = mapping.get(key)
    return found if isinstance(found, Mapping) else {}


def tables(mapping: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The tables of a list of tables, each with its index."""
    return [(index, entry) for index, entry in enumerate(listed(mapping, key)) if isinstance(entry, Mapping)]


def every_table(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Every table in a value, itself first, each with the path of its key."""
    if isinstance(value, Mapping):
        yield path, value
        for key, inner in value.items():
            yield from every_table(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from every_table(inner, (*path, index))


def every_text(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text in a value, with the path of its key."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping | list):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from every_text(inner, (*path, key))


def is_sourced(table: Mapping[str, Any]) -> bool:
    """Whether it says something together with its source: a number does, and so does a claim of a standard."""
    # Where one of these is a table, it is a source that its author calls so.
    return any(key in table and not isinstance(table[key], Mapping) for key in ("value", "grade"))


def sourced(value: Any) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Every table in a value that says something and names its source, each with the path of its key."""
    for path, found in every_table(value):
        if is_sourced(found) and isinstance(found.get("source"), str):
            yield path, found


def found_at(value: Any, path: KeyPath) -> Any:
    """What stands at a path; None if nothing does."""
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value
