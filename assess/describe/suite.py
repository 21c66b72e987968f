"""Many cases in one file; the result is a matrix."""

from __future__ import annotations

from pydantic import Field

from assess.describe.quantity import Authored


class SuiteCase(Authored):
    """One model x workload x device, and for whom."""

    model: str = Field(description="Id of a shipped model, or a path.")
    workload: str
    device: str
    partner: str = ""


class Suite(Authored):
    """A suite. `id` is the file's name."""

    id: str = ""
    name: str
    summary: str
    case: tuple[SuiteCase, ...] = Field(min_length=1)
