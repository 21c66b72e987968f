"""Fields of authored files that carry a unit, and numbers that carry a source."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
    field_validator,
)
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from assess.units import SPELLINGS, Unit, example, parse

#: How well a number is known: A vendor or machine dump, read; B press or kernel source, read; C community, read;
#: D derived by the stated arithmetic from read numbers; R recalled, not read.
Grade = Literal["A", "B", "C", "D", "R"]
#: The same in a line, for who fills in the key.
GRADE_LEGEND: Final = "A vendor, B press, C community, D derived, R recalled."


class Authored(BaseModel):
    """Base of everything read from an authored file: unknown keys are errors, records are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


#: Letters by Unicode that nobody sees: fillers of Hangul.
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0")


def says_something(text: str) -> bool:
    """Whether a text has a letter or a digit of any script; spaces without width and the like say nothing."""
    return any(char.isalnum() and char not in _BLANK for char in text)


def _not_blank(value: str) -> str:
    if not says_something(value):
        raise ValueError("has neither letter nor digit: it says nothing")
    return value


def _empty_or_not_blank(value: str) -> str:
    return _not_blank(value) if value else value


#: Text that says something.
Text = Annotated[str, Field(min_length=1), AfterValidator(_not_blank)]
#: Text that says something where it is given.
OptionalText = Annotated[str, AfterValidator(_empty_or_not_blank)]
#: More of anything than there is; what is computed from it fits into 64 bits.
MOST: Final = 10**9
#: TOML tells 1 from "1" and from true; so do these.
Whole = Annotated[int, Strict(), Field(le=MOST)]
Truth = Annotated[bool, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(False)]

LONGEST: Final = 100  # Characters; no quantity needs a third of it.

#: By unit the least and the most that may be written, and both in words. They are a factor of a thousand beyond what is
#: built, so that nothing sound is refused, and whatever is computed from such numbers is finite and fits into a clock.
BOUNDS: Final[Mapping[Unit, tuple[float, float, str]]] = {
    "B": (1.0, 1e15, "1 B to 1000 TB, which no device exceeds"),
    "s": (1e-9, 86_400.0, "1 ns to 24 h: no clock tells less, and nothing here waits longer"),
    "Hz": (1.0 / 86_400.0, 1e15, "from once in 24 h (1.16e-5 Hz) to 1e6 GHz: no measurement waits longer"),
    "B/s": (1.0, 1e18, "1 B/s to 1e6 TB/s, which no memory exceeds"),
    "op/s": (1.0, 1e20, "1 OPS to 1e8 TOPS, which no engine exceeds"),
    "W": (1e-9, 1e9, "1e-6 mW to 1e9 W, which no device exceeds"),
    "J": (1e-12, 1e9, "1e-6 uJ to 1e9 J, which no inference exceeds"),
    "degC": (-273.15, 1e4, "-273.15 degC to 10000 degC"),
    "bit": (1.0, 1e9, "1 bit to 1e9 bit, which no bus exceeds"),
    "T/s": (1.0, 1e15, "1e-6 MT/s to 1e6 GT/s, which no bus exceeds"),
    "1": (1e-6, math.inf, "at least 0.0001 %"),  # What is above all of it is told by itself.
}


def within_bounds(value: float, unit: Unit) -> bool:
    """Whether a number is one that may be written at all; zero is a question of its own."""
    least, most, _ = BOUNDS[unit]
    return least <= value <= most


def wrong_key(key: str, text: str) -> PydanticCustomError:
    """What a table's own check raises where one of its keys is wrong: told of that key, or of the table if it is ""."""
    return PydanticCustomError("wrong_key", "{text}", {"key": key, "text": text})


def _parse_text(value: Any, *, unit: Unit) -> float:
    if not isinstance(value, str):
        found = "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else value
        raise ValueError(f"expected text with a unit such as {example(unit)!r}, found {found}")
    if len(value) > LONGEST:
        raise ValueError(f"is too long for a quantity such as {example(unit)!r}")
    number = parse(value, unit)
    if number != 0 and not within_bounds(number, unit):
        raise ValueError(f"{value!r} must be {BOUNDS[unit][2]}")
    return number


def _above_zero(value: float) -> float:
    if value == 0:
        raise ValueError("must be more than zero")
    return value


def _at_most_all(value: float) -> float:
    if value > 1:
        raise ValueError("must be at most 100 %")
    return value


