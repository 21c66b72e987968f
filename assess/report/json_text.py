"""JSON for programs that is safe to look at, too."""

from __future__ import annotations

from json import dumps
from typing import Any


def json_text(value: Any) -> str:
    """The value in indented lines; what could steer a terminal or hides in a line is escaped in its strings."""
    # Between strings there are only printable characters and line ends, which within strings are escaped already.
    lines = dumps(value, indent=2, ensure_ascii=False).split("\n")
    return "".join(f"{''.join(char if char.isprintable() else dumps(char)[1:-1] for char in line)}\n" for line in lines)
