"""Ids: what is created under one is found by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assess.describe.ids import checked_id, id_of, is_id
from assess.errors import AssessError

LONGEST = "a" * 200


def test_the_longest_id_is_one_everywhere() -> None:
    assert is_id(LONGEST)
    assert checked_id(LONGEST) == id_of(Path(f"{LONGEST}.toml")) == LONGEST


def test_an_id_that_could_not_be_found_is_none_anywhere() -> None:
    longer, problem = LONGEST + "b", f"'{'a' * 40}...' is no id: it has 201 characters, 200 at most are allowed"
    assert not is_id(longer)
    for make, hint in ((lambda: checked_id(longer), "acme-rover is one"), (lambda: id_of(Path(longer)), "rename it")):
        with pytest.raises(AssessError) as raised:
            make()
        assert (raised.value.problem, raised.value.hint) == (problem, hint)


@pytest.mark.parametrize(
    ("word", "hint"),
    [("My Board", "did you mean 'my-board'?"), ("a--b", "did you mean 'a-b'?"), ("日本", "acme-rover is one")],
)
def test_a_word_that_is_no_id_is_told_with_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(AssessError) as raised:
        checked_id(word)
    assert raised.value.problem == f"{word!r} is no id: only lower-case letters, digits and single hyphens are"
    assert raised.value.hint == hint
