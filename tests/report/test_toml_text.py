"""Authored mappings as TOML: the standard library's reader reads the same from it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.describe.kinds import DEVICE
from assess.describe.library import Library
from assess.files import shipped
from assess.report.toml_text import toml_text, value_text

FILES = sorted(shipped("profiles").glob("*/*.toml"))

_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_ATOMS = st.one_of(
    _TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.dates(),
    st.datetimes(),
    st.times(),
)
_VALUES = st.recursive(
    _ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3), max_leaves=12
)


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}/{file.stem}" for file in FILES])
def test_every_shipped_profile_comes_back(file):
    own = tomllib.loads(file.read_text())
    assert tomllib.loads(toml_text(own)) == own


@given(st.dictionaries(_TEXTS, _VALUES, max_size=5))
def test_any_mapping_comes_back(mapping):
    assert tomllib.loads(toml_text(mapping)) == mapping


def test_it_looks_as_an_author_would_write_it():
    mapping = {
        "name": "Rover",
        "engine": [{"name": "gpu", "peak": [{"precision": "int8", "dense": {"value": "20 TOPS", "source": "DS"}}]}],
        "sources": {"DS": {"where": "data sheet"}},
        "memory": {"kind": "dram", "capacity": {"value": "8 GiB", "source": "DS", "grade": "A"}},
        "sectors": ["robotics", "imaging"],
    }
    assert toml_text(mapping) == (
        'name = "Rover"\n'
        'sectors = ["robotics", "imaging"]\n'
        "\n"
        "[[engine]]\n"
        'name = "gpu"\n'
        "\n"
        "[[engine.peak]]\n"
        'precision = "int8"\n'
        'dense = { value = "20 TOPS", source = "DS" }\n'
        "\n"
        "[sources]\n"
        'DS = { where = "data sheet" }\n'
        "\n"
        "[memory]\n"
        'kind = "dram"\n'
        'capacity = { value = "8 GiB", source = "DS", grade = "A" }\n'
    )


def test_nothing_in_text_or_a_key_is_more_than_text():
    assert value_text('a"\n[x]\n\x7f\x1b') == '"a\\"\\n[x]\\n\\u007f\\u001b"'
    assert toml_text({"a]\nb": 1}) == '"a]\\nb" = 1\n'


def test_a_resolved_variant_is_a_file_of_its_own(tmp_path):
    library = Library()
    for id_ in library.ids("devices"):
        file = library.path("devices", id_)
        whole = library.resolved(DEVICE, file)
        if whole.base:
            alone = tmp_path / "devices" / f"{id_}.toml"
            alone.parent.mkdir(exist_ok=True)
            alone.write_text(toml_text(whole.mapping))
            mine = Library([tmp_path]).device(str(Path(alone)))
            assert mine == library.device(id_)


def test_what_steers_a_terminal_or_hides_is_escaped_and_comes_back():
    hidden = "a\x9b31m\u202eb\u200b\u2028c\U000e0041\u00a0"
    spelt = value_text(hidden)
    assert spelt == '"a\\u009b31m\\u202eb\\u200b\\u2028c\\U000e0041\\u00a0"'
    assert tomllib.loads(f"key = {spelt}") == {"key": hidden}
    assert value_text("日本 µ") == '"日本 µ"'


def test_operators_are_written_as_shipped_runtimes_have_them():
    mapping = {"operators": {"Add": {}, "Conv": {"conditions": ["kernel at most 7"]}}}
    assert toml_text(mapping) == '[operators]\nAdd = {}\nConv = { conditions = ["kernel at most 7"] }\n'
