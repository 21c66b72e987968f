"""Records read back from JSON, field by field as their types say; the standard library only."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

#: A number that may be negative: a temperature.
Signed = NewType("Signed", float)


#: How a value of a type of its own is read: from data, and the path of its key.
Own = Mapping[Any, Callable[[Any, str], Any]]


@dataclass(frozen=True, slots=True)
class _Rules:
    own: Own
    may_be_negative: bool


def decode(
    kind: type[Record], data: Any, path: str, *, own: Own | None = None, may_be_negative: bool = False
) -> Record:
    """The record of type `kind` that `data` holds.

    Args:
        kind: of the record.
        data: as JSON has it.
        path: of its key.
        own: how values of some types are read.
        may_be_negative: whether any number may be negative, or infinite as text; else only those that are `Signed`.

    Raises:
        ValueError: a key is missing or unknown, or a value is not of its type. The message names the key by its path.
    """
    value: Record = _decode(kind, data, path, _Rules(own or {}, may_be_negative))
    return value


def require_keys(data: Any, path: str, needed: set[str], allowed: set[str] | None = None) -> None:
    """Refuse what is no object, lacks a key or has one that nobody knows."""
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected an object, found {_named(data)}")
    prefix = f"{path}." if path else ""
    for key in sorted(needed - data.keys()):
        raise ValueError(f"{prefix}{key}: missing key")
    for key in sorted(data.keys() - (allowed or needed)):
        raise ValueError(f"{prefix}{key}: unknown key")


def _decode(kind: Any, data: Any, path: str, rules: _Rules) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in rules.own:
        return rules.own[kind](data, path)
    if is_dataclass(kind):
        # What has a form of its own in the file was read before.
        return data if type(data) is kind else _decode_record(kind, data, path, rules)
    if origin in (Union, types.UnionType):
        return _decode_union(arguments, data, path, rules)
    if origin is Literal:
        if data not in arguments:
            raise ValueError(f"{path}: {data!r:.80} is not one of {', '.join(map(repr, arguments))}")
        return data
    if origin in (tuple, frozenset):
        if not isinstance(data, list):
            raise ValueError(f"{path}: expected a list, found {_named(data)}")
        return origin(_decode(arguments[0], item, f"{path}.{index}", rules) for index, item in enumerate(data))
    if origin is Mapping:
        if not isinstance(data, dict):
            raise ValueError(f"{path}: expected an object, found {_named(data)}")
        return {key: _decode(arguments[1], value, f"{path}.{key}", rules) for key, value in data.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _decode_enum(kind, data, path)
    return data if kind is Any else _decode_scalar(kind, data, path, rules)


def _decode_record(kind: Any, data: Any, path: str, rules: _Rules) -> Any:
    known = {field.name for field in fields(kind)}
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    require_keys(data, path, needed, known)
    hints = _hints(kind)
    return kind(**{key: _decode(hints[key], value, f"{path}.{key}", rules) for key, value in data.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode_union(arguments: tuple[Any, ...], data: Any, path: str, rules: _Rules) -> Any:
    """Only "something or None" occurs in the records."""
    if data is None:
        return None
    (kind,) = (argument for argument in arguments if argument is not types.NoneType)
    return _decode(kind, data, path, rules)


def _decode_enum(kind: type[Enum], data: Any, path: str) -> Enum:
    try:
        return kind(data)
    except ValueError as error:
        raise ValueError(f"{path}: {data!r:.80} is not one of {', '.join(repr(one.value) for one in kind)}") from error


def _decode_scalar(kind: Any, data: Any, path: str, rules: _Rules) -> Any:
    if rules.may_be_negative and kind is float and data in _NOT_FINITE:
        return float(data)
    accepted = (int, float) if kind in (float, Signed) else (kind,)
    if not isinstance(data, accepted) or (isinstance(data, bool) and kind is not bool):
        raise ValueError(f"{path}: expected {_NAMES[kind]}, found {_named(data)}")
    if isinstance(data, int | float) and data < 0 and kind is not Signed and not rules.may_be_negative:
        raise ValueError(f"{path}: {data!r} is negative")
    try:
        return float(data) if kind in (float, Signed) else data
    except OverflowError as error:
        raise ValueError(f"{path}: is more than a number can be") from error


_NOT_FINITE = ("inf", "-inf", "nan")
_NAMES = {int: "a whole number", float: "a number", Signed: "a number", str: "text", bool: "true or false"}


def _named(data: Any) -> str:
    if data is None:
        return "null"
    if isinstance(data, dict | list):
        return "an object" if isinstance(data, dict) else "a list"
    return f"{data!r:.40}"
