"""Schemas of authored files, by an independent validator; `GOLDEN=write pytest` writes the shipped ones anew."""

from __future__ import annotations

import copy
import json
import os
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from assess.describe.schema import AUTHORED, json_schema, schema_text

ROOT = Path(__file__).parents[2]
SHIPPED = {
    **{kind: sorted((ROOT / "profiles" / f"{kind}s").glob("*.toml")) for kind in AUTHORED if kind != "card"},
    "suite": sorted((ROOT / "benchmarks" / "suites").glob("*.toml")),
    "inventory": [],  # Everybody has boards of their own.
    "card": sorted((ROOT / "models").glob("*/card.toml")),
}
FILES = [(kind, file) for kind, files in SHIPPED.items() for file in files]
VALIDATORS = {kind: Draft202012Validator(json_schema(kind)) for kind in AUTHORED}


def read(file):
    return tomllib.loads(file.read_text())


@pytest.mark.parametrize("kind", AUTHORED)
def test_the_schema_that_ships_is_the_one_of_the_code(kind):
    file = ROOT / "profiles" / "schemas" / f"{kind}.json"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(schema_text(kind))
    assert file.read_text() == schema_text(kind)


def test_there_is_no_other_schema():
    assert sorted(file.stem for file in (ROOT / "profiles" / "schemas").iterdir()) == sorted(AUTHORED)


@pytest.mark.parametrize("kind", AUTHORED)
def test_each_schema_is_one_and_refers_to_nothing(kind):
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize(
    ("kind", "file"), FILES, ids=[f"{kind}-{file.parent.name}-{file.stem}" for kind, file in FILES]
)
def test_every_shipped_file_keeps_its_schema(kind, file):
    assert [f"{error.json_path}: {error.message}" for error in VALIDATORS[kind].iter_errors(read(file))] == []


@pytest.mark.parametrize(
    ("kind", "file"), FILES, ids=[f"{kind}-{file.parent.name}-{file.stem}" for kind, file in FILES]
)
def test_every_shipped_file_names_its_schema_in_its_first_line(kind, file):
    first = file.read_text().partition("\n")[0]
    assert first.startswith("#:schema ")
    named = (file.parent / first.removeprefix("#:schema ")).resolve()
    assert named == ROOT / "profiles" / "schemas" / f"{kind}.json"


def described(path, schema):
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}", value.get("description", "")
        inner = [value, value.get("items", {}), value.get("additionalProperties", {})]
        for one in inner:
            yield from described(f"{path}.{key}", one if isinstance(one, dict) else {})


@pytest.mark.parametrize("kind", AUTHORED)
def test_every_key_is_explained_in_a_sentence(kind):
    found = list(described(kind, json_schema(kind)))
    assert len(found) > 5
    assert [path for path, said in found if not said.endswith(".")] == []


ROVER = {
    "name": "Rover",
    "vendor": "ACME",
    "sectors": ["robotics"],
    "availability": "shipping",
    "sources": {"DS": {"where": "data sheet"}},
    "memory": {"kind": "dram", "capacity": {"value": "8 GiB", "source": "DS", "grade": "A"}},
    "engine": [
        {
            "name": "gpu",
            "kind": "gpu",
            "units": {"value": 8, "source": "DS", "grade": "A"},
            "peak": [{"precision": "int8", "dense": {"value": "20 TOPS", "source": "DS", "grade": "A"}}],
        }
    ],
    "runtime": [{"id": "onnxruntime-cpu", "engine": "gpu"}],
}


def test_a_plain_device_keeps_the_schema():
    assert VALIDATORS["device"].is_valid(ROVER)
    assert VALIDATORS["device"].is_valid({"extends": "acme-rover", "engine": [{"name": "gpu"}]})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("memory", "capacity", "value"), "8 GHz"),
        (("memory", "capacity", "value"), "8"),
        (("memory", "capacity", "value"), 8),
        (("memory", "capacity", "value"), "-8 GiB"),
        (("memory", "capacity", "value"), "nan GiB"),
        (("memory", "capacity", "grade"), "E"),
        (("memory", "capacity", "source"), None),
        (("memory", "capacity", "grade"), None),
        (("memory", "capacity"), "8 GiB"),
        (("memory", "kind"), "vram"),
        (("memory", "size"), {"value": "8 GiB", "source": "DS", "grade": "A"}),
        (("engine", 0, "units", "value"), 0),
        (("engine", 0, "units", "value"), "8"),
        (("engine", 0, "peak", 0, "precision"), "int7"),
        (("engine", 0, "peak", 0, "precision"), None),
        (("engine", 0, "name"), None),
        (("runtime", 0, "id"), None),
        (("sectors",), []),
        (("sectors",), ["farming"]),
        (("name",), None),
        (("name",), ""),
        (("sources",), None),
        (("colour",), "red"),
        (("id",), "acme-rover"),
        (("runtimes",), []),
    ],
)
def test_a_planted_mistake_is_refused_by_the_schema_too(path, value):
    wrong = copy.deepcopy(ROVER)
    here = wrong
    for key in path[:-1]:
        here = here[key]
    if value is None:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    assert not VALIDATORS["device"].is_valid(wrong)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("workload", "grade", "E"),
        ("workload", "version", "1"),
        ("workload", "co_runners", ["x", 3]),
        ("partner", "devices", []),
        ("partner", "licence", "MIT"),
        ("runtime", "precisions", ["int9"]),
        ("runtime", "quantises_floats", "yes"),
        ("standard", "shows", ""),
        ("standard", "grade", "F"),
        ("card", "sha256", "abc"),
        ("card", "role", "pupil"),
        ("card", "dims", {"batch": 0}),
    ],
)
def test_other_kinds_refuse_mistakes_too(kind, key, value):
    right = read(SHIPPED[kind][0])
    assert VALIDATORS[kind].is_valid(right)
    assert not VALIDATORS[kind].is_valid({**right, key: value})


PI = {"name": "pi-4", "address": "ssh://pi@raspberrypi.local:22", "cool_down": "30 s", "before": ["true"]}


def test_an_inventory_keeps_the_schema_and_planted_mistakes_do_not():
    validator = VALIDATORS["inventory"]
    assert validator.is_valid({"targets": [PI]})
    assert not validator.is_valid({"targets": []})
    for key, value in [("name", "Pi 4"), ("address", "pi@raspberrypi"), ("address", "ssh://pi/x"), ("wait", 30),
                       ("wait", "3 GHz"), ("before", "true"), ("colour", "red")]:  # fmt: skip
        assert not validator.is_valid({"targets": [{**PI, key: value}]}), key
