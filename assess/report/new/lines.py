"""Pieces of a new file: numbers with their source, and comments."""

from __future__ import annotations

from textwrap import wrap
from typing import Final

from assess.clean import clean
from assess.measure.calibration.figures import Figure
from assess.measure.calibration.reached import Calibration
from assess.report.toml_text import text
from assess.units import Unit, format_range, written

#: Keys of the sources: what the machine told of itself, and what was measured on it.
HERE: Final = "HERE"
CALIBRATED: Final = "CAL"

_WIDTH: Final = 118


def number(value: float, unit: Unit, source: str, *, grade: str = "A", note: str = "") -> str:
    """A number with its source, as an inline table."""
    return _sourced(text(written(value, unit)), source, grade, note)


def count(value: int, source: str, *, grade: str = "A", note: str = "") -> str:
    """A whole number with its source."""
    return _sourced(str(value), source, grade, note)


def measured(key: str, calibration: Calibration, figure: Figure, how: str) -> str:
    """A key with a number that was measured; what disturbed it is told with it."""
    why = calibration.disturbed(figure)
    note = f"{how}; 95 %: {format_range(figure.low, figure.high, figure.unit)}{f'; disturbed: {why}' if why else ''}"
    mark = "measured, disturbed" if why else "measured"
    return f"{key} = {number(figure.value, figure.unit, CALIBRATED, note=note)}  # {mark}"


def comment(said: str) -> list[str]:
    """Lines of a comment; what came from a machine's firmware or a library is data in it."""
    words = clean(" ".join(said.split()))
    return [f"# {line}" for line in wrap(words, _WIDTH, break_long_words=False, break_on_hyphens=False)]


def _sourced(value: str, source: str, grade: str, note: str) -> str:
    noted = f", note = {text(note)}" if note else ""
    return f"{{ value = {value}, source = {text(source)}, grade = {text(grade)}{noted} }}"
