"""The process on a board that does what a job asks; it ends with the agent that began it."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main() -> None:
    """Do what the job in the folder that the command line names is asked; what came of it is in a file there."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    _die_with(parent)
    asked = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    os.chdir(folder / "tree")
    answer = _answered(asked)
    temporary = folder / "answer.part"
    temporary.write_text(json.dumps(answer, allow_nan=False), encoding="utf-8")
    temporary.replace(folder / "answer.json")


def _answered(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a call gives, or the error that it raises, as JSON."""
    from assess.errors import AssessError, ProcessFailedError
    from assess.target.board.calls import CALLS

    call: Callable[[Mapping[str, Any], Any], Any] = CALLS[asked["call"]]
    with _progress() as tell:
        try:
            return {"answer": call(asked, tell)}
        except AssessError as error:
            failed = isinstance(error, ProcessFailedError)
            told = {"problem": error.problem, "where": error.where, "hint": error.hint, "failed": failed}
            return {"error": told}
        except KeyboardInterrupt:
            return {"interrupted": True}


class _Progress:
    """Progress as lines of JSON on a file; in silence where nobody wants it."""

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file

    def __enter__(self) -> Callable[[str, float | None, float | None], None]:
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def _tell(self, what: str, done: float | None, left_s: float | None) -> None:
        if self._file is not None:
            try:
                self._file.write(json.dumps([what, done, left_s]) + "\n")
                self._file.flush()
            except OSError:  # The agent is gone, and this process goes with it.
                self._file = None


def _progress() -> _Progress:
    number = os.environ.get("ASSESS_PROGRESS_FD", "")
    return _Progress(os.fdopen(int(number), "w", encoding="utf-8") if number.isdigit() else None)


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process when the agent ends, however it ends; what it starts then does so too."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    main()
