"""The inventory of boards, as the commands take it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

InventoryOption = Annotated[
    Path | None,
    typer.Option(
        "--inventory",
        metavar="FILE",
        readable=False,  # It is told in our own words.
        help="Names of boards; default: ASSESS_TARGETS, ./targets.toml, ~/.config/assess/targets.toml.",
    ),
]
