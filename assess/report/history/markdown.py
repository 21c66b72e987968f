"""A trend as Markdown: for a pull request, or a wiki."""

from __future__ import annotations

import re

from assess.clean import clean
from assess.project.history import Trend
from assess.report.history.words import HEADS, notes, of_series, rows, subject

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~$@&])")


def markdown(trend: Trend) -> str:
    """The trend: a table of its levels, and what else there is."""
    lines = [f"## {_text(subject(trend))}", "", _text(of_series(trend.series))]
    if trend.levels:
        lines += ["", f"| {' | '.join(HEADS)} |", "|--:|--:|---|---|---|---|--:|--:|"]
        lines += [f"| {' | '.join(map(_text, row))} |" for row in rows(trend)]
    told = [f"- {_text(note)}" for note in notes(trend)]
    return "\n".join([*lines, *(["", *told] if told else [])]) + "\n"


def _text(text: str) -> str:
    """Data, whatever it holds: nothing of it is markup."""
    return _SPECIAL.sub(r"\\\1", clean(text))
