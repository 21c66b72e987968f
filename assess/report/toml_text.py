"""TOML as an author writes it: text, lists, and whole mappings with each number and its source on one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from typing import Any


def text(value: str) -> str:
    """A TOML string. What could steer a terminal or hides in a line is escaped: it is the same text when it is read."""
    # JSON's escapes are TOML's; it leaves alone what controls the direction of writing, has no width, and DEL.
    return "".join(char if char.isprintable() else _escaped(char) for char in dumps(value, ensure_ascii=False))


def texts(values: Sequence[str]) -> str:
    """A TOML list of strings."""
    return f"[{', '.join(map(text, values))}]"


def toml_text(mapping: Mapping[str, Any]) -> str:
    """The text; `tomllib` reads the same mapping from it."""
    return "\n".join(_table(mapping, ())).strip("\n") + "\n"


def value_text(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        return f"{{ {', '.join(f'{_key(key)} = {value_text(inner)}' for key, inner in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    return str(value)


def is_one_line(table: Mapping[str, Any]) -> bool:
    """Whether authors write it on one line, as one value: a number with its source, and a source."""
    return "value" in table or "where" in table


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    below = {key: value for key, value in table.items() if _stands_apart(value, is_top=not path)}
    yield from (f"{_key(key)} = {value_text(value)}" for key, value in table.items() if key not in below)
    for key, value in below.items():
        here = (*path, _key(key))
        for entry in value if isinstance(value, list) else [value]:
            name = ".".join(here)
            yield ""
            yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            yield from _table(entry, here)


def _stands_apart(value: Any, *, is_top: bool) -> bool:
    """Whether it gets a header of its own: lists of tables do, and tables, but for small ones within others."""
    if isinstance(value, Mapping):
        holds_tables = any(isinstance(inner, Mapping) or _is_list_of_tables(inner) for inner in value.values())
        return holds_tables or (is_top and not is_one_line(value))
    return _is_list_of_tables(value)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else text(key)


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
