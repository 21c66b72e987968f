"""Power modes of a Jetson, as nvpmodel keeps them: its configuration has their names, its status file a number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from assess.measure.kernel_files import text_of, whole_number

_STATUS: Final = "var/lib/nvpmodel/status"
_MODES: Final = "etc/nvpmodel.conf"

#: The name is printable ASCII: what could steer a terminal is none.
_MODE: Final = re.compile(r"<\s*POWER_MODEL\s+ID=([0-9]+)\s+NAME=([!-~]{1,100}?)\s*>")

#: Why a host has no power mode.
NO_STATUS: Final = "no nvpmodel status: only Jetson boards have one"


class Mode(NamedTuple):
    """A power mode.

    Attributes:
        number: that `nvpmodel -m` takes.
        name: as the configuration has it; "mode 8" where it does not list the number.
        source: the files that it was read from.
    """

    number: int
    name: str
    source: str


def modes(root: Path) -> tuple[Mode, ...]:
    """All modes, in the configuration's order."""
    return tuple(
        Mode(number, name, f"/{_MODES}")
        for digits, name in _MODE.findall(text_of(root / _MODES))
        if (number := whole_number(digits)) is not None
    )


def current(root: Path) -> Mode | None:
    """The mode that is set; None on boards that have none."""
    status = re.search(r"pmode:([0-9]+)", text_of(root / _STATUS))
    number = whole_number(status[1]) if status else None
    if number is None:
        return None
    name = next((mode.name for mode in modes(root) if mode.number == number), "")
    return Mode(number, name, f"/{_STATUS} and /{_MODES}") if name else Mode(number, f"mode {number}", f"/{_STATUS}")
