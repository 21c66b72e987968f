"""Problems as workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from assess.describe.problems import Problem
from assess.report.problems.checked import Checked, level, said
from assess.report.workflow_commands import workflow_command


def github(checked: Checked) -> str:
    """One command for each problem; nothing where there is none."""
    return "".join(_command(file, problem) for file, problem in checked.all)


def _command(file: str, problem: Problem) -> str:
    place = (problem.at.line, problem.at.column) if problem.at else None
    return workflow_command(level(problem), said(problem), file=file, title=problem.rule, place=place)
