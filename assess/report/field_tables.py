"""The keys of an authored file as a Markdown table, from the schema that editors read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_NUMBER: Final = frozenset({"value", "source", "grade"})
_TYPES: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "table",
}


def field_table(schema: Mapping[str, Any]) -> str:
    """A row for each key: its path, what is written there, whether it must be there, and where to find it.

    Args:
        schema: of a kind of file, without references.
    """
    lines = ["| key | written as | needed | what it is, and where to find it |", "|---|---|---|---|"]
    for path, field, needed in _fields(schema, ""):
        said = str(field.get("description", "")).replace("|", "\\|")
        lines.append(f"| `{path}` | {_written(field)} | {'yes' if needed else ''} | {said} |")
    return "\n".join(lines) + "\n"


def _fields(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every key below a table; a number with its source is one."""
    required = schema.get("required", ())
    for key, field in schema.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        yield here, field, key in required
        entries, named = field.get("items"), field.get("additionalProperties")
        if _is_table(entries):
            yield from _fields(entries, f"{here}[]")
        elif _is_table(named):
            yield from _fields(named, f"{here}.NAME")
        elif _is_table(field) and not _is_sourced(field):
            yield from _fields(field, here)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and "properties" in value


def _is_sourced(field: Mapping[str, Any]) -> bool:
    return set(field.get("properties", ())) >= _NUMBER


def _written(field: Mapping[str, Any]) -> str:
    if _is_sourced(field):
        example = field["properties"]["value"]["examples"][0]
        shown = f'"{example}"' if isinstance(example, str) else example
        return f"number with source: `{shown}`"
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if examples := field.get("examples"):
        return f'`"{examples[0]}"`'
    if field.get("type") == "array":
        inner = field["items"]
        return "list of tables" if _is_table(inner) else f"list of {_written(inner)}"
    return _TYPES[field["type"]]
