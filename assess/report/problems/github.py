"""Problems as workflow commands, which GitHub shows beside the lines of a pull request.

Commands and their escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
actions/toolkit packages/core/src/command.ts (escapeData, escapeProperty).
"""

from __future__ import annotations

from assess.clean import clean
from assess.describe.problems import Problem
from assess.report.problems.checked import Checked, level, said


def github(checked: Checked) -> str:
    """One command for each problem; nothing where there is none."""
    return "".join(_command(file, problem) for file, problem in checked.all)


def _command(file: str, problem: Problem) -> str:
    place = f",line={problem.at.line},col={problem.at.column}" if problem.at else ""
    title = f",title={_property(problem.rule)}" if problem.rule else ""
    return clean(f"::{level(problem)} file={_property(file)}{place}{title}::{_data(said(problem))}") + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
