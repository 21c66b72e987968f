"""Fields of authored files that carry a unit, and numbers that carry a source."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from assess.units import Unit, parse

#: How well a number is known: A vendor or machine dump, read; B press or kernel source, read; C community, read;
#: D derived by the stated arithmetic from read numbers; R recalled, not read.
Grade = Literal["A", "B", "C", "D", "R"]


class Authored(BaseModel):
    """Base of everything read from an authored file: unknown keys are errors, records are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _parse_text(value: Any, *, unit: Unit) -> float:
    if isinstance(value, str):
        return parse(value, unit)
    raise ValueError(f"{value!r} must be text with a unit")


def _text_schema(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example]})


Bytes = Annotated[float, BeforeValidator(partial(_parse_text, unit="B")), _text_schema("8 GiB")]
Seconds = Annotated[float, BeforeValidator(partial(_parse_text, unit="s")), _text_schema("33 ms")]
Hertz = Annotated[float, BeforeValidator(partial(_parse_text, unit="Hz")), _text_schema("30 Hz")]
Share = Annotated[float, BeforeValidator(partial(_parse_text, unit="1")), Field(le=1.0), _text_schema("25 %")]


class Sourced(Authored):
    """A number of a data sheet: never without the place it was read in, and how well it is known."""

    unit: ClassVar[Unit]

    value: float = Field(description="The number and its unit, as text.")
    source: str = Field(description="Key of the file's [sources] table.")
    grade: Grade = Field(description="A vendor, B press, C community, D derived, R recalled.")
    note: str = Field(default="", description="The arithmetic of a derived number, or a caveat.")

    @field_validator("value", mode="before")
    @classmethod
    def _with_unit(cls, value: Any) -> float:
        return _parse_text(value, unit=cls.unit)

    @property
    def is_recalled(self) -> bool:
        """Whether nobody read it: it can never carry a verdict better than MARGINAL."""
        return self.grade == "R"


class SourcedBytes(Sourced):
    """A size, such as "8 GiB"."""

    unit = "B"


class SourcedRate(Sourced):
    """A bandwidth, such as "102.4 GB/s"."""

    unit = "B/s"


class SourcedOps(Sourced):
    """Operations per second, such as "33.4 TOPS"; one multiply-accumulate is two operations."""

    unit = "op/s"


class SourcedWatts(Sourced):
    """A power, such as "25 W"."""

    unit = "W"
