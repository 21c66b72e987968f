"""A trend as CSV, a run a line: for spreadsheets, and for drawing it otherwise."""

from __future__ import annotations

import io
from csv import writer
from typing import Final

from assess.clean import clean
from assess.project.history import Trend

_HEADS: Final = ("created", "value", "unit", "level", "sha256", "commit", "onnxruntime", "tool", "verdict")
#: What spreadsheets take for a formula.
_FORMULA: Final = ("=", "+", "-", "@")


def csv(trend: Trend) -> str:
    """The runs, oldest first, with the number of their level: empty where none were searched for."""
    unit = _plain(trend.unit)
    level_of = {
        index: number
        for number, level in enumerate(trend.levels, 1)
        for index in range(level.first, level.last + 1)
    }  # fmt: skip
    text = io.StringIO()
    lines = writer(text, lineterminator="\n")
    lines.writerow(_HEADS)
    for index, point in enumerate(trend.points):
        words = (point.sha256, point.commit, point.onnxruntime, point.tool, point.verdict)
        lines.writerow([point.created, point.value, unit, level_of.get(index, ""), *map(_plain, words)])
    return text.getvalue()


def _plain(word: str) -> str:
    """Text that no spreadsheet computes."""
    return f"'{clean(word)}" if word.startswith(_FORMULA) else clean(word)
