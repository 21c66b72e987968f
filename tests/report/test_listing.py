"""Lists for people and for programs."""

import json

from assess.report.listing import listing_json, listing_text

FOUND = [
    {"id": "a", "name": "A\u202e\x9b31m", "title": "first"},
    {"id": "longer", "name": "B", "title": "second"},
]


def test_a_line_for_each_in_columns():
    assert listing_text("standards", FOUND) == "a       A\\x202e\\x9b31m  first\nlonger  B               second\n"
    assert listing_text("standards", []) == ""


def test_the_same_for_programs():
    told = listing_json("standards", FOUND)
    assert json.loads(told) == {"schema": "assess.list/1", "standards": FOUND}
    assert all(line.isprintable() for line in told.splitlines())
