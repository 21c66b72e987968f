"""Mistakes in a number of a device's file: its value and unit, and what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

from hostile.profiles.plant import Line, Mutation, Planted, Sound, quantity, unit

from assess.units import SPELLINGS

#: By unit: one that is of another kind, and one misspelt with the right one.
_MISSPELT = {
    "GIB": ("B", "GiB"), "GBs": ("B/s", "GB/s"), "tops": ("op/s", "TOPS"), "Ghz": ("Hz", "GHz"), "w": ("W", "W"),
    "bits": ("bit", "bit"), "MTs": ("T/s", "MT/s"), "C": ("degC", "degC"), "µS": ("s", "us"),
}  # fmt: skip
_TEMPERATURES = ("low", "high")


def _dimension(line: Line) -> str:
    return next((name for name, spellings in SPELLINGS.items() if unit(line) in spellings), "")


def _numbers(sound: Sound) -> list[Line]:
    """Numbers with a unit."""
    return [line for line in sound.pairs if line.is_number and unit(line)]


def positive(sound: Sound) -> list[Line]:
    return [line for line in _numbers(sound) if line.key not in (*_TEMPERATURES, "reserved")]


def valued(sound: Sound, line: Line | None, value: str, says: str) -> Planted | None:
    """Another text in the place of a number's value."""
    if line is None:
        return None
    text = sound.with_line(line, re.sub(r'value = "?[^",}]*"?', lambda _: f"value = {value}", sound.row(line), count=1))
    return Planted(text, line.number, f"{line.spelled}.value", says)


def _value(name: str, make: Callable[[str], str], says: str, of: Callable[[Sound], list[Line]] = positive) -> Mutation:
    def mutation(sound: Sound) -> Planted | None:
        line = sound.pick(of(sound), name)
        return valued(sound, line, make(quantity(line)) if line else "", says)

    mutation.__name__ = name
    return mutation


def _digits(text: str) -> str:
    return text.partition(" ")[0]


unit_left_out = _value("unit_left_out", lambda text: f'"{_digits(text)}"', "has no unit; expected a quantity such as '")
bare_number = _value("bare_number", lambda text: "7", "expected text with a unit such as '", _numbers)
other_unit = _value("other_unit", lambda text: f'"{_digits(text)} parsec"', "has the unit 'parsec'; ")
comma = _value("comma", lambda text: f'"1,5 {text.partition(" ")[2]}"', "write a point, not a comma")
below_zero = _value("below_zero", lambda text: f'"-{text}"', "must be a finite number that is not negative")
no_number = _value("no_number", lambda text: f'"nan {text.partition(" ")[2]}"', "is not a quantity; expected a number")
infinite = _value("infinite", lambda text: f'"inf {text.partition(" ")[2]}"', "is not a quantity; expected a number")
too_large = _value("too_large", lambda text: f'"1e999 {text.partition(" ")[2]}"', "must be a finite number")
nothing = _value("nothing", lambda text: '""', "is not a quantity; expected a number and a unit such as '", _numbers)
in_words = _value("in_words", lambda text: '"about sixty"', "is not a quantity", _numbers)
of_many_digits = _value("of_many_digits", lambda text: f'"{"9" * 200} {text.partition(" ")[2]}"', "is too long")


def zero(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in positive(sound) if line.key not in ("storage", "weight_capacity")], "zero")
    return valued(sound, line, f'"0 {unit(line)}"' if line else "", "must be more than zero")


def bits_for_bytes(sound: Sound) -> Planted | None:
    lines = [line for line in _numbers(sound) if _dimension(line) in ("B", "B/s")]
    line = sound.pick(lines, "bits_for_bytes")
    wrong = f'"{_digits(quantity(line))} {unit(line).replace("B", "bit")}"' if line else ""
    return valued(sound, line, wrong, "bits are not taken: write bytes, an eighth of it")


def unit_misspelt(sound: Sound) -> Planted | None:
    line = sound.pick(_numbers(sound), "unit_misspelt")
    if line is None:
        return None
    wrong, right = next((wrong, right) for wrong, (of, right) in _MISSPELT.items() if of == _dimension(line))
    says = f"has the unit '{wrong}'; did you mean '{right}'?"
    return valued(sound, line, f'"{_digits(quantity(line))} {wrong}"', says)


def count_in_quotes(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.is_number and not unit(line)], "count_in_quotes")
    return valued(sound, line, f'"{quantity(line)}"' if line else "", "expected a whole number of at least 1")


def count_of_parts(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.is_number and not unit(line)], "count_of_parts")
    return valued(sound, line, "1.5", "expected a whole number of at least 1, without quotes and unit, found 1.5")


# What stands beside a number's value


