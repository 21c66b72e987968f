"""JSON for programs: the same value comes back, and nothing in it steers a terminal."""

import json

from hypothesis import given
from hypothesis import strategies as st

from assess.report.json_text import json_text


def test_it_is_indented_and_keeps_the_letters_of_every_language():
    assert json_text({"name": "日本", "of": [1.5, None]}) == (
        '{\n  "name": "日本",\n  "of": [\n    1.5,\n    null\n  ]\n}\n'
    )


def test_what_steers_a_terminal_or_hides_is_escaped():
    assert json_text("\x9b31m\u202e\u200b\U000e0041\udcff") == '"\\u009b31m\\u202e\\u200b\\udb40\\udc41\\udcff"\n'


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_any_value_comes_back_and_every_line_is_printable(value):
    told = json_text(value)
    assert json.loads(told) == value
    assert all(line.isprintable() for line in told.split("\n"))
