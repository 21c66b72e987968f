"""Check: the power modes of one device against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from assess.describe.device_arithmetic import written
from assess.describe.lint.check import Seen, check
from assess.describe.lint.identity import MOST_MODES
from assess.describe.mapping import table, tables
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint
from assess.units import format_quantity

_EXPLAINED: Final = "if that is so, say why in the note of the smaller mode's 'power'"


@dataclass(frozen=True, slots=True)
class _Mode:
    """What is compared of a device in one power mode.

    Attributes:
        file: of the device.
        power: in watts; None if it is not said.
        has_note: whether a note explains the power.
        peaks: every dense peak, in operations per second, by the names of engine and precision.
    """

    file: Path
    power: float | None
    has_note: bool
    peaks: Mapping[tuple[str, str], float]


@check("mode-order", "devices", whole_file=True)
def mode_order(seen: Seen) -> Iterator[Complaint]:
    """A mode of less power with a higher peak than a mode of more; a note may say why it is so."""
    mine, paths = _mode(seen.file, seen.mapping), {name: path for name, path, _ in _peaks(seen.mapping)}
    told: dict[KeyPath, Complaint] = {}
    for other in islice(seen.library.family(seen.file, _mode), MOST_MODES):
        if mine.power is None or other.power is None or other.power == mine.power or other.file == mine.file:
            continue
        is_less = mine.power < other.power
        if (mine if is_less else other).has_note:
            continue
        both = [name for name in mine.peaks if name in other.peaks]
        wrong = [
            name
            for name in both
            if mine.peaks[name] != other.peaks[name] and (mine.peaks[name] > other.peaks[name]) is is_less
        ]
        word, watts = "more" if is_less else "less", format_quantity(other.power, "W")
        if len(wrong) == len(both) > 1:
            opposite = "less" if is_less else "more"
            text = f"is {opposite} than the {watts} of {other.file.stem}, but every peak is {word}"
            yield Complaint(("power", "value"), f"{text}; {_EXPLAINED}")
            return
        for name in wrong:
            theirs = format_quantity(other.peaks[name], "op/s")
            text = f"is {word} than the {theirs} of {other.file.stem}, which has {watts}"
            told.setdefault(paths[name], Complaint(paths[name], f"{text}; {_EXPLAINED}"))
    yield from told.values()


def _mode(file: Path, mapping: Mapping[str, Any]) -> _Mode:
    power = written(mapping, "power", "W")
    peaks = {name: value for name, _, value in _peaks(mapping)}
    return _Mode(file.resolve(), power.value if power else None, bool(table(mapping, "power").get("note")), peaks)


def _peaks(mapping: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], KeyPath, float]]:
    """Every dense peak: its names, the path of its value, and the value."""
    for index, engine in tables(mapping, "engine"):
        for number, peak in tables(engine, "peak"):
            dense = written(peak, "dense", "op/s")
            if dense:
                path: KeyPath = ("engine", index, "peak", number, "dense", "value")
                yield (str(engine.get("name")), str(peak.get("precision"))), path, dense.value
