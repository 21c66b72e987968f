"""What a misspelt word was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

_MOST: Final = 20  # Words that are listed where none is near.


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that is the same but for case and hyphens, else the nearest; None if none is near."""
    folded = {_folded(word): word for word in reversed(list(allowed))}
    near = get_close_matches(_folded(given), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def did_you_mean(given: str, allowed: Sequence[str]) -> str:
    """The nearest allowed word as a question; the words themselves where none is near."""
    near = nearest(given, allowed)
    if near:
        return f"did you mean {near!r}?"
    more = f" and {len(allowed) - _MOST} more" if len(allowed) > _MOST else ""
    return f"expected one of {', '.join(map(repr, allowed[:_MOST]))}{more}" if allowed else "there are none"


def _folded(word: str) -> str:
    # Number formats as other tools write them: float16 is fp16.
    return re.sub(r"[-_ ]", "", word.casefold()).replace("float", "fp")
