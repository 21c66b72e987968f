"""What a job demands: how its frames arrive, and what is required of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, model_validator

from assess.describe.device import Sector
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Said
from assess.describe.quantity import Authored, Bytes, Grade, Hertz, Joules, Number, Seconds, Share, Text, Whole
from assess.describe.scenario import Scenario
from assess.describe.scenario import contradictions as between_stages


class Misses(Authored):
    """A weakly-hard contract: how many frames may miss their deadline, and how close together."""

    at_most: Annotated[Whole, Field(ge=0)] = Field(description="So many deadlines may be missed ...")
    in_any: Annotated[Whole, Field(ge=1)] = Field(description="... in any so many consecutive frames.")
    in_a_row: Annotated[Whole, Field(ge=0)] | None = Field(default=None, description="And at most so many in a row.")

    @model_validator(mode="after")
    def _can_be_broken(self) -> Misses:
        if self.at_most >= self.in_any:
            raise ValueError(f"{self.at_most} misses in any {self.in_any} frames can never be exceeded")
        return self


_HIGHEST: Final = 99.9999


def _percentile(value: float) -> float:
    if value < 50:
        hint = f"; it is in percent: {value * 100:g}, not {value:g}" if 0.5 <= value < 1 else ""
        raise ValueError(f"{value:g} must be at least 50{hint}")
    if _HIGHEST < value < 100:
        raise ValueError(f"{value!r} must be at most {_HIGHEST}: millions of frames certify no more")
    return value


class Requires(Authored):
    """What the job requires; what is absent is not asked."""

    deadline: Seconds | None = Field(
        default=None, description="From a frame's release to its result; one period where there is only a rate."
    )
    percentile: Annotated[Number, AfterValidator(_percentile)] = Field(
        default=99.0,
        lt=100,
        json_schema_extra={"minimum": 50},
        description="Share of frames that must meet it, in percent: 99, not 0.99.",
    )
    misses: Misses | None = Field(
        default=None, description="A contract on misses that are close together, as a control loop survives."
    )
    age: Seconds | None = Field(default=None, description="Of an output when it is used, from its frame's release.")
    cold_start: Seconds | None = Field(default=None, description="From starting the process to its first output.")
    first_token: Seconds | None = Field(default=None, description="From the prompt to the first token.")
    token: Seconds | None = Field(default=None, description="Each further token.")
    throughput: Hertz | None = Field(default=None, description="Inferences a second, at least, at any batch size.")
    energy: Joules | None = Field(default=None, description="Of one inference.")
    memory_share: Share | None = Field(default=None, description="Of what the device leaves free.")
    memory: Bytes | None = Field(default=None, description="Peak of the model, absolute.")
    storage: Bytes | None = Field(default=None, description="Of the model's files.")
    fidelity: Share | None = Field(
        default=None, description="Share of its teacher's skill that the model keeps, at least."
    )


class Workload(Authored):
    """A job. `id` is the file's name."""

    id: str = ""
    name: Text = Field(description="As people know it.")
    version: Whole = Field(ge=1, description="Bumped when results stop being comparable.")
    summary: str = Field(default="", description="One sentence for people.")
    sectors: tuple[Sector, ...] = Field(min_length=1, description="Where it is done.")
    why: Text = Field(description="Why these numbers.")
    source: Text = Field(description="Where they come from: a standard, a requirement, arithmetic.")
    grade: Grade | None = Field(
        default=None,
        description="How well the number that decides is known, as in devices; R: none of the job's limits gives "
        "better than MARGINAL.",
    )
    co_runners: tuple[Text, ...] = Field(
        default=(), description="What else runs on the device meanwhile; reported, not run."
    )
    scenario: Scenario = Field(description="How frames arrive.")
    requires: Requires = Field(description="What must hold; what is left out is not asked.")

    @classmethod
    def contradictions(cls, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Said]]:
        """What is wrong between keys of an authored mapping, each with its key's path."""
        scenario, requires = mapping.get("scenario"), mapping.get("requires")
        yield from ((("scenario", *keys), text) for keys, text in between_stages(scenario))
        if not isinstance(scenario, dict) or not isinstance(requires, dict):
            return
        if "deadline" not in requires and "rate" not in scenario:
            # Without a deadline nothing is late: what stands on it would never be judged.
            if "misses" in requires:
                yield ("requires", "misses"), "needs a deadline, or a rate whose period is one"
            if scenario.get("queue") == "drop-late":
                yield ("scenario", "queue"), "drop-late needs a deadline, or a rate whose period is one"

    @property
    def deadline_s(self) -> float | None:
        """The deadline; one period where only a rate is given."""
        if self.requires.deadline is None and self.scenario.rate is not None:
            return 1.0 / self.scenario.rate
        return self.requires.deadline


@dataclass(frozen=True, slots=True)
class Job:
    """A workload, the mapping it was authored as, and the folder that its other files lie in."""

    workload: Workload
    authored: Mapping[str, Any]
    folder: Path
