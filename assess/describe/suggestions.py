"""What a misspelt word was probably meant to be."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def did_you_mean(given: str, allowed: Sequence[str]) -> str:
    """The nearest allowed word as a question; all of them where none is near."""
    near = get_close_matches(given, allowed, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"expected one of {', '.join(map(repr, allowed))}" if allowed else "there are none"
