"""The card of new students: what its author wrote stays as it is, what was measured is filled in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assess.measure.fidelity import Fidelity
from assess.project.skill import Interval, mean, retained


@dataclass(frozen=True, slots=True)
class Made:
    """One file that was made.

    Attributes:
        id: "full", "half-int8".
        file: its name.
        sha256: of it.
        precision: fp32, fp16 or int8.
        parameters: of the network.
        bytes: of the file.
        tolerance: how far its outputs may be from those of the fp32 file in the references.
        fidelity: how well it does the task.
        taught: scores of all seeds' students, with the teacher; empty but for fp32.
        untaught: without it.
    """

    id: str
    file: str
    sha256: str
    precision: str
    parameters: int
    bytes: int
    tolerance: float
    fidelity: Fidelity
    taught: tuple[float, ...] = ()
    untaught: tuple[float, ...] = ()


def filled(authored: str, made: Sequence[Made], teacher: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """The text of the card.

    Args:
        authored: the card as its author wrote it; what was measured before is replaced.
        made: the files, the first of which is the one that the model's id stands for.
        teacher: "file", "sha256", "parameters" of its network; empty if it is none.
        others: the tables "references" and "recipe".
    """
    import tomlkit

    document = tomlkit.parse(authored)
    for key in ("variant", "references", "recipe"):
        document.pop(key, None)
    document["file"], document["sha256"] = made[0].file, made[0].sha256
    first = made[0].fidelity
    document["evaluation"]["chance"] = _score(mean(first.chance, first.unit))
    document["teacher"].update({**teacher, "score": _score(mean(first.teacher, first.unit))})
    variants = tomlkit.aot()
    for one in made:
        variants.append(tomlkit.item(_variant(one)))
    document["variant"] = variants
    for key, table in others.items():
        document[key] = table
    return tomlkit.dumps(document)


def _variant(one: Made) -> dict[str, Any]:
    known = one.fidelity
    table: dict[str, Any] = {name: getattr(one, name) for name in ("id", "file", "sha256", "precision")}
    table |= {"parameters": one.parameters, "bytes": one.bytes}
    table |= {"weight_bits": 7} if one.precision == "int8" else {}
    table |= {"tolerance": _rounded(one.tolerance), "score": _score(mean(known.model, known.unit))}
    kept = retained(known.model, known.teacher, known.chance, higher_is_better=known.higher_is_better)
    if math.isfinite(kept.low) and math.isfinite(kept.high):  # Else the teacher is not clearly better than chance.
        table["retained"] = _score(kept)
    table["agreement"] = _score(mean(known.agreement, "1"))
    for name in ("taught", "untaught"):
        if values := getattr(one, name):
            table[name] = [_rounded(value) for value in values]
    return table


def _score(found: Interval) -> Any:
    import tomlkit

    table = tomlkit.inline_table()
    table.update({name: _rounded(getattr(found, name)) for name in ("value", "low", "high")})
    return table


def _rounded(value: float) -> float:
    """Four digits: the intervals are wider."""
    return float(f"{value:.4g}")
