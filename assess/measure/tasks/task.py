"""What a model is judged on beside its speed: items - samples, or episodes of a simulator - and a score for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

#: Arrays of numpy by the name of an input or output.
Arrays = Mapping[str, Any]
#: Told the share of the work that is done, 0 to 1.
TellShare = Callable[[float], object]


class Infer(Protocol):
    """A model that is loaded: inputs in, outputs out. States are carried from call to call until `reset`."""

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run one inference; what it puts out is the caller's."""

    def reset(self) -> None:
        """Begin a new sequence: states are what they were before the first call."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How well the items were done, one number for each item, the same items in the same order in each field.

    Attributes:
        model: scores of the model under test, in the task's unit.
        teacher: of its teacher, on the same items.
        chance: of what needs no model: a constant answer, a policy that does nothing. It is the zero of the share of
            the teacher's skill that a student retains.
        agreement: share of an item's answers that are the teacher's, 0 to 1; the task says what that means.
    """

    model: tuple[float, ...]
    teacher: tuple[float, ...]
    chance: tuple[float, ...]
    agreement: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A task: what is asked of a model, and how its answers are scored.

    Attributes:
        id: as cards name it.
        summary: one sentence for people.
        metric: what a score is, such as "accuracy"; the score of a model is the mean over the items.
        unit: of a score: "1" for a share, "m", "dB", "points".
        higher_is_better: whether more is better.
        item: what an item is called, such as "map", "image", "episode".
        agrees: when an answer counts as the teacher's, in words.
        evaluate: scores a model. Its arguments: the model, the teacher's network (None where the teacher is the task's
            own, a solver or a law that sees more than the model does), a seed, how many items, and something to tell
            the share that is done. The same seed gives the same items on every machine.
        needs_teacher: whether its teacher is a network, which has to lie beside the card.
        needs: packages that it imports beyond numpy, as `pip install` names them.
    """

    id: str
    summary: str
    metric: str
    unit: str
    higher_is_better: bool
    item: str
    agrees: str
    evaluate: Callable[[Infer, Infer | None, int, int, TellShare], Scores]
    needs_teacher: bool = False
    needs: tuple[str, ...] = ()
