"""The boards of an inventory, as a table for people and as JSON (assess.targets/1) for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from assess.clean import clean
from assess.describe.inventory import Target
from assess.report.json_text import json_text

SCHEMA: Final = "assess.targets/1"


def targets_text(found: Sequence[Target]) -> str:
    """A line for each, in columns; what came from the file is data in it."""
    rows: list[tuple[str, ...]] = [("NAME", "ADDRESS", "DEVICE", "TAGS", "NOTE")]
    rows += [(one.name, one.address, one.device or "-", ", ".join(one.tags) or "-", one.note) for one in found]
    cells = [tuple(map(clean, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "".join(f"{line}\n" for line in lines)


def targets_json(found: Sequence[Target]) -> str:
    """All that the file says of each, and what holds where it says nothing."""
    return json_text({"schema": SCHEMA, "targets": [_plain(one) for one in found]})


def _plain(one: Target) -> dict[str, Any]:
    return {
        "name": one.name,
        "address": one.address,
        "user": one.at.user or None,
        "host": one.at.host,
        "port": one.at.port,
        "device": one.device or None,
        "python": one.python or None,
        "folder": one.folder,
        "before": one.before,
        "after": one.after,
        "cool_down_s": one.cool_down,
        "wait_s": one.wait,
        "tags": one.tags,
        "note": one.note,
    }
