"""A trend as JSON, schema assess.history/1. Values are in base units: seconds, bytes, joules, counts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from assess.project.history import Trend
from assess.report.json_text import json_text

SCHEMA: Final = "assess.history/1"


def json(trend: Trend) -> str:
    """The trend with every run of it; levels name their first and last run by index."""
    return json_text(
        {
            "schema": SCHEMA,
            "metric": trend.metric,
            "unit": trend.unit or None,
            "series": asdict(trend.series),
            "sha256": trend.sha256 or None,
            "runs": [asdict(point) for point in trend.points],
            "levels": None if trend.absent else [asdict(level) for level in trend.levels],
            "absent": trend.absent or None,
            "searched_from": trend.searched_from,
            "older": trend.older,
            "others": [asdict(other) for other in trend.others],
        }
    )
