"""Check: the power modes of one device against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assess.describe.device_arithmetic import written
from assess.describe.extends import merged
from assess.describe.lint.check import Seen, check, tables
from assess.describe.problems import Complaint
from assess.units import format_quantity


@check("mode-order", "devices")
def mode_order(seen: Seen) -> Iterator[Complaint]:
    """A mode of less power with a higher peak than a mode of more; a note may say why it is so."""
    mapping = seen.mapping
    power = written(mapping, "power", "W")
    if power is None or mapping["power"].get("note"):
        return
    for other_file, other in _family(seen):
        more = written(other, "power", "W")
        if more is None or more.value <= power.value:
            continue
        peaks = {
            (engine.get("name"), peak.get("precision")): written(peak, "dense", "op/s")
            for _, engine in tables(other, "engine")
            for _, peak in tables(engine, "peak")
        }
        for index, engine in tables(mapping, "engine"):
            for number, peak in tables(engine, "peak"):
                mine, theirs = written(peak, "dense", "op/s"), peaks.get((engine.get("name"), peak.get("precision")))
                if mine and theirs and mine.value > theirs.value:
                    yield Complaint(
                        ("engine", index, "peak", number, "dense", "value"),
                        f"is more than the {format_quantity(theirs.value, 'op/s')} of {other_file.stem}, which has "
                        f"{format_quantity(more.value, 'W')}; if that is so, say why in the note of 'power'",
                    )


def _family(seen: Seen) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The other modes of the same device: its base and all that extend the same one."""
    library, base_id = seen.library, seen.mapping.get("extends") or seen.file.stem
    for other in library.variants_of(str(base_id)):
        if other.resolve() != seen.file.resolve():
            own = library.own(other)
            base = library.base_of(other, own)
            yield other, own if base is None else merged(own, base).mapping
