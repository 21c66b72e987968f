"""How a run says that a signal to this process ended it; no other place writes or reads those words.

`run.json` keeps them as the text of `incomplete`, so they belong to the format: files of assess.run/2 are told by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assess.measure.measurement import Measurement

_STOPPED: Final = "stopped by "


def stopped_by(signal: str, when: str) -> str:
    """Why a run is incomplete that a signal ended; `when` says after or before what."""
    return f"{_STOPPED}{signal} {when}"


def was_stopped(measurement: Measurement) -> bool:
    """Whether the user, or who asked for the command, ended a run early: by a signal to this process."""
    return measurement.incomplete.startswith(_STOPPED)
