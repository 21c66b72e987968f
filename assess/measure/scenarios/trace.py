"""Scenario: frames arrive as they once did, from a recorded list; it is played over and over if it is too short."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assess.measure.scenarios.scenario import Scenario


def played_ns(offsets: Sequence[int]) -> int:
    """Nanoseconds after which a list begins again; one second where all its releases are at one instant."""
    between = offsets[-1] // (len(offsets) - 1) if len(offsets) > 1 else 0
    return offsets[-1] + between or 1_000_000_000


def trace(asked: Mapping[str, Any]) -> Scenario:
    """Releases at the nanoseconds in the file "releases" (64-bit integers), counted from the first.

    When they are used up the list begins again, as long after its last release as its releases are apart on average.
    """
    offsets = array("q", Path(asked["releases"]).read_bytes())
    length = played_ns(offsets)

    def releases(begin_ns: int) -> Iterator[int]:
        while True:
            for offset in offsets:
                yield begin_ns + offset
            begin_ns += length

    return Scenario(releases=releases)
