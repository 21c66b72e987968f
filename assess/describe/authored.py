"""Authored TOML files to checked records: every problem at once, each with its line and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from assess.describe.complaints import complaints, known_keys, resolved_keys, unknown_key
from assess.describe.meant import as_meant
from assess.describe.positions import Path as KeyPath
from assess.describe.positions import Position
from assess.describe.problems import Complaint, InvalidFileError, Problem, all_without_place, placed_all
from assess.describe.syntax import syntax_problem
from assess.errors import AssessError

__all__ = ["InvalidFileError", "Problem", "Resolved", "load", "parse", "placed", "read"]

T = TypeVar("T", bound=BaseModel)

#: No profile comes near it (an operator list has some 60 kB); whatever does is no profile.
_LARGEST_BYTES: Final = 2**20
#: The deepest key of a profile has six parts. What is deeper by far costs the standard library's reader minutes
#: (dotted keys, each below a header of its own parts) or the stack (nested lists), so it is refused before either.
_DEEPEST: Final = 32
_MOST_PARTS: Final = 12
#: The longest shipped file has 391. Each costs a check, and some of them more than one.
_MOST_VALUES: Final = 10_000
#: What may hold dots that part no key: texts, and comments. Each alternative takes what is left where its end is
#: missing, so that a text is gone through once; the reader stops there anyway.
_NO_KEYS: Final = re.compile(
    r'''"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)|"(?:\\[^\n]|[^"\\\n])*+"?'''
    r"""|'{3}.*?(?:'{3,5}|\Z)|'[^'\n]*+'?|\#[^\n]*""",
    re.DOTALL,
)
_BETWEEN_KEYS: Final = re.compile(r"[=,\[\]{}]")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a file says, with all that it takes from the one that it is a variant of.

    Attributes:
        mapping: as a file that says everything itself would be read.
        place: where the file says it: the path of a key in the mapping to its path in the file, cut short where
            another file said it.
        base: id of the one that it extends; "" if it stands alone.
        wrong: what is wrong between the two, at paths of the file.
        is_whole: False if the other one cannot be used: then the mapping lacks what it would have said.
    """

    mapping: Mapping[str, Any]
    place: Callable[[KeyPath], KeyPath] = lambda keys: keys
    base: str = ""
    wrong: tuple[Complaint, ...] = ()
    is_whole: bool = True


Resolve = Callable[[Mapping[str, Any]], Resolved]
Also = Callable[[Mapping[str, Any]], Iterable[Complaint]]
#: Looks at what a file says itself, and at the whole that it makes.
Look = Callable[[Mapping[str, Any], Resolved], Iterable[Complaint]]


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
    resolve: Resolve = Resolved,
    also: Also = lambda mapping: (),
) -> T:
    """The record that a TOML file describes.

    Args:
        path: the file.
        schema: of the record.
        id: of the record.
        own: what the file says, where it was read already.
        resolve: adds what the file takes from another one, by what it says itself.
        also: what else is wrong in the mapping, by what is known beside this file.

    Raises:
        AssessError: as `read` does, or the file has problems: all of them, each with its line.
    """
    own = read(path) if own is None else own
    whole, found = _found(own, schema, resolve, also)
    if found:
        raise _placed(path, _text(path), _as_meant(own, schema, resolve, also) or found)
    return schema.model_validate({**whole.mapping, "id": id})


def placed(path: Path, schema: type[BaseModel], *, resolve: Resolve, look: Look) -> tuple[Problem, ...]:
    """What a look at a file, with its keys as they were meant, finds: each with its line.

    Nothing is looked at where a part is missing, since the file that it is a variant of cannot be used.

    Raises:
        AssessError: as `read` does.
    """
    text = _text(path)
    meant = as_meant(_parsed(text, path), schema)
    whole = resolve(meant.mapping)
    found = _moved(look(meant.mapping, whole), whole) if whole.is_whole else []
    return _placed(path, text, [replace(one, keys=meant.place(one.keys)) for one in found]).problems


def _found(
    own: Mapping[str, Any], schema: type[BaseModel], resolve: Resolve, also: Also
) -> tuple[Resolved, list[Complaint]]:
    whole = resolve(own)
    if not whole.is_whole:
        return whole, list(whole.wrong)
    return whole, [*whole.wrong, *_moved([*_complaints(whole.mapping, schema), *also(whole.mapping)], whole)]


def _as_meant(own: dict[str, Any], schema: type[BaseModel], resolve: Resolve, also: Also) -> list[Complaint]:
    """What is wrong if misspelt keys are read as they were meant; nothing if none is misspelt."""
    meant = as_meant(own, schema)
    if not meant.complaints:
        return []
    _, found = _found(meant.mapping, schema, resolve, also)
    return [*meant.complaints, *(replace(one, keys=meant.place(one.keys)) for one in found)]


def _moved(found: Iterable[Complaint], whole: Resolved) -> list[Complaint]:
    return [replace(complaint, keys=whole.place(complaint.keys)) for complaint in found]


def parse(mapping: Mapping[str, Any], schema: type[T], where: str) -> T:
    """The record that a mapping from a result file describes, by the rules of authored files.

    Raises:
        AssessError: all problems of the mapping.
    """
    if _is_too_deep(mapping):
        raise InvalidFileError(where, (Problem("", "is nested too deeply"),))
    found = _complaints(mapping, schema)
    if found:
        raise InvalidFileError(where, all_without_place(found))
    return schema.model_validate(mapping)


def _placed(path: Path, text: str, found: Iterable[Complaint]) -> InvalidFileError:
    return InvalidFileError(str(path), placed_all(list(found), text, _lines(text)))


def _lines(text: str) -> list[str]:
    """Lines as TOML counts them; `str.splitlines` breaks at more characters."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            problem = "is not a regular file" if path.exists() else "there is no such file"
            if path.is_dir():
                problem = "is a folder, not a file"
            if path.is_symlink() and not path.exists():
                problem = "is a symbolic link that leads nowhere, or in a circle"
            raise AssessError(problem, where=str(path))
        if path.stat().st_size > _LARGEST_BYTES:
            raise AssessError("is larger than 1 MiB: this is no profile", where=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace").split("\n")
        text = f"is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}"
        at = Position(len(before), len(before[-1]) + 1, 1)
        raise InvalidFileError(str(path), (Problem("", text, at),)) from error
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    at = _key_of_many_parts(text)
    if at is not None:
        problem = Problem("", f"a key has more than {_MOST_PARTS} parts: this is no profile", at)
        raise InvalidFileError(str(path), (problem,))
    try:
        mapping = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(text, path) from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidFileError(str(path), (syntax_problem(str(error), _lines(text)),)) from error
    except ValueError as error:  # Python refuses to read numbers of thousands of digits.
        raise InvalidFileError(
            str(path), (Problem("", "holds a number that is too long to be one", _line_of(text, r"\d", 4000)),)
        ) from error
    if _is_too_deep(mapping):
        raise _too_deep(text, path)
    if _holds_too_much(mapping):
        raise AssessError(f"holds more than {_MOST_VALUES} values: this is no profile", where=str(path))
    return mapping


def _key_of_many_parts(text: str) -> Position | None:
    """The first line with a key, or a table's header, of more parts than any; texts and comments do not count."""
    bare = _NO_KEYS.sub(lambda found: "\n" * found[0].count("\n"), text)
    for number, line in enumerate(_lines(bare), start=1):
        # Most lines have few dots, and a key cannot have more.
        if line.count(".") >= _MOST_PARTS and max(one.count(".") for one in _BETWEEN_KEYS.split(line)) >= _MOST_PARTS:
            return Position(number, 1, 1)
    return None


def _too_deep(text: str, path: Path) -> InvalidFileError:
    at = _line_of(text, r"[\[{]", _DEEPEST)
    return InvalidFileError(str(path), (Problem("", "is nested too deeply: this is no profile", at),))


def _line_of(text: str, what: str, times: int) -> Position | None:
    """The first line that has something so many times."""
    numbers = (number for number, line in enumerate(_lines(text), start=1) if len(re.findall(what, line)) > times)
    return next((Position(number, 1, 1) for number in numbers), None)


def _is_too_deep(mapping: Mapping[str, Any]) -> bool:
    """Without recursion, since that is what it protects from."""
    return len(list(islice(_levels(mapping), _DEEPEST + 1))) > _DEEPEST


def _holds_too_much(mapping: Mapping[str, Any]) -> bool:
    return sum(len(inner) for level in _levels(mapping) for inner in level) > _MOST_VALUES


def _levels(mapping: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The tables and lists of a mapping, by how deep they lie."""
    level: list[Any] = [mapping]
    while level:
        yield level
        nested = [one.values() if isinstance(one, Mapping) else one for one in level]
        level = [inner for one in nested for inner in one if isinstance(inner, Mapping | list)]


def _complaints(mapping: Mapping[str, Any], schema: type[BaseModel]) -> list[Complaint]:
    found: list[Complaint] = []
    resolved = [name for name in resolved_keys(schema) if name in mapping]
    found.extend(unknown_key((name,), partial(known_keys, schema)) for name in resolved)
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
