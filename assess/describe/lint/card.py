"""What is wrong with a model card in its place: files that are not there or are others, licences that are none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from assess.describe.beside import beside
from assess.describe.licences import NoExpressionError, parse
from assess.describe.lint.check import Seen, check
from assess.describe.mapping import table, tables
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint
from assess.errors import AssessError

_CHUNK_BYTES: Final = 2**20
#: How an ONNX file names another one that weights lie in: the first key of an entry. Such a model is identified by all
#: of its files together, which takes reading it.
_NAMES_ANOTHER: Final = b"\x0a\x08location"
#: What a card says of data in which nobody has rights.
_NO_RIGHTS: Final = "none"


def wrong_in_place(card: Path, mapping: Mapping[str, Any]) -> Iterator[Complaint]:
    """Errors of a card that its text alone does not show."""
    for keys, entry in _entries(mapping):
        for key in ("file", "data", "sample"):
            if isinstance(name := entry.get(key), str) and name:
                yield from _of_file(card.parent, (*keys, key), name, (*keys, "sha256"), entry)
    for keys, licence in _licences(mapping):
        try:
            parse(licence)
        except NoExpressionError as error:
            yield Complaint(keys, str(error))


def _entries(mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Every table that may name a file; the card itself too, unless a variant says the same of it."""
    variants = list(tables(mapping, "variant"))
    if not any(one.get("file") == mapping.get("file") for _, one in variants):
        yield (), {key: value for key, value in mapping.items() if key in ("file", "sha256")}
    for name in ("teacher", "references", "recipe", "evaluation"):
        yield (name,), table(mapping, name)
    for name in ("input", "variant"):
        for index, one in tables(mapping, name):
            yield (name, index), one


def _of_file(
    folder: Path, keys: KeyPath, name: str, stated_at: KeyPath, entry: Mapping[str, Any]
) -> Iterator[Complaint]:
    try:
        path = beside(folder, name)
        if not path.is_file():
            yield Complaint(keys, f"there is no file {name!r} beside the card")
            return
        stated = entry.get("sha256")
        found = _sha256(path) if isinstance(stated, str) and keys[-1] == "file" else None
    except (AssessError, OSError) as error:
        yield Complaint(keys, getattr(error, "problem", None) or f"{name!r} cannot be read: {error}")
        return
    if found is not None and found != stated:
        yield Complaint(stated_at, f"is not that of {name!r}, which is {found}")


def _sha256(path: Path) -> str | None:
    """Of a file's content; None where the content alone does not identify the model."""
    digest, before = hashlib.sha256(), b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if path.suffix == ".onnx" and _NAMES_ANOTHER in before + chunk:
                return None
            digest.update(chunk)
            before = chunk[-len(_NAMES_ANOTHER) :]
    return digest.hexdigest()


def _licences(mapping: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Every licence that is stated; one that is not is the criterion's to ask for."""
    places: list[tuple[KeyPath, Mapping[str, Any]]] = [((), mapping), (("teacher",), table(mapping, "teacher"))]
    places += [(("data", index), one) for index, one in tables(mapping, "data")]
    for keys, entry in places:
        licence = entry.get("licence")
        if isinstance(licence, str) and licence and not (keys[:1] == ("data",) and licence == _NO_RIGHTS):
            yield (*keys, "licence"), licence


@check("no-licence", "models")
def no_licence(seen: Seen) -> Iterator[Complaint]:
    """A model card that states no licence: no partner accepts the model."""
    if seen.own.get("licence") == "":
        yield Complaint(("licence",), "states none: write an SPDX expression, or ask the model's author")
