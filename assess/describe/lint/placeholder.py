"""Check: what a new file left to its author, and still says."""

from __future__ import annotations

from collections.abc import Iterator

from assess.describe.lint.check import Seen, check
from assess.describe.mapping import every_text
from assess.describe.problems import Complaint

#: As `assess profile new` writes it; `tests/cli/test_profile_new.py` holds the two together.
PLACEHOLDER = "fill in"


@check("placeholder", "devices", "workloads", "partners", "runtimes", "standards", "models")
def placeholder(seen: Seen) -> Iterator[Complaint]:
    """A text that `assess profile new` wrote for its author to fill in."""
    for path, text in every_text(seen.own):
        said, _, what = text.partition(":")
        if said.strip().casefold() == PLACEHOLDER:
            yield Complaint(path, f"is still to be filled in{':' if what.strip() else ''}{what.rstrip()}")
