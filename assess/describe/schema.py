"""The JSON Schemas of authored files, for the editor extensions that complete and explain their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from assess.describe.card import Card
from assess.describe.complaints import resolved_keys
from assess.describe.device import Device
from assess.describe.partner import Partner
from assess.describe.runtime import Runtime
from assess.describe.standard import Standard
from assess.describe.workload import Workload

#: What a file of each kind is called, and its record.
AUTHORED: Final[Mapping[str, type[BaseModel]]] = {
    "device": Device,
    "workload": Workload,
    "partner": Partner,
    "runtime": Runtime,
    "standard": Standard,
    "card": Card,
}

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(name: str) -> dict[str, Any]:
    """The schema of a kind of file, by its name in `AUTHORED`: JSON Schema, draft 2020-12.

    What stands between keys - sources, peaks and their parts - is beyond it: loading the file checks that.
    """
    record = AUTHORED[name]
    schema = record.model_json_schema()
    hidden = ["id", *resolved_keys(record)]
    schema["properties"] = {key: value for key, value in schema["properties"].items() if key not in hidden}
    if record is Device:
        _allow_variants(schema)
    if record is Workload:
        schema["$defs"]["Scenario"]["required"] = []  # Its kind is told by its other keys.
    used = set(_used(schema, schema["properties"]))
    schema["$defs"] = {key: value for key, value in sorted(schema.get("$defs", {}).items()) if key in used}
    return {"$schema": _DRAFT, "title": f"assess {name}", **_plain({**schema, "title": ""})}


def _allow_variants(schema: dict[str, Any]) -> None:
    """A variant says only what differs: of itself, of its memories, of its engines and their peaks."""
    whole = schema.pop("required")
    schema["anyOf"] = [{"required": ["extends"]}, {"required": whole}]
    schema["$defs"]["Memory"]["required"] = []
    schema["$defs"]["Engine"]["required"] = ["name"]
    schema["$defs"]["DeviceRuntime"]["required"] = ["id"]
    schema["$defs"]["Qualification"]["required"] = ["id"]
    schema["$defs"]["Thermal"]["required"] = []


def _used(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Names of the definitions that a part of the schema refers to, through others too."""
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            name = reference.rpartition("/")[2]
            yield name
            yield from _used(schema, schema["$defs"][name])
        for inner in value.values():
            yield from _used(schema, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _used(schema, inner)


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
        if not names and key == "default" and inner in (None, "", [], {}):
            continue
        kept[key] = _plain(inner, names=not names and key in ("properties", "$defs"))
    options = kept.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        others = [option for option in options if option != {"type": "null"}]
        del kept["anyOf"]
        kept = {**others[0], **kept} if len(others) == 1 else {**kept, "anyOf": others}
    return kept
