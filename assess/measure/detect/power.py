"""Power modes of a Jetson, as nvpmodel keeps them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.measure import identity
from assess.measure.detect.board import plain
from assess.measure.detect.facts import Fact, PowerMode
from assess.measure.kernel_files import text_of, whole_number

_MODE: Final = re.compile(r"<\s*POWER_MODEL\s+ID=([0-9]+)\s+NAME=(\S+?)\s*>")
#: 15W, MODE_30W, MODE_15W_6CORE; not MAXN.
_WATTS: Final = re.compile(r"(?:^|_)([0-9]{1,4})W(?:_|$)")

_NONE: Final = "no nvpmodel status: only Jetson boards have one"


def power_modes(root: Path) -> tuple[PowerMode, ...]:
    """All of them, in the file's order."""
    found = _MODE.findall(text_of(root / identity.NVPMODEL_MODES))
    return tuple(
        PowerMode(number, name, _watts(name))
        for digits, name in found
        if (number := whole_number(digits)) is not None and plain(name)
    )


def power_mode(root: Path) -> Fact[PowerMode] | str:
    """The one that is set, or why there is none; its name is what `read_host` reports."""
    set_now = identity.power_mode(root)
    if not set_now.text:
        return _NONE
    status = re.search(r"pmode:([0-9]+)", text_of(root / identity.NVPMODEL_STATUS))
    number = whole_number(status[1]) if status else None
    if number is None or not plain(set_now.text):
        return f"{set_now.source} holds no mode"
    return Fact(PowerMode(number, set_now.text, _watts(set_now.text)), set_now.source)


def _watts(name: str) -> float | None:
    match = _WATTS.search(name)
    return float(match[1]) if match else None
