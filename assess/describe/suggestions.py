"""What a misspelt word was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

_MOST: Final = 20  # Words that are listed where none is near.
#: Characters, and words to compare one with: nobody means a longer one, and libraries have some hundred.
_LONGEST: Final = 200
_MOST_COMPARED: Final = 400


def near(given: str, allowed: Iterable[str], *, most: int, cutoff: float = 0.6) -> list[str]:
    """The allowed words that are the same but for case and hyphens, or near; the nearest first."""
    if len(given) > _LONGEST:
        return []
    known = list(allowed)
    if len(known) > _MOST_COMPARED:  # Few slips are in the first letter.
        known = sorted(known, key=lambda word: word[:1].casefold() != given[:1].casefold())[:_MOST_COMPARED]
    folded = {_folded(word): word for word in reversed(known)}
    return [folded[word] for word in get_close_matches(_folded(given), folded, n=most, cutoff=cutoff)]


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that is the same but for case and hyphens, else the nearest; None if none is near."""
    return next(iter(near(given, allowed, most=1)), None)


def did_you_mean(given: str, allowed: Sequence[str]) -> str:
    """The nearest allowed word as a question; the words themselves where none is near."""
    meant = nearest(given, allowed)
    if meant:
        return f"did you mean {meant!r}?"
    more = f" and {len(allowed) - _MOST} more" if len(allowed) > _MOST else ""
    return f"expected one of {', '.join(map(repr, allowed[:_MOST]))}{more}" if allowed else "there are none"


@lru_cache(maxsize=2 * _MOST_COMPARED)
def _folded(word: str) -> str:
    # Number formats as other tools write them: float16 is fp16.
    return re.sub(r"[-_ ]", "", word.casefold()).replace("float", "fp")
