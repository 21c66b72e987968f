"""Files that calls write on a board, in the folder of their job."""

from __future__ import annotations

from typing import Final

RUN_FILE: Final = "run.json"
BASELINE_FILE: Final = "baseline.json"
