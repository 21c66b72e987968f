"""What the model's author says of it: teacher, licence, identity, what its inputs mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from assess.describe.positions import Path as KeyPath
from assess.describe.quantity import Authored, Number, OptionalText, Text, Whole

#: Of an input: no format that is fed has more, and the width of a range is finite.
Value = Annotated[Number, Field(ge=-1e38, le=1e38)]


class Teacher(Authored):
    """What the model was distilled from."""

    name: str = Field(description="Name of the larger model.")
    relation: str = Field(description="How the student was made from it.")


class CardInput(Authored):
    """One input."""

    name: str = Field(description="As the ONNX file has it: `assess inspect MODEL`.")
    meaning: str = Field(default="", description='"image", "audio", "token ids", "mask", "state", "joint angles", ...')
    low: Value | None = Field(default=None, description="Smallest value that occurs.")
    high: Value | None = Field(default=None, description="Largest value that occurs.")
    sample: str = Field(default="", description=".npy file beside the card with a real input.")


class CardOutput(Authored):
    """One output."""

    name: str = Field(description="As the ONNX file has it: `assess inspect MODEL`.")
    meaning: str = Field(description='"logits", "boxes", "tokens", "actions", ...')


def _sha256(value: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError("expected 64 hexadecimal digits in lower case, as sha256sum prints them")
    return value


class Card(Authored):
    """A model card: `card.toml` beside the ONNX file that `file` names. `id` is the folder's name."""

    id: str = ""
    name: Text = Field(description="As people know it.")
    summary: str = Field(default="", description="One sentence for people.")
    file: Text = Field(description="The ONNX file, beside the card.")
    sha256: Annotated[str, AfterValidator(_sha256)] = Field(
        description="Of the ONNX file: `sha256sum FILE`.", json_schema_extra={"pattern": "^[0-9a-f]{64}$"}
    )
    licence: str = Field(description='SPDX expression, such as "Apache-2.0" or "MIT OR Apache-2.0".')
    origin: OptionalText = Field(default="", description="Who made the model, where, and from which teacher and data.")
    data_residency: OptionalText = Field(
        default="", description="Where the data that it was made from lay, and where what it is fed will."
    )
    source: str = Field(default="", description="Where the model comes from.")
    teacher: Teacher | None = Field(default=None, description="What it was distilled from.")
    role: Literal["student", "teacher", "reference"] = Field(
        default="student",
        description="student: to be deployed; teacher: what it learnt from; reference: to compare with.",
    )
    dims: dict[str, Annotated[Whole, Field(ge=1)]] = Field(
        default={}, description="Symbolic dimensions and their values."
    )
    input: tuple[CardInput, ...] = Field(default=(), description="What its inputs are.")
    output: tuple[CardOutput, ...] = Field(default=(), description="What its outputs are.")

    @classmethod
    def contradictions(cls, mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
        """What does not agree with the rest of a card: the key's path and why."""
        inputs = mapping.get("input")
        for index, one in enumerate(inputs if isinstance(inputs, list) else ()):
            low, high = (one.get("low"), one.get("high")) if isinstance(one, Mapping) else (None, None)
            if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
                yield ("input", index, "high"), "is less than 'low'"
