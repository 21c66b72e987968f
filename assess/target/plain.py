"""Records as what JSON knows, and back, whatever they hold: what one end of a link tells the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from assess.describe import model_json
from assess.describe.model import Model
from assess.measure.plain import decode

Record = TypeVar("Record")


def plain(value: Any) -> Any:
    """A record, or what is in one, as objects, lists, text and numbers; numbers that are not finite as text."""
    if isinstance(value, Model):
        return model_json.to_json(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Set):
        return sorted(plain(each) for each in value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def record(kind: type[Record], data: Any, path: str) -> Record:
    """The record of a type that `data` holds.

    Raises:
        ValueError: a key is missing or unknown, or a value is not of its type; the message names the key by its path.
    """
    return decode(kind, data, path, own={Model: _model, Path: _path}, may_be_negative=True)


def _model(data: Any, path: str) -> Model:
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected an object")
    return model_json.from_json(data)


def _path(data: Any, path: str) -> Path:
    if not isinstance(data, str) or "\0" in data:
        raise ValueError(f"{path}: expected a path")
    return Path(data)
