"""Ids: what a file of each kind is called, and named by."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.errors import AssessError

#: A regular expression of ids.
ID_PATTERN: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ID: Final = re.compile(ID_PATTERN)
_LONGEST: Final = 200  # Characters: systems refuse to look for a file whose name is longer than some 250.
_SHOWN: Final = 40  # Characters of one that is too long: enough to tell which.
_RULE: Final = "is no id: only lower-case letters, digits and single hyphens are"


def is_path(argument: str) -> bool:
    """Whether a word of the command line is a file and no id."""
    return argument.endswith(".toml")


def is_id(word: str) -> bool:
    """Whether a file may be called so."""
    return bool(_ID.fullmatch(word)) and len(word) <= _LONGEST


def checked_id(id_: str) -> str:
    """An id that a file may have.

    Raises:
        AssessError: it is none.
    """
    if not is_id(id_):
        better = _nearest(id_)
        raise AssessError(_why_none(id_), hint=f"did you mean {better!r}?" if better else "acme-rover is one")
    return id_


def stem(file: Path) -> str:
    """The name that should be an id: a card's is its folder's."""
    return file.resolve().parent.name if file.name == "card.toml" else file.stem


def id_of(file: Path) -> str:
    """The id that a file's name is.

    Raises:
        AssessError: it is none.
    """
    name = stem(file)
    if not is_id(name):
        better = _nearest(name)
        raise AssessError(
            _why_none(name),
            where=str(file),
            hint=f"rename it to {better}{file.suffix}" if better and file.name != "card.toml" else "rename it",
        )
    return name


def _why_none(word: str) -> str:
    if len(word) > _LONGEST:
        return f"{f'{word[:_SHOWN]}...'!r} is no id: it has {len(word)} characters, {_LONGEST} at most are allowed"
    return f"{word!r} {_RULE}"


def _nearest(word: str) -> str:
    """The id that a word may have been meant as; "" if there is none."""
    better = "-".join(re.findall("[a-z0-9]+", word.lower()))
    return better if is_id(better) else ""
