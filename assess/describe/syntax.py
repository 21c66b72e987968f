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
_MARKS: Final = re.compile(r"<{7}|={7}|>{7}|\|{7}")


def syntax_problem(message: str, lines: list[str]) -> Problem:
    """What an error's message means, at its place."""
    match = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    line = int(match[1]) if match and match[1] else len(lines)
    column = int(match[2]) if match and match[2] else len(lines[-1]) + 1
    said = message[: match.start()] if match else message
    meaning = next((words for start, words in _SAID if said.startswith(start)), f"{said[:1].lower()}{said[1:]}")
    meaning = _by_sight(said, lines[line - 1], column) or meaning
    return Problem("", f"not TOML: {meaning}", Position(line, column, 1), lines[line - 1])


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
