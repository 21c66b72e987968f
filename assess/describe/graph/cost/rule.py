"""What a cost rule gives, and how it asks for the shapes that it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from assess.describe.graph.values import Operator, Value
from assess.describe.model import Kind


@dataclass(frozen=True, slots=True)
class Cost:
    """Kind of work and MACs of one execution; None, with the reason, where they are not known."""

    kind: Kind
    macs: int | None
    why: str = ""


Rule = Callable[[Operator], Cost]


class UnknownCostError(Exception):
    """A rule lacks what it needs; the text says what."""

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(why)
        self.kind = kind


def shape(operator: Operator, index: int, kind: Kind, rank: int | None = None) -> tuple[int, ...]:
    """The shape of the input at `index`.

    Raises:
        UnknownCostError: the input is left out, a dimension is not known, or there are not `rank` of them.
    """
    return known_shape(operator.input(index), f"input {index}", kind, rank)


def output(operator: Operator, kind: Kind, index: int = 0) -> tuple[int, ...]:
    """The shape of the output at `index`; raises as `shape` does."""
    return known_shape(operator.output(index), f"output {index}", kind)


def known_shape(value: Value | None, place: str, kind: Kind, rank: int | None = None) -> tuple[int, ...]:
    """The shape of a value, all dimensions known; raises as `shape` does."""
    if value is None:
        raise UnknownCostError(kind, f"{place} is missing")
    if value.shape is None or None in value.shape:
        reason = f": {value.why_unknown}" if value.why_unknown else ""
        raise UnknownCostError(kind, f"shape of {value.name!r} is not known{reason}")
    dims = tuple(dim for dim in value.shape if dim is not None)
    if rank is not None and len(dims) != rank:
        raise UnknownCostError(kind, f"{value.name!r} has {len(dims)} dimensions, not {rank}")
    return dims


def count(dims: tuple[int, ...]) -> int:
    """Elements of a shape."""
    return prod(dims)


def rules(domain: str, names: tuple[str, ...], rule: Rule) -> dict[tuple[str, str], Rule]:
    """The same rule for several operators of one domain."""
    return {(domain, name): rule for name in names}
