"""A mapping with misspelt keys, as its author meant it: so that one slip is told once, and hides nothing behind it."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pydantic import BaseModel

from assess.describe.complaints import below, known_keys, unknown_key
from assess.describe.positions import Path as KeyPath
from assess.describe.positions import moved_back
from assess.describe.problems import Complaint
from assess.describe.suggestions import nearest


@dataclass(frozen=True, slots=True)
class Meant:
    """What was meant.

    Attributes:
        mapping: with every key as it was probably meant, and without those that mean nothing.
        complaints: each key that is unknown, where it is written.
        place: where it is written: the path of a key in the mapping to its path in the file.
    """

    mapping: dict[str, Any]
    complaints: list[Complaint]
    place: Callable[[KeyPath], KeyPath]


#: Unknown keys of a file that are compared with the known ones; who writes more of them means none of ours.
_MOST: Final = 100


@dataclass(slots=True)
class _Reader:
    root: Mapping[str, Any]
    schema: type[BaseModel]
    complaints: list[Complaint] = field(default_factory=list)
    written: dict[KeyPath, KeyPath | None] = field(default_factory=dict)
    misplaced: dict[str, Any] = field(default_factory=dict)

    def table(self, table: Mapping[str, Any], schema: Any, path: KeyPath, here: KeyPath) -> dict[str, Any]:
        """The table as it was meant; it is written at `path` and meant to be at `here`."""
        known = known_keys(schema)
        found: dict[str, Any] = {}
        for key, value in table.items():
            name = key
            if key not in known and not (key == "id" and not path):
                if path and self.is_of_root(key) and key not in self.root and key not in self.misplaced:
                    text = f"unknown key here; {key!r} is a key of the file itself: above its first [table]"
                    self.complaints.append(Complaint((*path, key), text, is_of_key=True))
                    self.misplaced[key] = value
                    self.written[(key,)] = (*path, key)
                    continue
                self.complaints.append(unknown_key((*path, key), partial(known_keys, schema)))
                near = nearest(key, known) if len(self.complaints) <= _MOST else None
                if near is None or near in table or near in found:
                    continue
                name = near
                self.written[*here, near] = (*path, key)
            found[name] = self.value(value, below(schema, name), (*path, key), (*here, name))
        return found

    def is_of_root(self, key: str) -> bool:
        return key in self.schema.model_fields and key in known_keys(self.schema)

    def value(self, value: Any, schema: Any, path: KeyPath, here: KeyPath) -> Any:
        if isinstance(value, list) and typing.get_origin(schema) is tuple:
            inner = below(schema, 0)
            return [self.value(one, inner, (*path, index), (*here, index)) for index, one in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            return self.table(value, schema, path, here)
        if typing.get_origin(schema) is dict:
            return {key: self.value(one, below(schema, key), (*path, key), (*here, key)) for key, one in value.items()}
        return value


def as_meant(mapping: Mapping[str, Any], schema: type[BaseModel]) -> Meant:
    """The mapping with its misspelt keys as they were probably meant."""
    reader = _Reader(mapping, schema)
    found = reader.table(mapping, schema, (), ())
    return Meant({**found, **reader.misplaced}, reader.complaints, lambda keys: moved_back(keys, reader.written))
