import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.describe.positions import positions

NASTY = '''a = 1 # not = this
[b.c]
"q.x" = """
multi ] = " line"""
d.e = { f = "g#", h = [1,
  2, { i = 3 }] }
[[r]]
k = 'it"s'
[[r.s]]
z = 1
[[r]]
[[r.s]]
z=2
[r.t]
y = """\\"""""" # two quotes before the end
"\\u0041\\"." = { 'c:\\d' = 1 }
[deep.er.est]
x = 1
'''

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*(ROOT / "profiles").rglob("*.toml"), *(ROOT / "models").rglob("*.toml")])


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("a",), 1, 5),
        (("b", "c", "q.x"), 3, 9),
        (("b", "c", "d", "e", "f"), 5, 13),
        (("b", "c", "d", "e", "h", 1), 6, 3),
        (("b", "c", "d", "e", "h", 2, "i"), 6, 12),
        (("r", 0, "k"), 8, 5),
        (("r", 0, "s", 0, "z"), 10, 5),
        (("r", 1, "s", 0, "z"), 13, 3),
        (("r", 1, "t", "y"), 15, 5),
        (("r", 1, "t", 'A".', "c:\\d"), 16, 26),
        (("deep",), 17, 1),
        (("deep", "er"), 17, 1),
        (("deep", "er", "est", "x"), 18, 5),
    ],
)
def test_values_are_found_by_line_and_column(path, line, column):
    tomllib.loads(NASTY)
    value = positions(NASTY)[path].value
    assert (value.line, value.column) == (line, column)


def test_a_value_of_many_lines_is_underlined_on_its_first():
    assert positions(NASTY)["b", "c", "q.x"].value.length == 3


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_key_of_every_shipped_file_stands_on_the_line_it_is_found_on(file):
    text = file.read_text()
    found, lines = positions(text), text.splitlines()
    for path in leaves(tomllib.loads(text)):
        entry = found[path]
        names = [part for part in path if isinstance(part, str)]
        if isinstance(path[-1], str):
            assert names[-1] in lines[entry.key.line - 1]


KEYS = st.text(st.sampled_from("abz_-0.\"'\\\té"), min_size=1, max_size=4)
VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(st.sampled_from("a\"'\\#]}=,\n\t é"), max_size=6)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    return str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_leaf_of_any_document_is_found(document):
    text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in document.items())
    assert tomllib.loads(text) == document
    found = positions(text)
    for path in leaves(document):
        assert path in found
