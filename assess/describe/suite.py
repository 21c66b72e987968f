"""Many cases in one file; the result is a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from assess.describe.quantity import Authored, Text


class SuiteCase(Authored):
    """One model x workload x device, and for whom."""

    model: Text = Field(description="Id of a shipped model, or an ONNX file's path from the folder of this file.")
    workload: Text = Field(description="Id of its job.")
    device: Text = Field(description="Id of where it is to run.")
    partner: str = Field(default="", description="Id of the partner that the case matters to; its policy is judged.")

    @property
    def name(self) -> str:
        """What it is called: what `-k` looks at."""
        return " ".join(filter(None, (self.model, self.workload, self.device, self.partner)))


class Suite(Authored):
    """A suite. `id` is the file's name."""

    id: str = ""
    name: Text = Field(description="As people know it.")
    summary: str = Field(description="What it shows, in one sentence.")
    case: tuple[SuiteCase, ...] = Field(min_length=1, description="The cases, in the order of the matrix.")

    @staticmethod
    def contradictions(mapping: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """A case that is there twice would be judged twice, and have one cell."""
        cases = mapping.get("case")
        cases = cases if isinstance(cases, list) else []
        for index, case in enumerate(cases):
            if (first := cases.index(case)) < index:
                yield ("case", index), f"is the same case as case[{first}]"
