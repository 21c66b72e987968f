"""How the frames of a job arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from assess.describe.beside import leaves
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Said
from assess.describe.quantity import Authored, Hertz, Share, Text, Whole, wrong_key
from assess.describe.suggestions import did_you_mean

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

_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST_STAGES: Final = 1000  # No pipeline has a tenth of it; each is followed back to the first.
_QUEUE: Final = re.compile(r"latest-only|drop-late|queue:[1-9][0-9]{0,5}")


def _known_queue(value: str) -> str:
    if not _QUEUE.fullmatch(value):
        raise ValueError(f"{value!r} is not one of latest-only, drop-late, queue:N")
    return value


def _beside(value: str) -> str:
    if leaves(value):
        raise ValueError(f"{value!r} does not lie beside the workload's file")
    return value


def _id_or_beside(value: str) -> str:
    if value and not value.endswith(".onnx") and not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is neither the id of a shipped model nor an .onnx file beside the workload's")
    return _beside(value)


def _each_once(values: tuple[int, ...]) -> tuple[int, ...]:
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"{', '.join(map(str, twice))} is there more than once")
    return values


def _one_output_each(states: Mapping[str, str]) -> Mapping[str, str]:
    fed = list(states.values())
    if twice := sorted({name for name in fed if fed.count(name) > 1}):
        raise ValueError(f"input {twice[0]!r} is fed from more than one output")
    return states


QueuePolicy = Annotated[str, AfterValidator(_known_queue)]
Sizes = Annotated[tuple[Annotated[Whole, Field(ge=1)], ...], Field(min_length=1), AfterValidator(_each_once)]


ModelText = Annotated[str, AfterValidator(_id_or_beside)]

#: Frames a second. Beginning one takes the harness microseconds: above this it would measure itself.
Rate = Annotated[Hertz, Field(le=100_000.0)]


class Stage(Authored):
    """One model of a pipeline: it runs at a rate of its own, or after another stage."""

    name: Text = Field(description="A word of your own; after refers to it.")
    model: ModelText = Field(
        default="",
        description="Id of a shipped model, or an ONNX file beside this one; the command's own model if left out.",
    )
    dims: Mapping[str, Annotated[Whole, Field(ge=1)]] = Field(
        default={}, description="Numbers for that model's dynamic dimensions."
    )
    rate: Rate | None = Field(default=None, description="Of its frames, if it has its own.")
    after: str = Field(default="", description="Stage whose output releases it, if it has no rate.")
    probability: Share = Field(default=1.0, description="That an output of that stage releases it.")

    @model_validator(mode="after")
    def _released_somehow(self) -> Stage:
        if (self.rate is None) == (not self.after):
            raise wrong_key("rate" if self.after else "", "a stage has either a rate or the stage that it comes after")
        if "probability" in self.model_fields_set and not self.after:
            raise wrong_key("probability", "a stage with a rate of its own has no probability")
        if self.dims and not self.model:
            raise wrong_key("dims", "the command's own model has its dimensions bound by --dim")
        return self


class Scenario(Authored):
    """How frames arrive, and what happens to those that find the model busy."""

    kind: Kind = Field(
        description="single: one after the other. periodic: one every period. poisson: independent of each other. "
        "trace: as recorded. offline: in batches. pipeline: several models. generate: token by token. stateful: "
        "outputs fed back. sustained: until heat and latency have settled. Default: periodic where there is a rate."
    )
    rate: Rate | None = Field(default=None, description="Frames a second; on average for poisson.")
    queue: QueuePolicy = Field(
        default="latest-only",
        json_schema_extra={"pattern": f"^({_QUEUE.pattern})$"},
        description="latest-only: the newest frame waits, as in a sensor's mailbox. drop-late: all wait, those past "
        "their deadline are dropped. queue:N: the newest N wait.",
    )
    trace: Annotated[Text, AfterValidator(_beside)] = Field(
        default="", description="CSV file beside this one: release times in seconds, one a line."
    )
    batches: Sizes = Field(default=(), description="Batch sizes to try.")
    batch_dim: str = Field(
        default="", description="The dimension that is the batch; the inputs' first one if left out."
    )
    stage: Annotated[tuple[Stage, ...], Field(min_length=1)] = Field(
        default=(), description="Models of a pipeline, each with a rate, or after another."
    )
    prompt_tokens: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="Length of the prompt.")
    new_tokens: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="Tokens generated after it.")
    contexts: Sizes = Field(
        default=(), description="Lengths of the context at which memory and time per token are read."
    )
    states: Annotated[Mapping[str, str], Field(min_length=1), AfterValidator(_one_output_each)] = Field(
        default={}, description="Output = input that it is fed back to."
    )

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
            raise wrong_key("kind", f"kind {self.kind!r} needs {', '.join(missing)}")
        if others := sorted(given - needed - optional):
            raise wrong_key(others[0], f"kind {self.kind!r} has no {', '.join(others)}")
        return self

    @property
    def is_open(self) -> bool:
        """Whether frames are released by a schedule, and not by the end of the last inference."""
        return self.kind in ("periodic", "poisson", "trace", "pipeline") or (
            self.kind in ("stateful", "sustained") and self.rate is not None
        )


def contradictions(scenario: Any) -> Iterator[tuple[KeyPath, Said]]:
    """What is wrong between the stages of an authored scenario, each with its key's path in it."""
    stages = scenario.get("stage") if isinstance(scenario, Mapping) else None
    if not isinstance(stages, list) or not all(isinstance(stage, Mapping) for stage in stages):
        return  # Not a list of tables: its own problem.
    if len(stages) > _MOST_STAGES:
        yield ("stage",), f"has more than {_MOST_STAGES} stages"
        return
    names = [stage.get("name") for stage in stages]
    texts = [(stage.get("name"), stage.get("after")) for stage in reversed(stages)]
    after = {name: wanted for name, wanted in texts if isinstance(name, str) and isinstance(wanted, str)}
    for index, stage in enumerate(stages):
        name, wanted = stage.get("name"), stage.get("after")
        if names.index(name) < index and name is not None:
            yield ("stage", index, "name"), f"stage {name!r} is there already"
        elif isinstance(wanted, str) and wanted not in names:
            others = [other for other in names if isinstance(other, str) and other != name]
            yield ("stage", index, "after"), partial(_no_stage, wanted, others)
        elif isinstance(wanted, str) and isinstance(name, str) and (circle := _circle(name, after)):
            yield ("stage", index, "after"), f"comes after itself: {' after '.join(map(repr, circle))}"


def _no_stage(wanted: str, others: Sequence[str]) -> str:
    return f"there is no stage {wanted!r}; {did_you_mean(wanted, others)}"


def _circle(name: str, after: Mapping[str, str]) -> Sequence[str]:
    """Stages from `name` back to itself; empty if its chain ends, or runs into a circle that it is no part of."""
    chain: dict[str, None] = {name: None}
    before = after.get(name)
    while before is not None and before not in chain:
        chain[before] = None
        before = after.get(before)
    return [*chain, name] if before == name else ()
