"""A trend drawn for the terminal: values over runs, and a line where another level begins."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from assess.units import format_quantity

_ROWS: Final = 7
_LABEL: Final = 10


def drawn_trend(values: Sequence[float], changes: Sequence[int], unit: str, width: int) -> list[str]:
    """Lines of at most `width` columns; of more runs than columns, each column stands for the median of some.

    Args:
        values: oldest first; at least one.
        changes: indices at which another level begins.
        unit: of the values.
        width: columns.
    """
    columns = min(len(values), width - _LABEL - 4)
    edges = [round(index * len(values) / columns) for index in range(columns + 1)]
    parts = [values[first:end] for first, end in pairwise(edges)]
    medians = [statistics.median(part) for part in parts]
    low, high = min(medians), max(medians)
    begins = {next(index for index, end in enumerate(edges[1:]) if change < end) for change in changes}
    cells = [["|" if column in begins else " " for column in range(columns)] for _ in range(_ROWS)]
    for column, value in enumerate(medians):
        share = (value - low) / (high - low) if high > low else 0.5
        cells[round((1.0 - share) * (_ROWS - 1))][column] = "•"
    labels = [""] * _ROWS
    if high > low:
        labels[0], labels[-1] = _value(high, unit), _value(low, unit)
    else:
        labels[_ROWS // 2] = _value(low, unit)
    return [f"{label:>{_LABEL}} ┤{''.join(row)}".rstrip() for label, row in zip(labels, cells, strict=True)]


def _value(number: float, unit: str) -> str:
    return format_quantity(number, unit) if unit else f"{number:,.0f}"
