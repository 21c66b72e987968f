"""An authored mapping as TOML, in the form that the shipped files have: a number with its source on one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assess.report.new.lines import text


def toml_text(mapping: Mapping[str, Any]) -> str:
    """The text; `tomllib` reads the same mapping from it."""
    return "\n".join(_table(mapping, ())).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    below = {key: value for key, value in table.items() if _stands_apart(value)}
    yield from (f"{_key(key)} = {value_text(value)}" for key, value in table.items() if key not in below)
    for key, value in below.items():
        here = (*path, _key(key))
        for entry in value if isinstance(value, list) else [value]:
            name = ".".join(here)
            yield ""
            yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            yield from _table(entry, here)


def _stands_apart(value: Any) -> bool:
    """Whether it gets a header of its own: tables do, but not numbers with their source."""
    if isinstance(value, Mapping):
        return not ({"value", "where"} & set(value))
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


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


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else text(key)
