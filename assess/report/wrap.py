"""Text in lines: never broken at a hyphen, nor between a number and its unit."""

from __future__ import annotations

import re
import textwrap
from typing import Final

_UNIT: Final = re.compile(
    r"(?<=\d) (?=(?:[kMG]?B|[num]?s|[kMG]?Hz|m?W|[mu]?J|[kMGT]?MACs|[MGT]OPS|[kMGT]B/s|degC|frames?|threads?)\b)"
)
#: What `textwrap` does not take for a space.
_HELD: Final = "\N{NO-BREAK SPACE}"


def wrapped(text: str, width: int, hanging: str = "", *, first: str = "") -> list[str]:
    """The text in lines of at most `width` columns; all but the first begin with `hanging`.

    Ids and options are full of hyphens and are there to be copied.
    """
    held = _UNIT.sub(_HELD, text)
    lines = textwrap.wrap(
        held, width, initial_indent=first, subsequent_indent=hanging, break_on_hyphens=False, tabsize=1
    )
    return [line.replace(_HELD, " ") for line in lines]
