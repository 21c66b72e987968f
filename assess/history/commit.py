"""Which commit a model belongs to: that of the work tree it lies in."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

_TIMEOUT_S: Final = 5.0
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commit_of(path: Path) -> str:
    """The commit that is checked out where a file lies; "" in no work tree, in one without commits, or without git."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        ended = subprocess.run(
            [git, "-C", str(path.resolve().parent), "rev-parse", "HEAD"],
            capture_output=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):  # A network that hangs is no reason to lose a run.
        return ""
    said = ended.stdout.decode("ascii", "replace").strip()
    return said if ended.returncode == 0 and _COMMIT.fullmatch(said) else ""
