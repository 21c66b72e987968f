"""Signals that end the command, from its first line on; so it imports nothing that takes time."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

#: SIGINT is Ctrl-C, SIGHUP a terminal that is gone (not everywhere), SIGTERM whoever runs the machine.
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
_INTERRUPTED: Final = 130
Handler = Callable[..., NoReturn]


def quit_on_signals() -> None:
    """From here on a signal ends the process at once: there is nothing to tidy up, and no result to lose.

    What is ignored stays ignored, as SIGHUP is under nohup.
    """
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _quit)


def raise_on_signals() -> None:
    """From here on it is a KeyboardInterrupt: children have to be ended, files to be removed, a run to be saved.

    Only where `quit_on_signals` was called: a program that calls commands has its own way of ending.
    """
    _replace(_quit, _stop)


def quit_on_signals_again() -> None:
    """Once the command is done, where `raise_on_signals` changed something."""
    _replace(_stop, _quit)


def end_interrupted() -> NoReturn:
    """End with the exit code of an interrupted command.

    Python would kill itself with SIGINT where the interrupt came within an `exec`, as in making a dataclass, even if it
    was caught; so it is not left to Python.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(_INTERRUPTED)


def _replace(old: Handler, new: Handler) -> None:
    for number in _ENDING:
        if signal.getsignal(number) is old:
            signal.signal(number, new)


def _quit(*_: object) -> NoReturn:
    # An exception would be lost, or told with a traceback, where Python itself imports or ends.
    try:
        os.write(2, b"interrupted\n")
    finally:
        os._exit(_INTERRUPTED)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt
