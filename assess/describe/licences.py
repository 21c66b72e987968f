"""SPDX licence expressions: what they say, and whether what is accepted satisfies them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from assess.describe.suggestions import nearest

if TYPE_CHECKING:
    from license_expression import Licensing

_LONGEST: Final = 500  # Characters; the longest expressions in use name a dozen licences.
_DEEPEST: Final = 50  # Brackets, so that none is deep enough to use up the stack.
#: SPDX 2.3, annex D.1: a licence of one's own, which no list has.
_OWN: Final = re.compile(r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")

#: Ids that the SPDX list had and replaced by others ("deprecated"), with "+" where it may follow.
_REPLACED: Final = re.compile(
    r"(A|L)?GPL-[0-9.]+\+?|GFDL-[0-9.]+\+?|BSD-2-Clause-(FreeBSD|NetBSD)|bzip2-1\.0\.5|Net-SNMP|Nunit|StandardML-NJ"
    r"|Nokia-Qt-exception-1\.1"
)
_OTHERS: Final = "other_spdx_license_keys"


class NoExpressionError(ValueError):
    """The text is no SPDX expression; the message says why, and which licence was likely meant."""

    def __init__(self, why: str, unknown: str = "") -> None:
        super().__init__(why)
        self.unknown = unknown

    def __str__(self) -> str:
        """Looked up here, since it takes longer than to read the expression."""
        return f"{self.args[0]}{_meant(self.unknown) if self.unknown else ''}"


@dataclass(frozen=True, slots=True)
class LicenceExpression:
    """A licence expression.

    Attributes:
        text: as SPDX spells it.
        names: its licences, each with its exception if it has one, in their order.
    """

    text: str
    names: tuple[str, ...]
    _tree: Any

    def satisfied_by(self, accepted: Iterable[str]) -> bool:
        """Whether accepting these licences, as SPDX spells them, is enough: all of an AND, any one of an OR."""
        return _satisfied(self._tree, frozenset(accepted))


def parse(text: str) -> LicenceExpression:
    """Read an SPDX expression such as "Apache-2.0 OR (MIT AND BSD-3-Clause)"; upper and lower case mean the same.

    Raises:
        NoExpressionError: it is none, or names a licence that neither the SPDX list nor LicenseRef- knows.
    """
    from license_expression import ExpressionError

    if len(text) > _LONGEST or text.count("(") > _DEEPEST:
        raise NoExpressionError("is too long for a licence")
    try:
        tree = _licensing().parse(text, strict=True)
    except ExpressionError as error:
        raise NoExpressionError(f"is no SPDX expression: {error}") from error
    if tree is None:
        raise NoExpressionError("is empty")
    unknown = [name for name in _licensing().unknown_license_keys(tree) if not _OWN.fullmatch(name)]
    if unknown:
        text = f"names {', '.join(map(repr, unknown))}, which is not on the SPDX list"
        raise NoExpressionError(text, unknown[0])
    symbols = _licensing().license_symbols(tree, unique=True, decompose=False)
    return LicenceExpression(str(tree), tuple(map(str, symbols)), tree)


def parse_accepted(text: str) -> str:
    """One accepted licence as SPDX spells it: a licence, or a licence WITH an exception.

    Raises:
        NoExpressionError: it is none, or more than one.
    """
    found = parse(text)
    if found.text != found.names[0]:
        raise NoExpressionError("is more than one licence: each is an entry of its own")
    return found.text


def _meant(name: str) -> str:
    """Which licences a name that is on no list may mean: those that it is the beginning of, else the nearest."""
    symbols = _licensing().known_symbols
    known = sorted(one for one, symbol in symbols.items() if not symbol.is_exception)
    start = re.sub(r"[ _]+|v(?=[0-9])", "-", name.casefold())  # People write GPLv3.
    longer = [one for one in known if re.match(rf"{re.escape(start)}[-.]", one.casefold())]
    plain = [one for one in longer if not any(one.startswith(f"{other}-") for other in longer)][:3]
    if len(plain) > 1:
        return f"; did you mean {', '.join(map(repr, plain[:-1]))} or {plain[-1]!r}?"
    near = plain[0] if plain else nearest(name, known)
    return f"; did you mean {near!r}?" if near else ""


@cache
def _licensing() -> Licensing:
    # Imported late: reading the list of licences takes longer than reading a profile.
    from license_expression import build_spdx_licensing, get_license_index

    # Of the other names that the index has for a licence, only those count that the SPDX list itself replaced:
    # LicenseRef-Apache-2.0 is whatever its author calls so, and "GPL" is no licence.
    index = [
        {**entry, _OTHERS: [name for name in entry.get(_OTHERS, ()) if _REPLACED.fullmatch(name)]}
        for entry in get_license_index()
    ]
    return build_spdx_licensing(index)


def _satisfied(tree: Any, accepted: frozenset[str]) -> bool:
    if tree.isliteral:
        return str(tree) in accepted
    answers = [_satisfied(part, accepted) for part in tree.args]
    return all(answers) if tree.operator.strip() == "AND" else any(answers)
