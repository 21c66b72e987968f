"""How well a model does what it is for, and its teacher on the same items: the scores, item by item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assess.measure.plain import Signed

_ACCURACY: Final = "accuracy"
#: As far off as a score may be: sums of such numbers' squares are finite.
LARGEST: Final = 1e100


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How well a model and its teacher did a task, item by item.

    Attributes:
        task: id of the task, or the name of the file with the data.
        metric: what a score is.
        unit: of a score: "1" for a share.
        higher_is_better: whether more is better.
        item: what an item is called.
        agrees: when an answer counts as the teacher's.
        seed: of the items.
        model: scores of the model.
        teacher: of its teacher on the same items; empty if nobody knows them.
        chance: of what needs no model.
        agreement: share of an item's answers that are the teacher's; empty if nobody knows these.
        caution: why the figures may not be those of the device; "" if nothing speaks against them.
    """

    task: str
    metric: str
    unit: str
    higher_is_better: bool
    item: str
    agrees: str
    seed: int
    model: tuple[Signed, ...]
    teacher: tuple[Signed, ...]
    chance: tuple[Signed, ...]
    agreement: tuple[float, ...]
    caution: str = ""


def require_pairs(found: Fidelity) -> None:
    """Refuse scores that are not of the same items.

    Raises:
        ValueError: there are fewer than two items, or a series is of others.
    """
    count = len(found.model)
    if count < 2:
        raise ValueError(f"fidelity.model: has {count} items, two or more are needed")
    for name in ("teacher", "chance", "agreement"):
        values = getattr(found, name)
        if len(values) != count and (values or name == "chance"):
            raise ValueError(f"fidelity.{name}: has {len(values)} items, model has {count}")
    if any(not 0.0 <= value <= 1.0 for value in found.agreement):
        raise ValueError("fidelity.agreement: is a share, 0 to 1")
    is_share = found.metric == _ACCURACY
    if is_share and not (found.higher_is_better and found.unit == "1"):
        raise ValueError(f"fidelity.unit: more of {_ACCURACY} is better, and its unit is 1")
    for name in ("model", "teacher", "chance"):
        if any(abs(value) > LARGEST or (is_share and not 0.0 <= value <= 1.0) for value in getattr(found, name)):
            raise ValueError(f"fidelity.{name}: holds what no {found.metric} can be")
