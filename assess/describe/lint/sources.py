"""Check: sources that nothing was read in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from assess.describe.lint.check import Seen, check
from assess.describe.mapping import sourced, table
from assess.describe.problems import Complaint
from assess.describe.suggestions import did_you_mean


@check("unused-source", "devices", whole_file=True)
def unused_source(seen: Seen) -> Iterator[Complaint]:
    """A source that no number names: left over, or a number names another by mistake."""
    used = {said["source"] for _, said in sourced(seen.mapping)}
    strange = sorted(used - set(table(seen.mapping, "sources")))
    for key in table(seen.own, "sources"):  # What a base has beside is the base's matter.
        if key not in used:
            yield Complaint(("sources", key), partial(_unused, key, strange), is_of_key=True)


def _unused(key: str, strange: list[str]) -> str:
    return f"no number names it; {did_you_mean(key, strange) if strange else 'leave it out'}"
