"""Who deploys: devices, workloads and policy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from assess.describe.licences import NoExpressionError, parse_accepted
from assess.describe.quantity import Authored, Text


def _accepted(value: str) -> str:
    try:
        return parse_accepted(value)
    except NoExpressionError as error:
        # Which licence was meant takes long to find out: it is asked for where the error is shown.
        told = {"said": f"{value!r} {error.args[0]}", "why": error.__str__}
        raise PydanticCustomError("no_licence", "{said}", told) from error


AcceptedLicence = Annotated[str, AfterValidator(_accepted)]


class Policy(Authored):
    """What the partner accepts."""

    licences: tuple[AcceptedLicence, ...] = Field(
        min_length=1, description="Accepted licences of models: SPDX, each a licence or a licence WITH an exception."
    )
    statements: tuple[Literal["origin", "data-residency"], ...] = Field(
        default=(), description="What the model's card must state: where it comes from, where its data lay."
    )
    evidence: Literal["projected", "measured"] = Field(
        default="projected",
        description='Weakest evidence for latency and memory; "measured": on the device itself.',
    )
    why: str = Field(default="", description="Why this policy.")


class Partner(Authored):
    """A partner. `id` is the file's name."""

    id: str = ""
    name: Text = Field(description="As people know it.")
    summary: str = Field(description="What it deploys, in one sentence.")
    source: Text = Field(description="Public source of the facts; the policy is illustrative unless it says otherwise.")
    devices: tuple[str, ...] = Field(min_length=1, description="Ids of its devices.")
    workloads: tuple[str, ...] = Field(min_length=1, description="Ids of its workloads.")
    standards: tuple[str, ...] = Field(default=(), description="Ids of standards that evidence is collected for.")
    policy: Policy = Field(description="What it accepts of a model and of evidence.")
