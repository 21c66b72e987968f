"""Check: variants that are none."""

from __future__ import annotations

from collections.abc import Iterator

from assess.describe.lint.check import Seen, check
from assess.describe.problems import Complaint


@check("says-nothing", "devices", whole_file=True)
def says_nothing(seen: Seen) -> Iterator[Complaint]:
    """A variant that changes nothing but its name: a second name of the same device."""
    if seen.own.get("extends") and set(seen.own) <= {"extends", "name", "summary"}:
        yield Complaint(("extends",), "the variant changes nothing but its name", is_of_key=True)
