"""The terminal that is written to."""

from __future__ import annotations

import shutil

_NARROWEST, _WIDEST = 60, 120


def terminal_width() -> int:
    """Columns to write in: the terminal's, within reason; 100 where there is none."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST), _WIDEST)
