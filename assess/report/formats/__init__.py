"""The formats, one file each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assess.judge.fit_report import FitReport
from assess.judge.portfolio import Portfolio
from assess.judge.suite import SuiteReport
from assess.report.formats.html import html, html_many, html_suite
from assess.report.formats.json import json, json_many, json_suite
from assess.report.formats.markdown import markdown, markdown_many, markdown_suite
from assess.report.formats.terminal import terminal, terminal_many, terminal_suite


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a fit report, a portfolio of them, and what came of a suite.

    Attributes:
        name: what --format takes.
        suffix: of files written in it.
        summary: what it is good for.
        render: the report as text.
        render_many: the portfolio as text.
        render_suite: what came of the suite as text.
    """

    name: str
    suffix: str
    summary: str
    render: Callable[[FitReport], str]
    render_many: Callable[[Portfolio], str]
    render_suite: Callable[[SuiteReport], str]


FORMATS = (
    Format("terminal", ".txt", "a table that a person reads in ten seconds, verdict first",
           terminal, terminal_many, terminal_suite),
    Format("markdown", ".md", "for a pull request or a wiki", markdown, markdown_many, markdown_suite),
    Format("html", ".html", "one self-contained file with pictures, to send to a partner", html, html_many, html_suite),
    Format("json", ".json", "for programs, schemas assess.report/1, assess.portfolio/1, assess.suite/1",
           json, json_many, json_suite),
)  # fmt: skip
