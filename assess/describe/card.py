"""What the model's author says of it: teacher, licence, identity, what its inputs mean."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assess.describe.quantity import Authored


class Teacher(Authored):
    """What the model was distilled from."""

    name: str
    relation: str = Field(description="How the student was made from it.")


class CardInput(Authored):
    """One input."""

    name: str
    meaning: str = Field(description='"image", "audio", "token ids", "mask", "state", "joint angles", ...')
    low: float | None = Field(default=None, description="Smallest value that occurs.")
    high: float | None = Field(default=None, description="Largest value that occurs.")
    sample: str = Field(default="", description=".npy file beside the card with a real input.")


class CardOutput(Authored):
    """One output."""

    name: str
    meaning: str


class Card(Authored):
    """A model card: `card.toml` beside the ONNX file that `file` names. `id` is the folder's name."""

    id: str = ""
    name: str
    summary: str
    file: str = Field(description="The ONNX file, beside the card.")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    licence: str = Field(description="SPDX identifier.")
    source: str = Field(description="Where the model comes from.")
    teacher: Teacher | None = None
    role: Literal["student", "teacher", "reference"] = "student"
    dims: dict[str, int] = Field(default={}, description="Symbolic dimensions and their values.")
    input: tuple[CardInput, ...] = ()
    output: tuple[CardOutput, ...] = ()
