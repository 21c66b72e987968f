"""The JSON Schemas of authored files, for the editor extensions that complete and explain their keys."""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps
from typing import Any, Final

from pydantic import BaseModel

from assess.describe.card import Card
from assess.describe.complaints import resolved_keys
from assess.describe.device import Device
from assess.describe.kinds import BESIDE_PROFILES, KINDS
from assess.describe.workload import Workload

#: What a file of each kind is called, and its record.
AUTHORED: Final[Mapping[str, type[BaseModel]]] = {
    **{kind.name: kind.record for kind in (*KINDS, *BESIDE_PROFILES)},
    "card": Card,
}

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(name: str, *, variants: bool = True) -> dict[str, Any]:
    """The schema of a kind of file: JSON Schema, draft 2020-12.

    What stands between keys - sources, peaks and their parts - is beyond it: loading the file checks that.

    Args:
        name: of the kind, as `AUTHORED` has it.
        variants: whether a device may leave out what it takes from the one that it extends.
    """
    record = AUTHORED[name]
    schema = record.model_json_schema()
    hidden = ["id", *resolved_keys(record)]
    schema["properties"] = {key: value for key, value in schema["properties"].items() if key not in hidden}
    if record is Device and variants:
        _allow_variants(schema)
    if record is Workload:
        schema["$defs"]["Scenario"]["required"] = []  # Its kind is told by its other keys.
    definitions = schema.pop("$defs", {})
    del schema["title"]
    return {"$schema": _DRAFT, "title": f"assess {name}", **_plain(_inlined(schema, definitions))}


def schema_text(name: str) -> str:
    """The schema as a file."""
    return dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"


def _allow_variants(schema: dict[str, Any]) -> None:
    """A variant says only what differs: of itself, of its memories, of its engines and their peaks."""
    whole = schema.pop("required")
    schema["anyOf"] = [{"required": ["extends"]}, {"required": whole}]
    named = {"Engine": ["name"], "DeviceRuntime": ["id"]}
    for part in ("Memory", "OnChipMemory", "Thermal", *named):
        schema["$defs"][part]["required"] = named.get(part, [])


def _inlined(value: Any, definitions: Mapping[str, Any]) -> Any:
    """With each reference replaced by what it refers to: some editors drop the description that stands beside one."""
    if isinstance(value, list):
        return [_inlined(inner, definitions) for inner in value]
    if not isinstance(value, Mapping):
        return value
    beside = {key: _inlined(inner, definitions) for key, inner in value.items() if key != "$ref"}
    if not isinstance(value.get("$ref"), str):
        return beside
    return {**_inlined(definitions[value["$ref"].rpartition("/")[2]], definitions), **beside}


def _is_parsed(field: Mapping[str, Any]) -> bool:
    """Whether an author writes text where the record has a number: its default is none that could be written."""
    return field.get("type") == "string" and not isinstance(field.get("default"), str)


def _plain(value: Any, *, names: bool = False) -> Any:
    """Without the titles that repeat a key's name, and without `null`, which TOML does not have.

    Args:
        value: a part of a schema.
        names: whether its keys are names that an author writes, and not words of JSON Schema.
    """
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, inner in value.items():
        if not names and key == "title":
            continue
        if not names and key == "default" and (inner in (None, "", [], {}) or _is_parsed(value)):
            continue
        kept[key] = _plain(inner, names=not names and key == "properties")
    options = kept.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        others = [option for option in options if option != {"type": "null"}]
        del kept["anyOf"]
        kept = {**others[0], **kept} if len(others) == 1 else {**kept, "anyOf": others}
    return kept
