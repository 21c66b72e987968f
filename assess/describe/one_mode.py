"""What holds in one power mode only: the fields of a device's records say it themselves."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from assess.describe.complaints import below
from assess.describe.positions import Path as KeyPath


class _OfOneMode:
    """Marks a field, as part of its annotation."""


OF_ONE_MODE: Final = _OfOneMode()


def paths_of_one_mode(schema: type[BaseModel]) -> Iterator[KeyPath]:
    """The path of every field that is marked, below a schema; "*" stands for every entry of a list."""
    for name, field in schema.model_fields.items():
        inner: Any = below(schema, name)
        is_list = typing.get_origin(inner) is tuple
        entry = below(inner, 0) if is_list else inner
        if OF_ONE_MODE in field.metadata:
            yield (name,)
        elif isinstance(entry, type) and issubclass(entry, BaseModel) and not field.exclude:
            start: KeyPath = (name, "*") if is_list else (name,)
            yield from ((*start, *path) for path in paths_of_one_mode(entry))
