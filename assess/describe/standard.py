"""A standard for which a partner collects evidence: what a benchmark shows of it, and what it cannot."""

from __future__ import annotations

from pydantic import Field

from assess.describe.quantity import GRADE_LEGEND, Authored, Grade, Text


class Standard(Authored):
    """A standard. `id` is the file's name."""

    id: str = ""
    name: Text = Field(description="As it is cited, with its year where that matters.")
    title: Text = Field(description="What it is about.")
    source: Text = Field(description="Where that was read.")
    grade: Grade = Field(description=GRADE_LEGEND)
    shows: Text = Field(description="One line: what a run of assess contributes to the evidence.")
    cannot_show: Text = Field(description="One line: what no benchmark shows.")
