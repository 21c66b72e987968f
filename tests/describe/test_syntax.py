"""What the reader of TOML says, in the words of a file's author."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from assess.describe.complaints import below
from assess.describe.kinds import KINDS, MODEL, SUITE
from assess.describe.syntax import LISTS, syntax_problem


def told(text: str) -> str:
    with pytest.raises(tomllib.TOMLDecodeError) as raised:
        tomllib.loads(text)
    return syntax_problem(str(raised.value), text.split("\n")).render("rover.toml")


def test_every_list_of_tables_is_known() -> None:
    def lists(record: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[str]:
        for name in (name for name, field in record.model_fields.items() if not field.exclude):
            inner = below(record, name)
            is_list = typing.get_origin(inner) is tuple
            entry = below(inner, 0) if is_list else inner
            if isinstance(entry, type) and issubclass(entry, BaseModel):
                yield from [".".join((*above, name))] if is_list else []
                yield from lists(entry, (*above, name))

    assert {name for kind in (*KINDS, MODEL, SUITE) for name in lists(kind.record)} == LISTS


@pytest.mark.parametrize(
    "text",
    [
        '[engine]  # ours\nname = "cpu"\n[[engine]]\nname = "gpu"\n',
        '[engine]  # ours\nname = "cpu"\n[[engine.peak]]\nprecision = "int8"\n[[engine]]\n',
        '[engine]  # ours\nname = "cpu"\n[engine]\nname = "gpu"\n',
    ],
)
def test_a_table_that_should_be_an_entry_of_a_list_is_told_at_its_header(text: str) -> None:
    assert told(text) == (
        "rover.toml:1: not TOML: each entry of the list 'engine' begins with [[engine]], in two brackets\n"
        " 1 | [engine]  # ours\n"
        "   | ^^^^^^^^^^^^^^^^"
    )


def test_an_entry_of_a_list_that_is_there_already_is_told_itself() -> None:
    second = '[[engine]]\nname = "cpu"\n[engine]\nname = "gpu"\n'
    assert told(second).startswith("rover.toml:3: not TOML: each entry of the list 'engine' begins with [[engine]]")
    peaks = '[[engine]]\n[engine.peak]\nprecision = "int8"\n[engine.peak]\nprecision = "fp16"\n'
    assert told(peaks).startswith("rover.toml:2: not TOML: each entry of the list 'engine.peak' begins with")


def test_a_table_that_is_no_list_is_there_already() -> None:
    assert told("[memory]\n[memory]\n").startswith("rover.toml:2: not TOML: this table is there already")
