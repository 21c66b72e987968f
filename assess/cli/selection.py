"""`-k`: which names an expression of words picks, as pytest reads one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from assess.errors import AssessError

Picks = Callable[[str], bool]
_TOKEN: Final = re.compile(r"[()]|[^\s()]+")
#: Of parentheses and "not" in each other: each takes some of Python's own depth when a name is looked at.
_DEEPEST: Final = 50
_HINT: Final = 'words of a case\'s name, "and", "or", "not" and parentheses, as in "camera and not (honda or sony)"'


def selection(expression: str) -> Picks:
    """Whether a name is picked: a word picks each name that it is a part of, whatever its case.

    Raises:
        AssessError: it is no expression.
    """
    return _Reader(expression).whole()


class _Reader:
    """An expression, read from its first word to its last."""

    def __init__(self, expression: str) -> None:
        self._tokens: list[str] = [*_TOKEN.findall(expression), ""]
        self._at = 0
        self._depth = 0

    def whole(self) -> Picks:
        found = self._any()
        if self._tokens[self._at]:
            raise self._wrong("'and' or 'or'")
        return found

    def _any(self) -> Picks:
        parts = [self._all()]
        while self._took("or"):
            parts.append(self._all())
        return lambda name: any(part(name) for part in parts)

    def _all(self) -> Picks:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return lambda name: all(part(name) for part in parts)

    def _one(self) -> Picks:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise AssessError("is nested too deeply", where="-k", hint=_HINT)
        found = self._part()
        self._depth -= 1
        return found

    def _part(self) -> Picks:
        if self._took("not"):
            other = self._one()
            return lambda name: not other(name)
        if self._took("("):
            inner = self._any()
            if not self._took(")"):
                raise self._wrong("')'")
            return inner
        word = self._tokens[self._at]
        if word in ("", ")", "and", "or"):
            raise self._wrong("a word")
        self._at += 1
        return lambda name: word.casefold() in name.casefold()

    def _took(self, token: str) -> bool:
        took = self._tokens[self._at] == token
        self._at += took
        return took

    def _wrong(self, expected: str) -> AssessError:
        found = self._tokens[self._at]
        before = " ".join(self._tokens[: self._at])
        place = f" after {before!r:.80}" if before else ""
        there = f"found {found!r:.40}" if found else "it ends there"
        return AssessError(f"expected {expected}{place}, {there}", where="-k", hint=_HINT)
