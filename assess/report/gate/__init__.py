"""The forms of a gate's report, one file each, in the order of the help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from assess.judge.gate.report import GateReport
from assess.report.gate.github import github
from assess.report.gate.gitlab import gitlab
from assess.report.gate.json import json
from assess.report.gate.junit import junit
from assess.report.gate.markdown import markdown
from assess.report.gate.terminal import terminal
from assess.report.gate.verdict import verdict

__all__ = ["GATE_FORMS", "GateForm"]


@dataclass(frozen=True, slots=True)
class GateForm:
    """A form of a gate's report.

    Attributes:
        name: as --format and --report take it.
        render: the text.
    """

    name: str
    render: Callable[[GateReport], str]


GATE_FORMS: Final = (
    GateForm("terminal", terminal),
    GateForm("markdown", markdown),
    GateForm("json", json),
    GateForm("junit", junit),
    GateForm("github", github),
    GateForm("gitlab", gitlab),
    GateForm("verdict", verdict),
)
