"""How far each session of a lab is, as clients tell the scheduler: one dictionary, which what ended is taken from."""

from __future__ import annotations

from typing import Any, Final

#: Under this key of the scheduler's metadata clients say how far they are, each by the id of its session.
STATES: Final = "assess"
#: A session says how far it is every two seconds; one that did not for so long is over, or cut off.
_FRESH_S: Final = 30.0


def fresh(states: Any, now_s: float, ended: str = "") -> dict[str, Any]:
    """What sessions said lately, by their ids; what is of another form was written by others.

    Args:
        states: as the scheduler has them.
        now_s: the time of day, in seconds.
        ended: id of a session that is over, whatever it said.
    """
    if not isinstance(states, dict):
        return {}
    return {session: state for session, state in states.items() if session != ended and _is_fresh(state, now_s)}


def _is_fresh(state: Any, now_s: float) -> bool:
    match state:
        case {"at": float(at)}:
            return now_s - at <= _FRESH_S
    return False
