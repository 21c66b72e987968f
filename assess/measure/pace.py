"""Wait for a release: sleep until shortly before it, then watch the clock."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_TIMERSLACK: Final = 29  # linux/prctl.h


class Pacer:
    """Waits until an instant of the clock, and returns no earlier.

    Watching the clock costs a CPU for `margin_ns` of each period; sleeping to the end would be late by what the system
    takes to wake a process, some 50 to 150 us.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        sleep: Callable[[float], object],
        margin_ns: int,
        watch: Callable[[int], object] | None = None,
    ) -> None:
        """Take the world; `watch` watches the clock until an instant, tests have one that costs no time."""
        self._clock, self._sleep, self._margin_ns = clock, sleep, margin_ns
        self._watch = watch or self._spin

    def until(self, instant_ns: int) -> None:
        """Return as soon as the clock shows `instant_ns` or more."""
        left_ns = instant_ns - self._clock()
        if left_ns > self._margin_ns:
            self._sleep((left_ns - self._margin_ns) * 1e-9)
        self._watch(instant_ns)

    def _spin(self, instant_ns: int) -> None:
        clock = self._clock
        while clock() < instant_ns:
            pass


def wake_exactly() -> None:
    """Ask the kernel not to put off this thread's timers: it may by 50 us to save wake-ups (man 2 prctl)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
