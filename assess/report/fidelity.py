"""How well the files of a model do what they are for, as a table for people and as JSON (assess.fidelity/1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from assess.clean import clean
from assess.measure.fidelity import Fidelity
from assess.project.skill import mean, retained
from assess.report.facts.fact import several
from assess.report.json_text import json_text
from assess.report.run_numbers import fidelity_numbers
from assess.report.wrap import wrapped
from assess.units import format_quantity

SCHEMA: Final = "assess.fidelity/1"
_INDENT: Final = "  "


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One file that was evaluated.

    Attributes:
        name: variant, or file where it has none.
        sha256: of the file.
        file_bytes: its size.
        precision: what it computes in.
        fidelity: how well it did.
    """

    name: str
    sha256: str
    file_bytes: int
    precision: str
    fidelity: Fidelity


def fidelity_text(model: str, found: Sequence[Evaluated], width: int) -> str:
    """A line for each file, then teacher and chance, which all files are compared with."""
    one = found[0].fidelity
    items = several(len(one.model), one.item) + (f" from seed {one.seed}" if one.seed else "")
    better = "more" if one.higher_is_better else "less"
    head = f"{model} on {one.task}: {items}; {one.metric}, {better} is better; in brackets 95 %"
    rows: list[tuple[str, ...]] = [("file", "precision", "size", one.metric, "of the teacher's skill", "agreement")]
    rows += [_row(each) for each in found]
    if one.teacher:
        rows.append(("teacher", "", "", mean(one.teacher, one.unit).spelled(one.unit), "", ""))
    rows.append(("chance", "", "", mean(one.chance, one.unit).spelled(one.unit), "", ""))
    cells = [tuple(map(clean, row)) for row in rows]
    sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = ["  ".join(f"{cell:<{size}}" for cell, size in zip(row, sizes, strict=True)).rstrip() for row in cells]
    lines = [*wrapped(clean(head), width, _INDENT), "", *(_INDENT + line for line in table), ""]
    if one.agreement:
        lines += wrapped(f"{_INDENT}agreement with the teacher: {clean(one.agrees)}", width, _INDENT * 2)
    for text in dict.fromkeys(each.fidelity.caution for each in found if each.fidelity.caution):
        lines += wrapped(f"{_INDENT}caution: {clean(text)}", width, _INDENT * 2)
    return "\n".join(lines) + "\n"


def fidelity_json(model: str, found: Sequence[Evaluated]) -> str:
    """The same for programs: means with their intervals."""
    files: list[dict[str, Any]] = []
    for each in found:
        about = {name: value for name, value in asdict(each).items() if name != "fidelity"}
        files.append({**about, **(fidelity_numbers(each.fidelity) or {})})
    return json_text({"schema": SCHEMA, "model": model, "files": files})


def _row(each: Evaluated) -> tuple[str, ...]:
    known = each.fidelity
    series = known.model, known.teacher, known.chance
    kept = retained(*series, higher_is_better=known.higher_is_better).spelled("1") if known.teacher else "not known"
    same = mean(known.agreement, "1").spelled("1") if known.agreement else "not known"
    size = format_quantity(each.file_bytes, "B")
    return each.name, each.precision, size, mean(known.model, known.unit).spelled(known.unit), kept, same