def _beside(name: str, old: str, new: str, key: str, says: str) -> Mutation:
    def mutation(sound: Sound) -> Planted | None:
        lines = [line for line in sound.pairs if line.is_number and re.search(old, line.value)]
        line = sound.pick(lines, name)
        if line is None:
            return None
        text = sound.with_line(line, re.sub(old, new, sound.row(line), count=1))
        return Planted(text, line.number, f"{line.spelled}{key}", says)

    mutation.__name__ = name
    return mutation


source_left_out = _beside("source_left_out", r', source = "[^"]*"', "", "", "missing key 'source'")
grade_left_out = _beside("grade_left_out", r', grade = "[^"]*"', "", "", "missing key 'grade'")
value_left_out = _beside("value_left_out", r'value = ("[^"]*"|[0-9]+), ', "", "", "missing key 'value'")
grade_unknown = _beside(
    "grade_unknown", 'grade = "[^"]*"', 'grade = "E"', ".grade", "'E' is not known; expected one of"
)
grade_small = _beside("grade_small", 'grade = "A"', 'grade = "a"', ".grade", "'a' is not known; did you mean 'A'?")
source_misspelt = _beside(
    "source_misspelt", r'source = "([^"]*)"', r'source = "\1x"', ".source", "is not in [sources]; did you mean '"
)
source_as_list = _beside(
    "source_as_list", r'source = ("[^"]*")', r"source = [\1]", ".source", "expected text, found a list"
)
sorce = _beside("sorce", "source = ", "sorce = ", ".sorce", "unknown key; did you mean 'source'?")
gade = _beside("gade", "grade = ", "gade = ", ".gade", "unknown key; did you mean 'grade'?")
vlaue = _beside("vlaue", "value = ", "vlaue = ", ".vlaue", "unknown key; did you mean 'value'?")
page = _beside("page", " }$", ", page = 3 }", ".page", "unknown key; expected one of 'value', 'source'")
derived_without_note = _beside(
    "derived_without_note",
    r'grade = "[^"]*"(, note = "[^"]*")?',
    'grade = "D"',
    ".grade",
    "a derived number shows its arithmetic in 'note'",
)


def comma_before_bracket(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.is_number], "comma_before_bracket")
    return line and Planted(
        sound.with_line(line, f"{sound.row(line)[:-2]}, }}"), line.number, "", "no comma stands before }"
    )


def broken_over_lines(sound: Sound) -> Planted | None:
    line = sound.pick([line for line in sound.pairs if line.is_number], "broken_over_lines")
    if line is None:
        return None
    text = sound.changed(line, ", source", ",\n  source")
    return Planted(text, line.number, "", "a { } table stays on one line")


def number_as_text(sound: Sound) -> Planted | None:
    line = sound.pick(_numbers(sound), "number_as_text")
    if line is None:
        return None
    says = f"expected a table, found '{quantity(line)}'; a number is written {{ value = "
    return Planted(sound.valued(line, f'"{quantity(line)}"'), line.number, line.spelled, says)


def source_left_unused(sound: Sound) -> Planted | None:
    header = sound.get("sources")
    row = 'ZZQ = { where = "nowhere" }'
    if header:
        text, number = sound.with_line(header, f"[sources]\n{row}"), header.number + 1
    else:
        text, number = sound.added(f"[sources]\n{row}")
        number += 1
    return Planted(text, number, "sources.ZZQ", "no number names it; leave it out")


def source_deleted(sound: Sound) -> Planted | None:
    if "extends" in sound.own:
        return None
    line = sound.pick([line for line in sound.pairs if line.table == "sources"], "source_deleted")
    if line is None:
        return None
    uses = [
        one for one in sound.pairs
        if f'source = "{line.key}"' in one.value or (one.key == "source" and one.value == f'"{line.key}"')
    ]  # fmt: skip
    first = uses[0]
    number = first.number - (first.number > line.number)
    key = first.spelled if first.key == "source" else f"{first.spelled}.source"
    return Planted(sound.without(line), number, key, f"'{line.key}' is not in [sources]; ")


def sources_deleted(sound: Sound) -> Planted | None:
    header = sound.get("sources")
    if header is None or "extends" in sound.own:
        return None
    rows = sound.text.split("\n")
    last = max((line.number for line in sound.pairs if line.table == "sources"), default=header.number)
    return Planted("\n".join(rows[: header.number - 1] + rows[last:]), 1, "", "missing key 'sources'")


NUMBERS: tuple[Mutation, ...] = (
    unit_left_out, bare_number, other_unit, comma, below_zero, no_number, infinite, too_large, nothing, in_words,
    of_many_digits, zero, bits_for_bytes, unit_misspelt, count_in_quotes, count_of_parts, source_left_out,
    grade_left_out, value_left_out, grade_unknown, grade_small, source_misspelt, source_as_list, sorce, gade, vlaue,
    page, derived_without_note, comma_before_bracket, broken_over_lines, number_as_text, source_left_unused,
    source_deleted, sources_deleted,
)  # fmt: skip
