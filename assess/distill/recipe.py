"""What a recipe says: who teaches, who learns and how, and in which sizes and from which seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assess.measure.tasks.task import Arrays, TellShare

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Size:
    """One size of the student: "full", "half" or "quarter", and what its layers' widths are multiplied with."""

    id: str
    width: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training of one student.

    Attributes:
        student: trained in place; made anew, its weights drawn from `seed`.
        teacher: the trained teacher, in evaluation mode; None where the teacher is no network.
        taught: whether it learns from the teacher; if not, it learns the same task without any word of the teacher, in
            about the same steps: what distillation is compared with. The card's remarks say what else differs.
        seed: of everything that is drawn in this training; `torch` and `numpy` are seeded with it already.
        tell: told the share that is done.
    """

    student: nn.Module
    teacher: nn.Module | None
    taught: bool
    seed: int
    tell: TellShare


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the students of a family are made. `recipe.py` in the model's folder holds one under the name RECIPE.

    Attributes:
        task: id of the task that they are judged on.
        sizes: from the largest to the smallest.
        seeds: a student of each size is trained from each, with and without the teacher; the first one's is shipped.
        student: makes an untrained student from the factor of its widths.
        learn: trains one.
        teacher: makes an untrained teacher; None where the teacher is a law, a solver or a search that the task holds.
        teach: trains the teacher in place, from a seed.
        inputs: shape of each input, by name, in the order of the student's arguments; float32.
        outputs: names of what the student returns, in order.
        states: outputs (keys) that are fed back to inputs (values); these start as zeros.
        calibration: inputs that the ranges of int8 activations are taken from, drawn from a seed.
        keep_float: names of operators that stay float in the int8 file, such as "Softmax".
        half: whether an fp16 file makes sense for the devices of the job.
    """

    task: str
    sizes: tuple[Size, ...]
    seeds: tuple[int, ...]
    student: Callable[[float], nn.Module]
    learn: Callable[[Lesson], None]
    teacher: Callable[[], nn.Module] | None
    teach: Callable[[nn.Module, int, TellShare], None] | None
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    calibration: Callable[[int], Iterable[Arrays]]
    states: Mapping[str, str] | None = None
    keep_float: tuple[str, ...] = ()
    half: bool = False


def example(recipe: Recipe) -> tuple[Any, ...]:
    """Zeros of the shapes of the inputs, as tensors."""
    import torch

    return tuple(torch.zeros(shape) for shape in recipe.inputs.values())
