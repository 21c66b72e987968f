"""Check: sources that nothing was read in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assess.describe.lint.check import Seen, check
from assess.describe.problems import Complaint
from assess.describe.suggestions import did_you_mean


@check("unused-source", "devices")
def unused_source(seen: Seen) -> Iterator[Complaint]:
    """A source that no number names: left over, or a number names another by mistake."""
    sources = seen.library.own(seen.file).get("sources")  # What a base has beside is the base's matter.
    if not isinstance(sources, Mapping):
        return
    used = set(_named(seen.mapping))
    for key in sources:
        if key not in used:
            nearest = (
                did_you_mean(key, wrong) if (wrong := sorted(used - set(seen.mapping["sources"]))) else "leave it out"
            )
            yield Complaint(("sources", key), f"no number names it; {nearest}", is_of_key=True)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("source"), str) and "grade" in value:
            yield value["source"]
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)
