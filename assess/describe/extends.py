"""A variant of a profile: what it says itself, over what it takes from its base."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from assess.describe.authored import Resolved
from assess.describe.device import Device
from assess.describe.mapping import is_sourced
from assess.describe.one_mode import paths_of_one_mode
from assess.describe.positions import Path as KeyPath
from assess.describe.positions import moved_back

#: Lists of tables whose entries have a name of their own: an entry of a variant meets the base's of the same name.
NAMED_BY: Final = {"engine": "name", "peak": "precision", "runtime": "id", "standard": "id"}

#: What holds in one power mode only, by the path of its key; "*" stands for every entry of a list.
_OF_ONE_MODE: Final = tuple(paths_of_one_mode(Device))


def merged(variant: Mapping[str, Any], base: Mapping[str, Any]) -> Resolved:
    """The variant over its base: tables key by key, lists of named tables entry by entry, all else as the variant says.

    Of a base in another power mode nothing is taken that holds in that mode only.
    """
    taken = dict(base)
    if is_of_another_mode(variant, base):
        for path in _OF_ONE_MODE:
            taken = _without(taken, path)
    moved: dict[KeyPath, KeyPath | None] = {}
    mapping = _over({key: value for key, value in variant.items() if key != "extends"}, taken, (), (), moved)
    return Resolved(mapping, lambda keys: moved_back(keys, moved, ("extends",)))


def is_of_another_mode(variant: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether the variant's numbers hold in another power mode than the base's."""
    mode = base.get("power_mode", "")
    return bool(variant.get("power_mode", mode) != mode)


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
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            found[key] = _one(value, old, below, at, moved)
        elif key in NAMED_BY and _is_tables(value) and _is_tables(old):
            found[key] = _entries(value, old, NAMED_BY[key], below, at, moved)
        else:
            found[key] = value
    return found


def _one(
    variant: Mapping[str, Any],
    base: Mapping[str, Any],
    path: KeyPath,
    place: KeyPath | None,
    moved: dict[KeyPath, KeyPath | None],
) -> Mapping[str, Any]:
    """A table over a table; one with a source is taken whole, or what it says would have the other's source."""
    is_whole = is_sourced(variant) or is_sourced(base)
    return variant if is_whole else _over(variant, base, path, place, moved)


def _entries(
    variant: list[Mapping[str, Any]],
    base: list[Mapping[str, Any]],
    name: str,
    path: KeyPath,
    place: KeyPath | None,
    moved: dict[KeyPath, KeyPath | None],
) -> list[Any]:
    """The base's entries in their order, each under the variant's of the same name, then what only the variant has."""
    # By their text, since anything may stand there; of two entries of one name the first.
    own = [repr(entry.get(name)) for entry in variant]
    first = {said: index for index, said in reversed(list(enumerate(own)))}
    known = {repr(entry.get(name)) for entry in base}
    found: list[Any] = []
    for entry in base:
        here = (*path, len(found))
        index = first.get(repr(entry.get(name)))
        moved[here] = None if index is None or place is None else (*place, index)
        found.append(entry if index is None else _one(variant[index], entry, here, moved[here], moved))
    for index, entry in enumerate(variant):
        # A name that the variant has twice stays twice: that is its author's mistake, and is told.
        if own[index] not in known or first[own[index]] != index:
            moved[*path, len(found)] = None if place is None else (*place, index)
            found.append(entry)
    return found


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


def _is_tables(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)
