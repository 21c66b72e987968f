"""What a check that only warns is: a function from a file to complaints, whose docstring says what it looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assess.describe.kinds import Folder
from assess.describe.library import Library
from assess.describe.problems import Complaint


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check looks at.

    Attributes:
        file: a profile.
        own: what it says itself; anything in it may be malformed.
        mapping: the same, with what it takes from its base.
        library: where other files are.
    """

    file: Path
    own: Mapping[str, Any]
    mapping: Mapping[str, Any]
    library: Library


Look = Callable[[Seen], Iterator[Complaint]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check of files that are valid, but look wrong.

    Attributes:
        rule: its name, as warnings spell it.
        folders: of the kinds of files that it looks at.
        summary: first line of the docstring.
        look: finds what looks wrong.
        whole_file: whether an error anywhere in the file may mislead it; else one in the same table only.
    """

    rule: str
    folders: tuple[Folder, ...]
    summary: str
    look: Look
    whole_file: bool = False


def check(rule: str, *folders: Folder, whole_file: bool = False) -> Callable[[Look], Check]:
    """Make a check of a function."""

    def make(function: Look) -> Check:
        def look(seen: Seen) -> Iterator[Complaint]:
            return (replace(found, rule=rule) for found in function(seen))

        return Check(rule, folders, (function.__doc__ or "").partition("\n")[0], look, whole_file)

    return make
