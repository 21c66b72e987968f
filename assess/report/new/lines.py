"""Pieces of a TOML file as an author would write them."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps
from textwrap import wrap
from typing import Final

from assess.units import Unit, written

_WIDTH: Final = 118


def text(value: str) -> str:
    """A TOML string; what came from a machine's firmware is data in it."""
    # JSON's escapes are TOML's, but for DEL, which TOML does not let stand.
    return dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def texts(values: Sequence[str]) -> str:
    """A TOML list of strings."""
    return f"[{', '.join(map(text, values))}]"


def number(value: float, unit: Unit, source: str, *, grade: str = "A", note: str = "") -> str:
    """A number with its source, as an inline table."""
    return _sourced(text(written(value, unit)), source, grade, note)


def count(value: int, source: str, *, grade: str = "A", note: str = "") -> str:
    """A whole number with its source."""
    return _sourced(str(value), source, grade, note)


def comment(said: str) -> list[str]:
    """Lines of a comment."""
    return [f"# {line}" for line in wrap(" ".join(said.split()), _WIDTH, break_long_words=False)]


def _sourced(value: str, source: str, grade: str, note: str) -> str:
    noted = f", note = {text(note)}" if note else ""
    return f"{{ value = {value}, source = {text(source)}, grade = {text(grade)}{noted} }}"
