"""How the frames of a job arrive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from assess.describe.quantity import Authored, Hertz, Share, Text, Whole

Kind = Literal[
    "single", "periodic", "poisson", "trace", "offline", "pipeline", "generate", "stateful", "sustained"
]  # fmt: skip

#: Keys that a kind needs, and those that it may have.
_KEYS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    kind: (frozenset(needed.split()), frozenset(optional.split()))
    for kind, needed, optional in (
        ("single", "", "rate"),
        ("periodic", "rate", "queue"),
        ("poisson", "rate", "queue"),
        ("trace", "trace", "queue"),
        ("offline", "batches", "batch_dim"),
        ("pipeline", "stage", ""),
        ("generate", "prompt_tokens new_tokens", "contexts"),
        ("stateful", "states", "rate queue"),
        ("sustained", "", "rate queue"),
    )
}

_QUEUE: Final = re.compile(r"latest-only|drop-late|queue:[1-9][0-9]{0,5}")


def _known_queue(value: str) -> str:
    if not _QUEUE.fullmatch(value):
        raise ValueError(f"{value!r} is not one of latest-only, drop-late, queue:N")
    return value


QueuePolicy = Annotated[str, AfterValidator(_known_queue)]


class Stage(Authored):
    """One model of a pipeline: it runs at a rate of its own, or after another stage."""

    name: Text
    model: str = Field(default="", description="Id of a shipped model or a path; the command's own model if left out.")
    rate: Hertz | None = Field(default=None, description="Of its frames, if it has its own.")
    after: str = Field(default="", description="Stage whose output releases it, if it has no rate.")
    probability: Share = Field(default=1.0, description="That an output of that stage releases it.")

    @model_validator(mode="after")
    def _released_somehow(self) -> Stage:
        if (self.rate is None) == (not self.after):
            raise ValueError("a stage has either a rate or the stage that it comes after")
        return self


class Scenario(Authored):
    """How frames arrive, and what happens to those that find the model busy."""

    kind: Kind = Field(
        description="single: one after the other. periodic: one every period. poisson: independent of each other. "
        "trace: as recorded. offline: in batches. pipeline: several models. generate: token by token. stateful: "
        "outputs fed back. sustained: until heat and latency have settled. Default: periodic where there is a rate."
    )
    rate: Hertz | None = Field(default=None, description="Frames a second; on average for poisson.")
    queue: QueuePolicy = Field(
        default="latest-only",
        description="latest-only: the newest frame waits, as in a sensor's mailbox. drop-late: all wait, those past "
        "their deadline are dropped. queue:N: the newest N wait.",
    )
    trace: str = Field(default="", description="CSV file beside this one: release times in seconds, one a line.")
    batches: tuple[Annotated[Whole, Field(ge=1)], ...] = Field(default=(), description="Batch sizes to try.")
    batch_dim: str = Field(
        default="", description="The dimension that is the batch; the inputs' first one if left out."
    )
    stage: tuple[Stage, ...] = ()
    prompt_tokens: Annotated[Whole, Field(ge=1)] | None = None
    new_tokens: Annotated[Whole, Field(ge=1)] | None = None
    contexts: tuple[Annotated[Whole, Field(ge=1)], ...] = Field(
        default=(), description="Lengths of the context at which memory and time per token are read."
    )
    states: Mapping[str, str] = Field(default={}, description="Output = input that it is fed back to.")

    @model_validator(mode="before")
    @classmethod
    def _default_kind(cls, data: Any) -> Any:
        if isinstance(data, dict) and "kind" not in data:
            return {**data, "kind": "periodic" if "rate" in data else "single"}
        return data

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> Scenario:
        needed, optional = _KEYS[self.kind]
        given = self.model_fields_set - {"kind"}
        if missing := sorted(needed - given):
            raise ValueError(f"kind {self.kind!r} needs {', '.join(missing)}")
        if others := sorted(given - needed - optional):
            raise ValueError(f"kind {self.kind!r} has no {', '.join(others)}")
        return self

    @property
    def is_open(self) -> bool:
        """Whether frames are released by a schedule, and not by the end of the last inference."""
        return self.kind in ("periodic", "poisson", "trace") or (
            self.kind in ("stateful", "sustained") and self.rate is not None
        )
