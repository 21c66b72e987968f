"""Power modes of a Jetson, with the budgets that their names state."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from assess.measure import nvpmodel
from assess.measure.detect.facts import Fact, PowerMode

#: 15W, MODE_30W, MODE_15W_6CORE; not MAXN.
_WATTS: Final = re.compile(r"(?:^|_)([0-9]{1,4})W(?:_|$)")


def power_modes(root: Path) -> tuple[PowerMode, ...]:
    """All of them, in the file's order."""
    return tuple(_with_budget(mode) for mode in nvpmodel.modes(root))


def power_mode(root: Path) -> Fact[PowerMode] | str:
    """The one that is set, or why there is none; its name is what `read_host` reports."""
    mode = nvpmodel.current(root)
    return Fact(_with_budget(mode), mode.source) if mode else nvpmodel.NO_STATUS


def _with_budget(mode: nvpmodel.Mode) -> PowerMode:
    watts = _WATTS.search(mode.name)
    return PowerMode(mode.number, mode.name, float(watts[1]) if watts else None)
