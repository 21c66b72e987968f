"""Bars of block characters."""

from __future__ import annotations

from typing import Final

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int) -> str:
    """A bar of `share` of `width` columns, to an eighth of a column; whatever is more than nothing is seen."""
    eighths = min(width * 8, max(round(share * width * 8), 1 if share > 0 else 0))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def parted(share: float, width: int) -> str:
    """A bar of two parts: the first `share` of it, at least a column if there is any, and the rest."""
    first = min(width, max(round(share * width), 1 if share > 0 else 0))
    return "▓" * first + "░" * (width - first)
