"""What the standard library's reader of TOML says, in the words of a file's author."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from assess.describe.positions import Position
from assess.describe.problems import Problem

#: How its message begins, and what that means. What stands at the place decides first: see `_by_sight`.
_SAID: Final = (
    ("Cannot overwrite a value", "this key is set already"),
    ("Duplicate inline table key", "this key is set already"),
    ("Cannot declare", "this table is there already"),
    ("Cannot mutate", "this table is there already"),
    ("Illegal character '\\n'", "the text is not closed by a quote on its line"),
    ("Unterminated string", "the text is not closed by a quote"),
    ("Invalid value", "no value: text stands in quotes, a number with a unit is text"),
    ("Expected newline", "something follows the value on its line: text stands in quotes, without a quote inside"),
    ("Expected '=' after", "a key and its value have '=' between them"),
    ("Unescaped '\\'", "a backslash is written twice, or the text stands in single quotes"),
    ("Unclosed array", "a list above is not closed by ], or lacks a comma"),
    ("Unclosed inline table", "the { } table is not closed by }, or lacks a comma"),
)

_QUOTES: Final = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\uff02"
#: Keys of all kinds that hold lists of tables; a test holds them to the records.
LISTS: Final = frozenset(
    {"engine", "engine.peak", "runtime", "standard", "scenario.stage", "input", "output", "state", "variant", "lineage",
     "data", "case"}
)  # fmt: skip
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]")
_MARKS: Final = re.compile(r"<{7}|={7}|>{7}|\|{7}")


def syntax_problem(message: str, lines: list[str]) -> Problem:
    """What an error's message means, at its place."""
    match = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    line = int(match[1]) if match and match[1] else len(lines)
    column = int(match[2]) if match and match[2] else len(lines[-1]) + 1
    said = message[: match.start()] if match else message
    if (header := _single_header(said, line, lines)) is not None:
        number, name = header
        text = f"not TOML: each entry of the list {name!r} begins with [[{name}]], in two brackets"
        return Problem("", text, Position(number, 1, len(lines[number - 1].rstrip()) or 1), lines[number - 1])
    meaning = next((words for start, words in _SAID if said.startswith(start)), f"{said[:1].lower()}{said[1:]}")
    meaning = _by_sight(said, lines[line - 1], column) or meaning
    return Problem("", f"not TOML: {meaning}", Position(line, column, 1), lines[line - 1])


def _single_header(said: str, line: int, lines: list[str]) -> tuple[int, str] | None:
    """The line of a header in single brackets that should be one of a list, where two of a name meet; and the name."""
    here = _HEADER.match(lines[line - 1])
    if here is None or here[2] not in LISTS or not said.startswith(("Cannot declare", "Cannot overwrite")):
        return None
    for number in range(1, line + 1):
        found = _HEADER.match(lines[number - 1])
        if found and found[1] == "[" and found[2] == here[2]:
            return number, here[2]
    return None


def _by_sight(said: str, line: str, column: int) -> str:
    """What the text at the place shows; "" where it is nothing that authors often write."""
    here = line[column - 1 : column]
    if _MARKS.match(line):
        return "a merge left its marks"
    if here and here in _QUOTES:
        return f"text stands in straight quotes, not in {here}"
    if said.startswith(("Expected '='", "Invalid statement")) and here and not here.isascii():
        name = unicodedata.name(here, "a character without a name")
        return f"{here!r} is {name}: a key without quotes has ASCII letters, digits, - and _"
    if said.startswith("Invalid initial character") and "{" in line:
        if here == "}":
            return "no comma stands before }"
        if not here or here == "#":
            return "a { } table stays on one line"
    return ""
