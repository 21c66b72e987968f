"""Files of results as JSON: read whole, in bounds, and refused where JSON would let two meanings pass."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError

#: Of a whole number: 64 bits have 19, and a sign.
_MOST_DIGITS: Final = 20


def read_text(path: Path, most_bytes: int, what: str) -> str:
    """The text of a file of results.

    Args:
        path: of the file.
        most_bytes: a larger one is refused.
        what: that it should hold, e.g. "run".

    Raises:
        AssessError: it cannot be read, is no plain file, too large, or no text.
    """
    try:
        check_size(path.stat().st_size, most_bytes, what, str(path))
        if path.exists() and not path.is_file():
            raise AssessError("is no plain file", where=str(path))
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
        return content.decode("utf-8")
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise AssessError(f"is not a {what}: not UTF-8 text", where=str(path)) from error


def check_size(size: int, most_bytes: int, what: str, where: str) -> None:
    """Refuse what is too large.

    Raises:
        AssessError: it is.
    """
    if size > most_bytes:
        raise AssessError(f"is larger than {most_bytes // 2**20} MiB, no {what} is", where=where)


def loads(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: it is no JSON, nested too deeply, or has a key twice or a number that is none or too large.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite, parse_int=_counted
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg}, line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r:.80} is there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number that a result can hold")


def _counted(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text:.40} is too large a number")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text:.40} is too large a number")
    return value
