"""The formats, one file each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assess.judge.fit_report import FitReport
from assess.judge.portfolio import Portfolio
from assess.report.formats.html import html, html_many
from assess.report.formats.json import json, json_many
from assess.report.formats.markdown import markdown, markdown_many
from assess.report.formats.terminal import terminal, terminal_many


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a fit report, and a portfolio of them.

    Attributes:
        name: what --format takes.
        suffix: of files written in it.
        summary: what it is good for.
        render: the report as text.
        render_many: the portfolio as text.
    """

    name: str
    suffix: str
    summary: str
    render: Callable[[FitReport], str]
    render_many: Callable[[Portfolio], str]


FORMATS = (
    Format("terminal", ".txt", "a table that a person reads in ten seconds, verdict first", terminal, terminal_many),
    Format("markdown", ".md", "for a pull request or a wiki", markdown, markdown_many),
    Format("html", ".html", "one self-contained file with pictures, to send to a partner", html, html_many),
    Format("json", ".json", "for programs, schemas assess.report/1, assess.portfolio/1", json, json_many),
)
