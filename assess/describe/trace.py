"""Release times of frames as they were once recorded, from a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from assess.errors import AssessError

#: A day of a kilohertz sensor; a file without end is not read to its end.
_MOST_ROWS: Final = 100_000_000
#: Seconds: 300 years, so that nanoseconds stay within 64 bits, and times since 1970 are allowed.
_LATEST: Final = 9_000_000_000
_HINT: Final = "one release a line, in seconds, ascending; a header line is allowed"


def read_trace(path: Path) -> tuple[int, ...]:
    """Release times in whole nanoseconds, counted from the first; the first column of the file, in seconds.

    Raises:
        AssessError: the file cannot be read, has fewer than two releases, or one that is no time or too early.
    """
    if path.exists() and not path.is_file():
        raise AssessError("is no plain file", where=str(path), hint=_HINT)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _releases(csv.reader(file), str(path))
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AssessError(f"is not a CSV file: {error}", where=str(path), hint=_HINT) from error


def _releases(rows: Iterable[list[str]], where: str) -> tuple[int, ...]:
    found: list[int] = []
    may_be_header = True
    for number, row in enumerate(rows, start=1):
        if not row or not row[0].strip() or row[0].lstrip().startswith("#"):
            continue
        instant_s, is_first, may_be_header = _number(row[0]), may_be_header, False
        if instant_s is None and is_first and row[0].lstrip()[0] not in "0123456789+-.":
            continue  # The header; what begins like a number is a broken one, and no frame is lost in silence.
        if instant_s is None:
            raise AssessError(f"line {number}: {row[0]!r:.40} is no time", where=where, hint=_HINT)
        instant_ns = round(instant_s * 10**9)
        if found and instant_ns < found[-1]:
            raise AssessError(f"line {number}: {row[0]:.40} is before the release above it", where=where, hint=_HINT)
        if len(found) == _MOST_ROWS:
            raise AssessError(f"has more than {_MOST_ROWS} releases", where=where)
        found.append(instant_ns)
    if len(found) < 2:
        raise AssessError("has fewer than two releases", where=where, hint=_HINT)
    return tuple(instant - found[0] for instant in found)


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)  # Exact: a float of today's seconds since 1970 has no nanoseconds.
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < _LATEST else None
