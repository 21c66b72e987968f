"""Check: the power modes of one device against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assess.describe.device_arithmetic import written
from assess.describe.extends import merged
from assess.describe.lint.check import Seen, check, tables
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint
from assess.units import format_quantity

_EXPLAINED: Final = "if that is so, say why in the note of the smaller mode's 'power'"


@dataclass(frozen=True, slots=True)
class _Compared:
    """One peak in two modes.

    Attributes:
        path: of its key in the file that is looked at.
        mine: in that file, in operations per second.
        theirs: in the other mode.
    """

    path: KeyPath
    mine: float
    theirs: float


@check("mode-order", "devices")
def mode_order(seen: Seen) -> Iterator[Complaint]:
    """A mode of less power with a higher peak than a mode of more; a note may say why it is so."""
    mine = _power(seen.mapping)
    if mine is None:
        return
    told: dict[KeyPath, Complaint] = {}
    for file, other in _family(seen):
        theirs = _power(other)
        if theirs is None or theirs == mine or (seen.mapping if mine < theirs else other)["power"].get("note"):
            continue
        word = "more" if mine < theirs else "less"
        compared = list(_compared(seen.mapping, other))
        wrong = [one for one in compared if one.mine != one.theirs and (one.mine > one.theirs) is (mine < theirs)]
        if len(wrong) == len(compared) > 1:
            opposite = "less" if mine < theirs else "more"
            text = f"is {opposite} than the {_watts(theirs)} of {file.stem}, but every peak is {word}"
            yield Complaint(("power", "value"), f"{text}; {_EXPLAINED}")
            return
        for one in wrong:
            text = (
                f"is {word} than the {format_quantity(one.theirs, 'op/s')} of {file.stem}, which has {_watts(theirs)}"
            )
            told.setdefault(one.path, Complaint(one.path, f"{text}; {_EXPLAINED}"))
    yield from told.values()


def _power(mapping: Mapping[str, Any]) -> float | None:
    found = written(mapping, "power", "W")
    return found.value if found else None


def _watts(power: float) -> str:
    return format_quantity(power, "W")


def _compared(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[_Compared]:
    """Every dense peak that both modes give."""
    peaks = {
        (engine.get("name"), peak.get("precision")): written(peak, "dense", "op/s")
        for _, engine in tables(theirs, "engine")
        for _, peak in tables(engine, "peak")
    }
    for index, engine in tables(mine, "engine"):
        for number, peak in tables(engine, "peak"):
            here, there = written(peak, "dense", "op/s"), peaks.get((engine.get("name"), peak.get("precision")))
            if here and there:
                yield _Compared(("engine", index, "peak", number, "dense", "value"), here.value, there.value)


def _family(seen: Seen) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The other modes of the same device: its base and all that extend the same one."""
    library, base_id = seen.library, seen.mapping.get("extends") or seen.file.stem
    for other in library.variants_of(str(base_id)):
        if other.resolve() != seen.file.resolve():
            own = library.own(other)
            base = library.base_of(other, own)
            yield other, own if base is None else merged(own, base).mapping
