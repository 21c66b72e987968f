"""What a job demands: how inferences arrive, and what is required of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assess.describe.device import Sector
from assess.describe.quantity import Authored, Bytes, Hertz, Number, Seconds, Share, Text, Whole


class Scenario(Authored):
    """How inferences arrive."""

    kind: Literal["single"] = Field(description="single: one after the other, the next starts when the last is done.")
    rate: Hertz | None = Field(default=None, description="How often the job needs a result.")


class Requires(Authored):
    """What the job requires; what is absent is not asked."""

    deadline: Seconds | None = Field(default=None, description="One inference, at the percentile below.")
    percentile: Number = Field(
        default=99.0, ge=50, lt=100, description="Share of inferences that must meet it, in percent: 99, not 0.99."
    )
    cold_start: Seconds | None = Field(default=None, description="From loading the model to its first output.")
    memory_share: Share | None = Field(default=None, description="Of what the device leaves free.")
    memory: Bytes | None = Field(default=None, description="Peak of the model, absolute.")
    storage: Bytes | None = Field(default=None, description="Of the model's files.")


class Workload(Authored):
    """A job. `id` is the file's name."""

    id: str = ""
    name: Text
    version: Whole = Field(ge=1, description="Bumped when results stop being comparable.")
    summary: str = ""
    sectors: tuple[Sector, ...] = Field(min_length=1)
    why: Text = Field(description="Why these numbers.")
    source: Text = Field(description="Where they come from.")
    scenario: Scenario
    requires: Requires

    @property
    def deadline_s(self) -> float | None:
        """The deadline; one period where only a rate is given."""
        if self.requires.deadline is None and self.scenario.rate is not None:
            return 1.0 / self.scenario.rate
        return self.requires.deadline
