"""Authored TOML files to checked records: every problem at once, each with its line and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from assess.describe.complaints import complaints, resolved_keys, unknown_key
from assess.describe.extends import Merged, merged
from assess.describe.positions import Position, positions
from assess.describe.problems import Complaint, InvalidFileError, Problem
from assess.errors import AssessError

__all__ = ["InvalidFileError", "Problem", "invalid_file", "load", "parse", "read"]

T = TypeVar("T", bound=BaseModel)
Base = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]

#: No profile comes near it (an operator list has some 60 kB); whatever does is no profile.
_LARGEST_BYTES: Final = 2**20
#: The deepest key of a profile has six parts. What is deeper by far costs the standard library's reader minutes
#: (long dotted keys) or the stack (nested lists), so it is refused before either.
_DEEPEST: Final = 32
_MOST_DOTS: Final = 500

#: What the standard library's reader says, and what it means to an author.
_SYNTAX: Final = (
    ("Cannot overwrite a value", "this key is set already"),
    ("Cannot declare", "this table is there already"),
    ("Illegal character '\\n'", "the text is not closed by a quote on its line"),
    ("Invalid value", "no value: text stands in quotes, a number with a unit is text"),
)


def read(path: Path) -> dict[str, Any]:
    """The mapping that a TOML file holds.

    Raises:
        AssessError: the file is missing, no regular file, too large, not UTF-8, or not TOML.
    """
    return _parsed(_text(path), path)


def load(
    path: Path,
    schema: type[T],
    *,
    id: str,  # noqa: A002 - it is the record's own word
    own: dict[str, Any] | None = None,
    base: Base = lambda own: None,
    also: Callable[[Mapping[str, Any]], Iterable[Complaint]] = lambda mapping: (),
) -> T:
    """The record that a TOML file describes.

    Args:
        path: the file.
        schema: of the record.
        id: of the record.
        own: what the file says, where it was read already.
        base: finds what the file is a variant of, as it was read, by what the file says.
        also: what else is wrong in the mapping, by what is known beside this file.

    Raises:
        AssessError: as `read` does, or the file has problems: all of them, each with its line.
    """
    both = _merged(read(path) if own is None else own, base)
    found = [*_complaints(both.mapping, schema), *also(both.mapping)]
    if found:
        raise _placed(path, _text(path), _moved(found, both))
    return schema.model_validate({**both.mapping, "id": id})


def placed(path: Path, base: Base, look: Callable[[Mapping[str, Any]], Iterable[Complaint]]) -> tuple[Problem, ...]:
    """What a look at a file's mapping finds, each with its line.

    Raises:
        AssessError: as `read` does.
    """
    text = _text(path)
    both = _merged(_parsed(text, path), base)
    return _placed(path, text, _moved(look(both.mapping), both)).problems


def _merged(own: dict[str, Any], base: Base) -> Merged:
    of = base(own)
    return Merged(own, lambda keys: keys) if of is None else merged(own, of)


def _moved(found: Iterable[Complaint], both: Merged) -> list[Complaint]:
    return [replace(complaint, keys=both.place(complaint.keys)) for complaint in found]


def parse(mapping: Mapping[str, Any], schema: type[T], where: str) -> T:
    """The record that a mapping from a result file describes, by the rules of authored files.

    Raises:
        AssessError: all problems of the mapping.
    """
    if _is_too_deep(mapping):
        raise InvalidFileError(where, (Problem("", "is nested too deeply"),))
    found = _complaints(mapping, schema)
    if found:
        raise InvalidFileError(where, tuple(complaint.without_place() for complaint in found))
    return schema.model_validate(mapping)


def invalid_file(path: Path, found: Iterable[Complaint]) -> InvalidFileError:
    """An error about a file that is valid by itself, but not together with other files."""
    return _placed(path, _text(path), found)


def _placed(path: Path, text: str, found: Iterable[Complaint]) -> InvalidFileError:
    lines, places = _lines(text), positions(text)
    problems = [complaint.placed(places, lines) for complaint in found]
    problems.sort(key=lambda one: (one.at.line, one.at.column) if one.at else (0, 0))
    return InvalidFileError(str(path), tuple(problems))


def _lines(text: str) -> list[str]:
    """Lines as TOML counts them; `str.splitlines` breaks at more characters."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            problem = "is not a regular file" if path.exists() else "there is no such file"
            if path.is_symlink() and not path.exists():
                problem = "is a symbolic link that leads nowhere, or in a circle"
            raise AssessError(problem, where=str(path))
        if path.stat().st_size > _LARGEST_BYTES:
            raise AssessError("is larger than 1 MiB: this is no profile", where=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AssessError(
            f"is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}", where=str(path)
        ) from error
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    for number, line in enumerate(_lines(text), start=1):
        if line.count(".") > _MOST_DOTS:
            at = Position(number, 1, 1)
            raise InvalidFileError(str(path), (Problem("", f"has more than {_MOST_DOTS} dots in one line", at),))
    too_deep = InvalidFileError(str(path), (Problem("", "is nested too deeply: this is no profile"),))
    try:
        mapping = tomllib.loads(text)
    except RecursionError:
        raise too_deep from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidFileError(str(path), (_syntax_problem(str(error), _lines(text)),)) from error
    except ValueError as error:  # Python refuses to read numbers of thousands of digits.
        raise InvalidFileError(str(path), (Problem("", "holds a number that is too long to be one"),)) from error
    if _is_too_deep(mapping):
        raise too_deep
    return mapping


def _syntax_problem(message: str, lines: list[str]) -> Problem:
    match = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    line = int(match[1]) if match and match[1] else len(lines)
    column = int(match[2]) if match and match[2] else len(lines[-1]) + 1
    said = message[: match.start()] if match else message
    meaning = next((words for start, words in _SYNTAX if said.startswith(start)), f"{said[:1].lower()}{said[1:]}")
    return Problem("", f"not TOML: {meaning}", Position(line, column, 1), lines[line - 1])


def _is_too_deep(mapping: Mapping[str, Any]) -> bool:
    """Without recursion, since that is what it protects from."""
    level: list[Any] = [mapping]
    for _ in range(_DEEPEST):
        nested = [one.values() if isinstance(one, Mapping) else one for one in level]
        level = [inner for one in nested for inner in one if isinstance(inner, Mapping | list)]
        if not level:
            return False
    return True


def _complaints(mapping: Mapping[str, Any], schema: type[BaseModel]) -> list[Complaint]:
    found: list[Complaint] = []
    resolved = [name for name in resolved_keys(schema) if name in mapping]
    found.extend(unknown_key((name,), schema) for name in resolved)
    if "id" in mapping:
        found.append(Complaint(("id",), "unknown key; the file's name is the id", is_of_key=True))
    try:
        schema.model_validate({key: value for key, value in mapping.items() if key not in ("id", *resolved)})
    except ValidationError as error:
        found.extend(complaints(error, schema))
    # Rules between keys are looked up in the mapping itself, so that a wrong key elsewhere does not hide them.
    between = getattr(schema, "contradictions", None)
    if between is not None:
        found.extend(Complaint(keys, text) for keys, text in between(mapping))
    return found
