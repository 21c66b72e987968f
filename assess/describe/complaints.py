"""What pydantic finds wrong with a mapping, said in the words of the file's author."""

from __future__ import annotations

import re
import types
import typing
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint
from assess.describe.suggestions import did_you_mean

_LONGEST: Final = 60  # Characters of a value that are repeated in a message.

_MOST_BITS: Final = 1024  # Of a whole number that is repeated.

_EXPECTED: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}

_BOUNDS: Final = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def complaints(error: ValidationError, schema: type[BaseModel]) -> Iterator[Complaint]:
    """Everything that an error says, without what only follows from another part of it."""
    for one in error.errors(include_url=False):
        if one["type"] == "too_short" and one["input"]:
            continue  # It is not empty: what is in it has problems of its own.
        yield _complaint(typing.cast("Mapping[str, Any]", one), schema)


def _complaint(error: Mapping[str, Any], schema: type[BaseModel]) -> Complaint:
    keys: KeyPath = error["loc"]
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return Complaint(keys[:-1], f"missing key {keys[-1]!r}", is_of_key=True)
    if kind == "wrong_key":
        return Complaint((*keys, context["key"]) if context["key"] else keys, context["text"])
    if kind == "extra_forbidden":
        return unknown_key(keys, partial(_keys_at, schema, keys[:-1]))
    return Complaint(keys, partial(_about_value, str(keys[-1]), kind, given, context, error["msg"]))


def _about_value(name: str, kind: str, given: Any, context: Mapping[str, Any], message: str) -> str:
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        if not isinstance(given, str):
            return f"expected one of {', '.join(map(repr, allowed))}, found {_shown(given)}"
        return f"{_shown(given)} is not known; {did_you_mean(given, allowed)}"
    if kind == "no_licence":
        return f"{_shown(given)} {context['why']()}"
    if kind == "value_error":
        text = str(context["error"])
        return text.replace(repr(given), _shown(given)) if isinstance(given, str) else text
    if kind == "tuple_type" and isinstance(given, dict):
        return f"expected a list, found a table; each entry begins with [[{name}]]"
    if (
        kind == "model_type"
        and str(context.get("class_name", "")).startswith("Sourced")
        and isinstance(given, str | int)
    ):
        example = f'{{ value = {_toml(given)}, source = "KEY", grade = "A" }}'
        return f"expected a table, found {_shown(given)}; a number is written {example}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {_shown(given)}"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{_shown(given)} must be {words} {context[bound]:g}"
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    if kind == "finite_number":
        return f"{_shown(given)} must be a finite number"
    return f"{_shown(given)} is not accepted: {message[:1].lower()}{message[1:]}"


def unknown_key(keys: KeyPath, known: Callable[[], Sequence[str]]) -> Complaint:
    """That a key is none of those that may stand beside it."""
    return Complaint(keys, lambda: _about_key(str(keys[-1]), known()), is_of_key=True)


def _about_key(key: str, known: Sequence[str]) -> str:
    strange = next((unicodedata.name(char, "a character without a name") for char in key if not char.isascii()), "")
    said = f"unknown key, with {strange} in it" if strange else "unknown key"
    return f"{said}; {did_you_mean(key, known)}"


def resolved_keys(schema: type[BaseModel]) -> list[str]:
    """Fields that are filled in after reading; no file may have them."""
    return [name for name, field in schema.model_fields.items() if field.exclude]


def _shown(value: Any) -> str:
    """A value as its author wrote it, or what it is."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return f"the date or time {value}"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "a number of too many digits"  # Python refuses to write it, where it was read in hexadecimal.
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]}...'"


def known_keys(schema: Any) -> list[str]:
    """The keys that may stand in a table of a schema."""
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        # A record's own id is the file's name; the ids that it names others by must be given.
        return [
            name
            for name, field in schema.model_fields.items()
            if not field.exclude and (name != "id" or field.is_required())
        ]
    return []


def below(schema: Any, key: str | int) -> Any:
    """The schema of what a key holds in a table or list of a schema; of what is no table or list, itself."""
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return _bare(schema.model_fields[str(key)].annotation)
    if typing.get_origin(schema) in (tuple, dict):
        return _bare(typing.get_args(schema)[0 if typing.get_origin(schema) is tuple else 1])
    return schema


def _toml(value: str | int) -> str:
    return f'"{value[:_LONGEST]}"' if isinstance(value, str) else _shown(value)


def _keys_at(schema: type[BaseModel], keys: KeyPath) -> list[str]:
    """The keys that may stand in the table at a path."""
    here: Any = schema
    for key in keys:
        here = below(here, key)
    return known_keys(here)


def _bare(annotation: Any) -> Any:
    """An annotation without `| None`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(part for part in typing.get_args(annotation) if part is not type(None))
    return annotation
