"""Problems as SARIF 2.1.0, which code hosts and editors read (OASIS, sarif-v2.1.0)."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

from assess.describe.problems import Problem
from assess.report.json_text import json_text
from assess.report.problems.checked import UNUSABLE, Checked, level, said

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(checked: Checked) -> str:
    """One run with one result for each problem."""
    rules = {UNUSABLE: "The file cannot be used.", **checked.rules}
    driver = {
        "name": "assess",
        "semanticVersion": checked.tool,
        "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in rules.items()],
    }
    results = [_result(file, problem, list(rules)) for file, problem in checked.all]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(file: str, problem: Problem, rules: list[str]) -> dict[str, Any]:
    rule = problem.rule or UNUSABLE
    # By its bytes: the name of a file need not be UTF-8.
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(os.fsencode(file))}}
    if problem.at:
        first = problem.at.column
        place["region"] = {
            "startLine": problem.at.line,
            "startColumn": first,
            "endColumn": first + problem.at.length,
        }
    return {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": level(problem),
        "message": {"text": said(problem)},
        "locations": [{"physicalLocation": place}],
    }
