"""Files that were opened: each is read once, and what was made of it is made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

from assess.describe.authored import read
from assess.errors import AssessError

T = TypeVar("T")


def _read(file: Path) -> dict[str, Any] | AssessError:
    """What a file says, or why it cannot be read: that is not tried again for each of its neighbours."""
    try:
        return read(file)
    except AssessError as error:
        return error


class Opened:
    """What is known of files that were opened; it only grows."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}
        self._notes: dict[str, None] = {}

    def own(self, file: Path) -> dict[str, Any]:
        """What a file says itself.

        Raises:
            AssessError: it cannot be read.
        """
        found = self.once(("own", file), lambda: _read(file))
        if isinstance(found, AssessError):
            raise found.with_traceback(None)
        return found

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, made when it is first asked for by this key."""
        if key not in self._made:
            self._made[key] = make()
        return cast("T", self._made[key])

    def note(self, text: str) -> None:
        """Keep what a user may not expect; once."""
        self._notes[text] = None

    @property
    def notes(self) -> tuple[str, ...]:
        """All that were kept, in their order."""
        return tuple(self._notes)
