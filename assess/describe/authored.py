"""Authored TOML files to checked records: every problem at once, each with its line and what was expected."""

from __future__ import annotations

import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from assess.describe.positions import Entry, Position, positions
from assess.describe.positions import Path as KeyPath
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError

T = TypeVar("T", bound=BaseModel)

#: No profile comes near it (an operator list has some 60 kB); whatever does is no profile.
_LARGEST_BYTES: Final = 2**20
_SHOWN: Final = 160  # Columns of a source line that are shown around a problem.


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in an authored file.

    Attributes:
        key: path of the key, e.g. "engine[0].peak[1].precision"; "" for the file as a whole.
        text: what is wrong and what was expected.
        at: where; None where there are no lines.
        source: the line of the file; "" where there are no lines.
    """

    key: str
    text: str
    at: Position | None = None
    source: str = ""

    def render(self, where: str) -> str:
        """One self-contained line, then the source line with the place underlined."""
        place = f"{where}:{self.at.line}" if self.at else where
        head = f"{place}: {self.key}: {self.text}" if self.key else f"{place}: {self.text}"
        if self.at is None or not self.source.strip():
            return head
        number = str(self.at.line)
        margin = " " * len(number)
        first = max(0, self.at.column - 1 - _SHOWN // 2) if len(self.source) > _SHOWN else 0
        shown = self.source[first : first + _SHOWN].replace("\t", " ")
        column = self.at.column - 1 - first
        under = " " * column + "^" * max(1, min(self.at.length, len(shown) - column))
        return f"{head}\n {number} | {shown}\n {margin} | {under}"


class InvalidFileError(AssessError):
    """An authored file with problems.

    Attributes:
        file: its name, as given.
        problems: all of them, in the order of their lines.
    """

    def __init__(self, file: str, problems: tuple[Problem, ...], hint: str = "") -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(problem.render(file) for problem in problems), hint=hint)


def read(path: Path) -> dict[str, Any]:
    """The mapping that a TOML file holds.

    Raises:
        AssessError: the file is missing, no regular file, too large, not UTF-8, or not TOML.
    """
    return _parsed(_text(path), path)


def load(path: Path, schema: type[T], *, id: str) -> T:  # noqa: A002 - it is the record's own word
    """The record that a TOML file describes.

    Raises:
        AssessError: as `read` does, or the file has problems: all of them, each with its line.
    """
    text = _text(path)
    mapping = _parsed(text, path)
    problems = _problems(mapping, schema)
    if problems:
        lines, places = text.split("\n"), positions(text)
        placed = [_placed(problem, keys, places, lines) for keys, problem in problems]
        raise InvalidFileError(str(path), tuple(sorted(placed, key=lambda one: one.at.line if one.at else 0)))
    return schema.model_validate({**mapping, "id": id})


def parse(mapping: Mapping[str, Any], schema: type[T], where: str) -> T:
    """The record that a mapping from a result file describes, by the rules of authored files.

    Raises:
        AssessError: all problems of the mapping.
    """
    problems = _problems(mapping, schema)
    if problems:
        raise InvalidFileError(where, tuple(problem for _, problem in problems))
    return schema.model_validate(mapping)


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            problem = "is not a regular file" if path.exists() else "there is no such file"
            raise AssessError(problem, where=str(path))
        if path.stat().st_size > _LARGEST_BYTES:
            raise AssessError("is larger than 1 MiB: this is no profile", where=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AssessError(
            f"is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}", where=str(path)
        ) from error
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InvalidFileError(str(path), (Problem("", "not TOML: it is nested too deeply"),)) from None
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        match = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", message)
        lines = text.splitlines() or [""]
        line = int(match[1]) if match and match[1] else len(lines)
        column = int(match[2]) if match and match[2] else len(lines[-1]) + 1
        problem = message[: match.start()] if match else message
        source = lines[line - 1] if line <= len(lines) else ""
        found = Problem("", f"not TOML: {problem[:1].lower()}{problem[1:]}", Position(line, column, 1), source)
        raise InvalidFileError(str(path), (found,)) from error


def _problems(mapping: Mapping[str, Any], schema: type[BaseModel]) -> list[tuple[KeyPath, Problem]]:
    found: list[tuple[KeyPath, Problem]] = []
    if "id" in mapping:
        found.append((("id",), Problem("id", "unknown key; the file's name is the id")))
    try:
        schema.model_validate({key: value for key, value in mapping.items() if key != "id"})
    except ValidationError as error:
        for one in error.errors(include_url=False):
            if one["type"] == "too_short" and one["input"]:
                continue  # It is not empty: what is in it has problems of its own.
            found.append(_in_words(typing.cast("Mapping[str, Any]", one), schema))
    # Rules between keys are looked up in the mapping itself, so that a wrong key elsewhere does not hide them.
    between = getattr(schema, "contradictions", None)
    for keys, text in between(mapping) if between else ():
        found.append((keys, Problem(_spelled(keys), text)))
    return found


def _in_words(error: Mapping[str, Any], schema: type[BaseModel]) -> tuple[KeyPath, Problem]:
    keys: KeyPath = error["loc"]
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return keys[:-1], Problem(_spelled(keys[:-1]), f"missing key {keys[-1]!r}")
    if kind == "extra_forbidden":
        return keys, Problem(_spelled(keys), f"unknown key; {did_you_mean(str(keys[-1]), _keys_at(schema, keys[:-1]))}")
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        return keys, Problem(_spelled(keys), f"{given!r} is not known; {did_you_mean(str(given), allowed)}")
    if kind == "value_error":
        return keys, Problem(_spelled(keys), str(context["error"]))
    expected = _EXPECTED.get(kind)
    if expected is not None:
        return keys, Problem(_spelled(keys), f"expected {expected}, found {_kind(given)}")
    if kind == "too_short":
        return keys, Problem(_spelled(keys), "must not be empty")
    message = error["msg"].removeprefix("Input ")
    return keys, Problem(_spelled(keys), f"{given!r} {message}")


_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return repr(value)


def _keys_at(schema: type[BaseModel], keys: KeyPath) -> list[str]:
    """The keys that may stand in the table at a path."""
    here: Any = schema
    for key in keys:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = _bare(here.model_fields[str(key)].annotation)
        elif typing.get_origin(here) in (tuple, dict):
            here = _bare(typing.get_args(here)[0 if typing.get_origin(here) is tuple else 1])
    if isinstance(here, type) and issubclass(here, BaseModel):
        return [name for name, field in here.model_fields.items() if not field.exclude and name != "id"]
    return []


def _bare(annotation: Any) -> Any:
    """An annotation without `| None`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(part for part in typing.get_args(annotation) if part is not type(None))
    return annotation


def _spelled(keys: KeyPath) -> str:
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def _placed(problem: Problem, keys: KeyPath, places: Mapping[KeyPath, Entry], lines: list[str]) -> Problem:
    """The problem with the nearest place that the file has for its key."""
    for depth in range(len(keys), 0, -1):
        entry = places.get(keys[:depth])
        if entry is not None:
            at = entry.key if "key" in problem.text.split(";")[0] else entry.value
            return Problem(problem.key, problem.text, at, lines[at.line - 1])
    return Problem(problem.key, problem.text, Position(1, 1, 1), "")
