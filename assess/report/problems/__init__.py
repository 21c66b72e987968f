"""The forms that problems of profiles are told in, one file each, in the order of the help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from assess.report.problems.checked import Checked
from assess.report.problems.github import github
from assess.report.problems.json import json
from assess.report.problems.sarif import sarif
from assess.report.problems.text import text

__all__ = ["FORMS", "Checked", "Form"]


@dataclass(frozen=True, slots=True)
class Form:
    """A form of telling problems.

    Attributes:
        name: as --format takes it.
        render: the text.
    """

    name: str
    render: Callable[[Checked], str]


FORMS: Final = (Form("text", text), Form("json", json), Form("github", github), Form("sarif", sarif))
