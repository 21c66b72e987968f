"""Problems for programs."""

from __future__ import annotations

from typing import Final

from assess.describe.problems import Problem
from assess.report.json_text import json_text
from assess.report.problems.checked import Checked, level

SCHEMA = "assess.problems/1"
_LONGEST: Final = 1000  # Characters of a source line; one may be as long as its file, and hold every problem of it.


def json(checked: Checked) -> str:
    """Files that were checked, and their problems; lines and columns are counted from 1."""
    found = {
        "schema": SCHEMA,
        "tool": checked.tool,
        "files": list(checked.problems),
        "errors": checked.errors,
        "warnings": checked.warnings,
        "problems": [_entry(file, problem) for file, problem in checked.all],
    }
    return json_text(found)


def _entry(file: str, problem: Problem) -> dict[str, object]:
    entry: dict[str, object] = {"file": file, "level": level(problem)}
    if problem.rule:
        entry["rule"] = problem.rule
    if problem.at:
        entry |= {"line": problem.at.line, "column": problem.at.column, "length": problem.at.length}
    return {**entry, "key": problem.key, "problem": problem.text, "source": problem.source[:_LONGEST]}
