"""`-k` picks names as pytest does."""

import pytest

from assess.cli.selection import selection
from assess.errors import AssessError

NAMES = (
    "eyes camera-30hz rover honda",
    "eyes camera-30hz deck",
    "arm control-50hz rover honda",
    "arm camera-10hz deck",
)


@pytest.mark.parametrize(
    ("expression", "picked"),
    [
        ("eyes", [0, 1]),
        ("CAMERA", [0, 1, 3]),
        ("30hz or 50hz", [0, 1, 2]),
        ("camera and deck", [1, 3]),
        ("not camera", [2]),
        ("not not camera", [0, 1, 3]),
        ("arm or eyes and deck", [1, 2, 3]),
        ("(arm or eyes) and deck", [1, 3]),
        ("not (honda or arm)", [1]),
        ("camera-30hz and not(deck)", [0]),
        ("nothing", []),
    ],
)
def test_an_expression_picks_names_by_their_words(expression, picked):
    picks = selection(expression)
    assert [index for index, name in enumerate(NAMES) if picks(name)] == picked


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "expected a word, it ends there"),
        ("camera and", "expected a word after 'camera and', it ends there"),
        ("and camera", "expected a word, found 'and'"),
        ("eyes camera", "expected 'and' or 'or' after 'eyes', found 'camera'"),
        ("(eyes", "expected ')' after '( eyes', it ends there"),
        ("eyes)", "expected 'and' or 'or' after 'eyes', found ')'"),
        ("()", "expected a word after '(', found ')'"),
        ("(" * 10_000, "is nested too deeply"),
        ("not " * 10_000, "is nested too deeply"),
        ("(" * 51 + "eyes" + ")" * 51, "is nested too deeply"),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(expression, problem):
    with pytest.raises(AssessError) as caught:
        selection(expression)
    assert (caught.value.where, caught.value.problem) == ("-k", problem)


def test_what_can_be_read_can_be_evaluated():
    picks = selection("(" * 49 + "eyes" + ")" * 49)
    assert picks("eyes camera-30hz") and not picks("arm camera-30hz")
