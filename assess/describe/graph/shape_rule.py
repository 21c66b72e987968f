"""What shape rules are made of: the shapes and types of inputs, stand-ins, and outputs that are not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from assess.describe.graph.values import Operator, Shape, Typed, Value


class Infers(Protocol):
    """What can infer the shapes of a standard operator."""

    def stand_in(self, name: str, operator: Operator, inputs: Sequence[Value | None], outputs: int = 1) -> list[Typed]:
        """Shapes of the standard operator `name` with the attributes of `operator`."""


Rule = Callable[[Operator, Infers], list[Typed]]


def dim(shape: Shape | None, axis: int) -> int | None:
    """The dimension at `axis`, None if it or the shape is not known."""
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def shape_of(operator: Operator, index: int) -> Shape | None:
    """The shape of an input, None if it is left out or not known."""
    value = operator.input(index)
    return value.shape if value else None


def dtype_of(operator: Operator, index: int) -> str:
    """The element type of an input, "" if it is left out."""
    value = operator.input(index)
    return value.dtype if value else ""


def product(first: int | None, second: int | None) -> int | None:
    """The product of two dimensions, None if one is not known."""
    return None if first is None or second is None else first * second


def added(first: int | None, second: int | None) -> int | None:
    """The sum of two dimensions, None if one is not known."""
    return None if first is None or second is None else first + second


def known_number(operator: Operator, index: int) -> int | None:
    """The one number that an input holds, if its value is known."""
    value = operator.input(index)
    if value is None or value.known is None or value.known.size != 1:
        return None
    return int(value.known.reshape(-1)[0])


def exactly(operator: Operator, found: list[Typed]) -> list[Typed]:
    """As many as the operator has outputs; those that no formula is here for stay unknown."""
    return (found + [("", None, None)] * len(operator.outputs))[: len(operator.outputs)]


def like(index: int, typed_by: int | None = None) -> Rule:
    """All outputs are as input `index`; with the element type of another input if one is named."""

    def rule(operator: Operator, _: Infers) -> list[Typed]:
        dtype = dtype_of(operator, index if typed_by is None else typed_by)
        return [(dtype, shape_of(operator, index), None) for _ in operator.outputs]

    return rule


def as_standard(name: str, *indices: int, outputs: int = 1, typed_by: int | None = None) -> Rule:
    """As the standard operator `name` of the inputs at `indices`, quantisation parameters left out."""

    def rule(operator: Operator, infers: Infers) -> list[Typed]:
        found = infers.stand_in(name, operator, [operator.input(index) for index in indices], outputs)
        if typed_by is not None:
            found = [(dtype_of(operator, typed_by) or dtype, shape, other) for dtype, shape, other in found]
        return found + [("", None, None)] * (len(operator.outputs) - len(found))

    return rule
