"""A variant of a profile: what it says itself, over what it takes from its base."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from assess.describe.positions import Path as KeyPath

#: Lists of tables whose entries have a name of their own: an entry of a variant meets the base's of the same name.
NAMED_BY: Final = {"engine": "name", "peak": "precision", "runtime": "id", "standard": "id"}

#: What holds in one power mode only, by the path of its key; "*" stands for every entry of a list.
_OF_ONE_MODE: Final[tuple[KeyPath, ...]] = (
    ("power",),
    ("identity", "power_mode"),
    ("memory", "rate"),
    ("memory", "bandwidth"),
    ("memory", "measured_bandwidth"),
    ("engine", "*", "clock"),
    ("engine", "*", "peak"),
    ("runtime", "*", "dispatch"),
)


@dataclass(frozen=True, slots=True)
class Merged:
    """A variant and its base in one.

    Attributes:
        mapping: as a file that says everything itself would be read.
        place: where the variant says it: the path of a key in the merged mapping to its path in the variant, cut short
            where the base said it.
    """

    mapping: dict[str, Any]
    place: Callable[[KeyPath], KeyPath]


def merged(variant: Mapping[str, Any], base: Mapping[str, Any]) -> Merged:
    """The variant over its base: tables key by key, lists of named tables entry by entry, all else as the variant says.

    Of a base in another power mode nothing is taken that holds in that mode only.
    """
    taken = {key: value for key, value in base.items() if key != "extends"}
    if variant.get("power_mode", base.get("power_mode", "")) != base.get("power_mode", ""):
        for path in _OF_ONE_MODE:
            taken = _without(taken, path)
    moved: dict[KeyPath, KeyPath | None] = {}
    mapping = _over(variant, taken, (), (), moved)
    return Merged(mapping, lambda keys: _place(keys, moved))


def _over(
    variant: Mapping[str, Any],
    base: Mapping[str, Any],
    path: KeyPath,
    place: KeyPath | None,
    moved: dict[KeyPath, KeyPath | None],
) -> dict[str, Any]:
    found = dict(base)
    for key, value in variant.items():
        below, at = (*path, key), None if place is None else (*place, key)
        old = base.get(key)
        is_number = _is_number(value) or _is_number(old)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and not is_number:
            found[key] = _over(value, old, below, at, moved)
        elif key in NAMED_BY and _is_tables(value) and _is_tables(old):
            found[key] = _entries(value, old, NAMED_BY[key], below, at, moved)
        else:
            found[key] = value
    return found


def _entries(
    variant: list[Mapping[str, Any]],
    base: list[Mapping[str, Any]],
    name: str,
    path: KeyPath,
    place: KeyPath | None,
    moved: dict[KeyPath, KeyPath | None],
) -> list[Any]:
    """The base's entries in their order, each under the variant's of the same name, then what only the variant has."""
    own = [entry.get(name) for entry in variant]
    found: list[Any] = []
    for entry in base:
        here = (*path, len(found))
        index = own.index(entry.get(name)) if entry.get(name) in own else None
        moved[here] = None if index is None or place is None else (*place, index)
        found.append(entry if index is None else _over(variant[index], entry, here, moved[here], moved))
    known = [entry.get(name) for entry in base]
    for index, entry in enumerate(variant):
        # A name that the variant has twice stays twice: that is its author's mistake, and is told.
        if own[index] not in known or own.index(own[index]) != index:
            moved[*path, len(found)] = None if place is None else (*place, index)
            found.append(entry)
    return found


def _place(keys: KeyPath, moved: Mapping[KeyPath, KeyPath | None]) -> KeyPath:
    for depth in range(len(keys), 0, -1):
        if keys[:depth] in moved:
            place = moved[keys[:depth]]
            return ("extends",) if place is None else (*place, *keys[depth:])
    return keys


def _without(mapping: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
    first, rest = path[0], path[1:]
    if not rest:
        return {key: value for key, value in mapping.items() if key != first}
    found = dict(mapping)
    inner = mapping.get(str(first))
    if rest[0] == "*" and _is_tables(inner):
        found[str(first)] = [_without(entry, rest[1:]) for entry in inner]
    elif isinstance(inner, Mapping):
        found[str(first)] = _without(inner, rest)
    return found


def _is_number(value: Any) -> bool:
    """Whether it is a number with its source: taken whole, or its source would be another's."""
    return isinstance(value, Mapping) and "value" in value


def _is_tables(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)
