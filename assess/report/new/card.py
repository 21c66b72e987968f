"""The text of a new model card: what the file itself tells, and every other key in a comment that explains it."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from textwrap import wrap
from typing import Any, Final

from assess.clean import clean
from assess.describe.card import Card, CardInput
from assess.describe.licences import NoExpressionError, parse
from assess.describe.model import Model, Port
from assess.describe.quantity import Authored
from assess.report.toml_text import text

_WIDTH: Final = 118
#: Tables that other commands fill in: a card that is written by hand has none.
_OF_DISTILLING: Final = ("variant", "references", "recipe")
_WRITTEN: Final = ("id", "name", "file", "sha256", "licence", "dims", "input", "output", *_OF_DISTILLING)


def new_card(model: Model, name: str) -> str:
    """A card of this file; it can be used as it is, once the licence is filled in."""
    lines = [
        f"# The card of {clean(model.name)}. Fill in: take the # away from each key that you can answer; what is not",
        "# known stays out. `assess profile lint` checks it; `assess profile schema card` tells an editor the keys.",
        f"name = {text(name)}",
        f"file = {text(model.name)}",
        f"sha256 = {text(model.sha256)}",
        *_licence(model),
        *_keys(Card),
        *_dims(model),
    ]
    for port in model.inputs:
        lines += ["", "[[input]]", f"name = {text(port.name)}{_shape(port)}", *_meaning(port)]
        lines += _keys(CardInput, but=("name", "meaning"))
    for port in model.outputs:
        known = "" if port.meaning else "# "
        meaning = f"{known}meaning = {text(port.meaning)}"
        lines += ["", f"{known}[[output]]", f"{known}name = {text(port.name)}{_shape(port)}", meaning]
    return "\n".join([*lines, *_tables()]) + "\n"


def _licence(model: Model) -> list[str]:
    """What the file itself says, if it is a licence."""
    comment = '# SPDX expression, such as "Apache-2.0" or "MIT OR Apache-2.0"'
    try:
        parse(model.licence)
    except NoExpressionError:
        said = [f"# The file says {text(model.licence)}, which is no SPDX expression."] if model.licence else []
        return [*said, f'licence = ""  # fill in: {comment[2:]}']
    return [f"licence = {text(model.licence)}  # as the file says"]


def _shape(port: Port) -> str:
    return f"  # {port.dtype}, {'x'.join(map(str, port.shape)) or 'a single number'}"


def _meaning(port: Port) -> list[str]:
    if port.meaning:
        return [f"meaning = {text(port.meaning)}  # as its name or the graph tells"]
    return list(_key("meaning", '""', CardInput.model_fields["meaning"].description or ""))


def _dims(model: Model) -> list[str]:
    if not model.dims:
        return []
    return ["", "[dims]", *(f"{text(name)} = {size}" for name, size in model.dims.items())]


def _tables() -> Iterator[str]:
    """Every table of the card that only its author can fill in."""
    for name, field in Card.model_fields.items():
        if name in _WRITTEN or (record := _record(field.annotation)) is None:
            continue
        is_list = typing.get_origin(field.annotation) is tuple
        yield ""
        yield from _said(field.description or "")
        yield f"# [[{name}]]" if is_list else f"# [{name}]"
        yield from _keys(record)


def _keys(record: type[Authored], but: tuple[str, ...] = _WRITTEN) -> Iterator[str]:
    """Every plain key of a record, in a comment."""
    for name, field in record.model_fields.items():
        is_table = _record(field.annotation) is not None
        if (name in but and record in (Card, CardInput)) or (is_table and record is Card):
            continue
        value = "{ value = 0.0, low = 0.0, high = 0.0 }" if is_table else _sample(field.annotation)
        yield from _key(field.alias or name, value, field.description or "")


def _key(name: str, value: str, description: str) -> Iterator[str]:
    line = f"# {name} = {value}"
    if len(line) + len(description) + 4 <= _WIDTH:
        yield f"{line}  # {description}"
    else:
        yield from _said(description)
        yield line


def _said(description: str) -> list[str]:
    return [f"#   {line}" for line in wrap(description, _WIDTH - 4)]


def _record(annotation: Any) -> type[Authored] | None:
    """The record of a table, or of a list of tables; None for anything else."""
    if isinstance(annotation, type) and issubclass(annotation, Authored):
        return annotation
    if _is_union(annotation) or typing.get_origin(annotation) is tuple:
        return next((found for each in typing.get_args(annotation) if (found := _record(each)) is not None), None)
    return None


def _is_union(annotation: Any) -> bool:
    return isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union


def _sample(annotation: Any) -> str:
    """A value of the type that a key has."""
    if typing.get_origin(annotation) is tuple:
        return "[]"
    if typing.get_origin(annotation) is typing.Literal:
        return text(next(word for word in typing.get_args(annotation) if word))
    if typing.get_origin(annotation) is typing.Annotated:
        return _sample(typing.get_args(annotation)[0])
    if _is_union(annotation):
        return _sample(typing.get_args(annotation)[0])
    return {int: "1", float: "0.0"}.get(annotation, '""')
