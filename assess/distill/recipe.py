"""What a recipe says: who teaches, who learns and how, and in which sizes and from which seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assess.measure.tasks.task import Arrays, TellShare

if TYPE_CHECKING:
    from torch import nn


#: Of inputs, by name.
Shapes = Mapping[str, tuple[int, ...]]


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
        inputs: shape of each input, by name, in the order of the network's arguments; made from a network where they
            differ from size to size, as caches do. Of an open dimension it is the size to trace the network with.
        outputs: names of what the student returns, in order.
        states: outputs (keys) that are fed back to inputs (values); these start as zeros. A network that has no such
            input, such as a teacher that reads whole sequences, does not return the output either.
        calibration: inputs that the ranges of int8 activations are taken from, drawn from a seed.
        keep_float: names of operators that stay float in the int8 file, such as "Softmax".
        half: whether an fp16 file makes sense for the devices of the job.
        integers: inputs that are int64, such as token ids; the others are float32.
        dynamic: open dimensions of inputs and outputs, by name: axis and name of each. A state with one grows: it
            starts empty.
        quantised: names of the only operators that become int8, such as "MatMul"; all that can be, if left out.
    """

    task: str
    sizes: tuple[Size, ...]
    seeds: tuple[int, ...]
    student: Callable[[float], nn.Module]
    learn: Callable[[Lesson], None]
    teacher: Callable[[], nn.Module] | None
    teach: Callable[[nn.Module, int, TellShare], None] | None
    inputs: Shapes | Callable[[nn.Module], Shapes]
    outputs: tuple[str, ...]
    calibration: Callable[[int], Iterable[Arrays]]
    states: Mapping[str, str] | None = None
    keep_float: tuple[str, ...] = ()
    half: bool = False
    integers: tuple[str, ...] = ()
    dynamic: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    quantised: tuple[str, ...] = ()


def inputs_of(recipe: Recipe, network: nn.Module) -> Shapes:
    """Shape of each input of one of the recipe's networks."""
    return recipe.inputs(network) if callable(recipe.inputs) else recipe.inputs


def outputs_of(recipe: Recipe, network: nn.Module) -> list[str]:
    """Names of what one of the recipe's networks returns."""
    inputs, states = inputs_of(recipe, network), recipe.states or {}
    return [name for name in recipe.outputs if states.get(name) in (None, *inputs)]


def states_of(recipe: Recipe, network: nn.Module) -> list[dict[str, Any]]:
    """Output, input, shape and dtype of each state at its start, where one that grows is empty."""
    shapes = inputs_of(recipe, network)
    return [
        {"output": output, "input": input_, "shape": _begun(shapes[input_], recipe.dynamic.get(input_, {})),
         "dtype": "float32"}
        for output, input_ in (recipe.states or {}).items()
    ]  # fmt: skip


def _begun(shape: tuple[int, ...], opened: Mapping[int, str]) -> tuple[int, ...]:
    return tuple(0 if axis in opened else size for axis, size in enumerate(shape))


def example(recipe: Recipe, network: nn.Module) -> tuple[Any, ...]:
    """Zeros of the shapes of a network's inputs, as tensors."""
    import torch

    return tuple(
        torch.zeros(shape, dtype=torch.int64 if name in recipe.integers else torch.float32)
        for name, shape in inputs_of(recipe, network).items()
    )