def quantity_schema(unit: Unit) -> dict[str, Any]:
    """The JSON Schema of a quantity: text with a number and one of the unit's spellings."""
    spellings = "|".join(re.escape(name) for name in SPELLINGS[unit])
    sign = "-?" if unit == "degC" else ""
    pattern = rf"^\s*{sign}[0-9][0-9_]*(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*({spellings})\s*$"
    return {"type": "string", "pattern": pattern, "examples": [example(unit)]}


def _text_schema(unit: Unit) -> WithJsonSchema:
    return WithJsonSchema(quantity_schema(unit))


_AboveZero = AfterValidator(_above_zero)
Bytes = Annotated[float, BeforeValidator(partial(_parse_text, unit="B")), _AboveZero, _text_schema("B")]
Seconds = Annotated[float, BeforeValidator(partial(_parse_text, unit="s")), _AboveZero, _text_schema("s")]
#: Where nothing is an answer too: "0 s".
SecondsOrZero = Annotated[float, BeforeValidator(partial(_parse_text, unit="s")), _text_schema("s")]
Joules = Annotated[float, BeforeValidator(partial(_parse_text, unit="J")), _AboveZero, _text_schema("J")]
Hertz = Annotated[float, BeforeValidator(partial(_parse_text, unit="Hz")), _AboveZero, _text_schema("Hz")]
Share = Annotated[
    float,
    BeforeValidator(partial(_parse_text, unit="1")),
    _AboveZero,
    AfterValidator(_at_most_all),
    _text_schema("1"),
]


_VALUE: Final = "The number and its unit, as text."


class Sourced(Authored):
    """A number of a data sheet: never without the place it was read in, and how well it is known."""

    unit: ClassVar[Unit]
    may_be_zero: ClassVar[bool] = False

    value: float = Field(description=_VALUE)
    source: str = Field(description="Key of the file's [sources] table.")
    grade: Grade = Field(description=GRADE_LEGEND)
    note: str = Field(default="", description="The arithmetic of a derived number, or a caveat.")

    @field_validator("value", mode="before")
    @classmethod
    def _with_unit(cls, value: Any) -> float:
        number = _parse_text(value, unit=cls.unit)
        return number if cls.may_be_zero else _above_zero(number)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        schema["properties"]["value"] = {**cls._value_schema(), "description": _VALUE}
        return schema

    @classmethod
    def _value_schema(cls) -> dict[str, Any]:
        return quantity_schema(cls.unit)

    @property
    def is_recalled(self) -> bool:
        """Whether nobody read it: it can never carry a verdict better than MARGINAL."""
        return self.grade == "R"


class SourcedBytes(Sourced):
    """A size, such as "8 GiB"; a system may reserve none."""

    unit = "B"
    may_be_zero = True


class SourcedBandwidth(Sourced):
    """A bandwidth, such as "102.4 GB/s"."""

    unit = "B/s"


class SourcedOps(Sourced):
    """Operations per second, such as "33.4 TOPS"; one multiply-accumulate is two operations."""

    unit = "op/s"


class SourcedWatts(Sourced):
    """A power, such as "25 W"."""

    unit = "W"


class SourcedHertz(Sourced):
    """A clock, such as "1.3 GHz"."""

    unit = "Hz"


class SourcedSeconds(Sourced):
    """A time, such as "2 us"."""

    unit = "s"


class SourcedTemperature(Sourced):
    """A temperature, such as "-40 degC"."""

    unit = "degC"
    may_be_zero = True


class SourcedWidth(Sourced):
    """The width of a bus, such as "128 bit"."""

    unit = "bit"


class SourcedTransferRate(Sourced):
    """Transfers per second on each line of a bus, such as "6400 MT/s"."""

    unit = "T/s"


class SourcedCount(Sourced):
    """How many there are: a whole number without a unit."""

    unit = "1"

    @field_validator("value", mode="before")
    @classmethod
    def _with_unit(cls, value: Any) -> float:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            found = "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
            raise ValueError(
                f"expected a whole number of at least 1, without quotes and unit, found {found:.{LONGEST}}"
            )
        if value > MOST:
            raise ValueError(f"must be at most {MOST}: there are not more of anything")
        return float(value)

    @classmethod
    def _value_schema(cls) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": MOST, "examples": [64]}
