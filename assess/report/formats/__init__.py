"""The formats, one file each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assess.judge.fit_report import FitReport
from assess.report.formats.html import html
from assess.report.formats.json import json
from assess.report.formats.markdown import markdown
from assess.report.formats.terminal import terminal


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a fit report.

    Attributes:
        name: what --format takes.
        suffix: of files written in it.
        summary: what it is good for.
        render: the report as text.
    """

    name: str
    suffix: str
    summary: str
    render: Callable[[FitReport], str]


FORMATS = (
    Format("terminal", ".txt", "a table that a person reads in ten seconds, verdict first", terminal),
    Format("markdown", ".md", "for a pull request or a wiki", markdown),
    Format("html", ".html", "one self-contained file with pictures, to send to a partner", html),
    Format("json", ".json", "for programs, schema assess.report/1", json),
)
