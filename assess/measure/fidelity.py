"""How well a model does what it is for, and its teacher on the same items: the scores, item by item."""

from __future__ import annotations

from dataclasses import dataclass

from assess.measure.plain import Signed


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
