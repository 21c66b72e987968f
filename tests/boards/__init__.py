"""Boards to test on: a real sshd each, on this machine, with keys and configuration of its own and nothing of a user's.

A board is had for the time of a `with` block; `python -m boards NAME` in `tests/` keeps one up to work with by hand.
"""

from boards.board import Board
from boards.kinds import KINDS, Kind, missing, start

__all__ = ["KINDS", "Board", "Kind", "missing", "start"]
