"""Checks: whether a host can be recognised as the device, in the mode that its numbers hold in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from assess.describe.ids import stem
from assess.describe.lint.check import Seen, check
from assess.describe.problems import Complaint
from assess.describe.recognised import mode_names_shared

#: Of a family that are compared with each of it: no board has so many modes, and a folder of copies takes no longer.
MOST_MODES: Final = 100


@check("no-identity", "devices")
def no_identity(seen: Seen) -> Iterator[Complaint]:
    """A file that says how its device is recognised, but names neither board nor CPU."""
    identity = seen.mapping.get("identity")
    if isinstance(identity, Mapping) and not _recognises(identity):
        yield Complaint(("identity",), "names neither 'board' nor 'cpu': no host is recognised by it", is_of_key=True)


@check("unnamed-mode", "devices", whole_file=True)
def unnamed_mode(seen: Seen) -> Iterator[Complaint]:
    """Numbers of one power mode, where nothing says how a host reports that mode: then no run is one in it."""
    identity = seen.mapping.get("identity")
    if not (seen.mapping.get("power_mode") and isinstance(identity, Mapping) and _recognises(identity)):
        return
    if not identity.get("power_mode"):
        yield Complaint(
            ("identity",),
            "no run is one in this power mode: name the mode as the board reports it in 'power_mode'",
            is_of_key=True,
        )


@dataclass(frozen=True, slots=True)
class _Variant:
    file: Path
    mapping: Mapping[str, Any]


@check("shared-mode", "devices", whole_file=True)
def shared_mode(seen: Seen) -> Iterator[Complaint]:
    """Two variants of one device in different power modes, both recognised by the same name of a mode."""
    base = seen.own.get("extends")
    if not base:
        return  # What a variant shares with its base is an error, told of the variant.
    told = set[int]()
    for other in islice(seen.library.family(seen.file, _Variant), MOST_MODES):
        is_same = other.mapping.get("power_mode", "") == seen.mapping.get("power_mode", "")
        if is_same or stem(other.file) in (stem(seen.file), base):
            continue
        for index, name in mode_names_shared(seen.mapping, other.mapping):
            if index not in told:
                told.add(index)
                text = f"{name!r} is how {stem(other.file)} is recognised too, in another mode: a host would be both"
                yield Complaint(("identity", "power_mode", index), text)


def _recognises(identity: Mapping[str, Any]) -> bool:
    return bool(identity.get("board") or identity.get("cpu"))
