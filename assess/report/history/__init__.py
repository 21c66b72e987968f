"""The forms of a trend, one file each, in the order of the help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from assess.project.history import Trend
from assess.report.history.csv import csv
from assess.report.history.html import html
from assess.report.history.json import json
from assess.report.history.markdown import markdown
from assess.report.history.terminal import terminal

__all__ = ["HISTORY_FORMS", "HistoryForm"]


@dataclass(frozen=True, slots=True)
class HistoryForm:
    """A form of a trend.

    Attributes:
        name: as --format takes it.
        suffix: of the file that --output names.
        render: the text.
    """

    name: str
    suffix: str
    render: Callable[[Trend], str]


HISTORY_FORMS: Final = (
    HistoryForm("terminal", ".txt", terminal),
    HistoryForm("json", ".json", json),
    HistoryForm("markdown", ".md", markdown),
    HistoryForm("html", ".html", html),
    HistoryForm("csv", ".csv", csv),
)
