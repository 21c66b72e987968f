"""Checks: variants that are none, and those that add what they meant to change."""

from __future__ import annotations

from collections.abc import Iterator

from assess.describe.lint.check import Seen, check
from assess.describe.mapping import tables
from assess.describe.problems import Complaint
from assess.describe.suggestions import nearest


@check("says-nothing", "devices", whole_file=True)
def says_nothing(seen: Seen) -> Iterator[Complaint]:
    """A variant that changes nothing but its name: a second name of the same device."""
    if seen.own.get("extends") and set(seen.own) <= {"extends", "name", "summary"}:
        yield Complaint(("extends",), "the variant changes nothing but its name", is_of_key=True)


@check("lost-engine", "devices", whole_file=True)
def lost_engine(seen: Seen) -> Iterator[Complaint]:
    """An engine that only the variant has, used by no runtime, where it leaves one of its kind unmentioned."""
    if not seen.own.get("extends"):
        return
    mine = tables(seen.own, "engine")
    names = {engine.get("name") for _, engine in mine}
    used = {binding.get("engine") for _, binding in tables(seen.mapping, "runtime")}
    for index, engine in tables(seen.mapping, "engine"):
        # What meets an engine of the base is a table of both; this one is the variant's own as it stands.
        if engine["name"] in used or not any(engine is one for _, one in mine):
            continue
        left = [
            other["name"] for _, other in tables(seen.mapping, "engine")
            if other["kind"] == engine["kind"] and other["name"] not in names
        ]  # fmt: skip
        if left:
            meant = nearest(engine["name"], left) or left[0]
            text = f"is no engine of {seen.own['extends']}, and no runtime uses it; did you mean {meant!r}?"
            yield Complaint(("engine", index, "name"), text)
