"""The network as it is costed: values, operators and graphs, with every name resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from assess.describe.dtypes import stored_bytes

Shape = tuple[int | None, ...]

#: What rules written for sound operators raise on those of another rank, or with attributes of another type.
SENSELESS = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)

#: What is inferred of an output: dtype, shape and, if it is no tensor, its TypeProto.
Typed = tuple[str, Shape | None, Any]


@dataclass(slots=True, eq=False)
class Value:
    """A tensor, or what is not one: a sequence, a map, an optional.

    Attributes:
        name: as in the file.
        dtype: element type in lower case, "" where unknown; for what is no tensor e.g. "sequence(float32)".
        shape: dimensions, None for each that only running can tell; None if not even their number is known.
        fixed: known before any input is: an initializer or computed from initializers alone.
        known: its elements, where they are few and can be computed from the shapes.
        producer: the operator that makes it; None for inputs and initializers.
        consumers: the operators that read it, in execution order, those of subgraphs included.
        stored: bytes of an initializer as stored, by element type, where they are not those of dtype and shape: sparse
            ones, whose indices are of another type than their values.
        stored_elements: elements of it as stored, likewise.
        is_output: it leaves its graph.
        why_unknown: why the shape is not known.
        other: its TypeProto, if it is no tensor.
    """

    name: str
    dtype: str = ""
    shape: Shape | None = None
    fixed: bool = False
    known: npt.NDArray[Any] | None = None
    producer: Operator | None = None
    consumers: list[Operator] = field(default_factory=list)
    stored: dict[str, int] | None = None
    stored_elements: int | None = None
    is_output: bool = False
    why_unknown: str = ""
    other: Any = None

    @property
    def elements(self) -> int | None:
        """How many elements it has; None if a dimension is unknown."""
        if self.shape is None:
            return None
        product = 1
        for dim in self.shape:
            if dim is None:
                return None
            product *= dim
        return product

    @property
    def bytes(self) -> int | None:
        """How many bytes it takes; None if a dimension is unknown or it is no tensor of numbers."""
        elements = self.elements
        return None if elements is None else stored_bytes(self.dtype, elements)


@dataclass(slots=True, eq=False)
class Operator:
    """One node.

    Attributes:
        type: its operator's name.
        domain: "" for the standard one, as in the file.
        name: of the node; its first output's if it has none.
        version: of the operator set it belongs to.
        inputs: None where an optional input is left out.
        outputs: None where an optional output is left out.
        attributes: by name; numbers, strings and lists of them. Tensors and graphs are NodeProto's own messages.
        bodies: its subgraphs by attribute name.
        trips: executions of the bodies in one execution of it; None if not known.
        taken: for If, the name of the branch that is counted.
    """

    type: str
    domain: str
    name: str
    version: int
    inputs: list[Value | None]
    outputs: list[Value | None]
    attributes: dict[str, Any]
    bodies: dict[str, Graph] = field(default_factory=dict)
    trips: int | None = 1
    taken: str = ""

    def input(self, index: int) -> Value | None:
        """The input at `index`; None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def output(self, index: int) -> Value | None:
        """The output at `index`; None if it is left out."""
        return self.outputs[index] if index < len(self.outputs) else None

    def whole(self, name: str, default: int) -> int:
        """A whole number among the attributes; the default where the file has none, or something else of that name."""
        value = self.attributes.get(name, default)
        return value if isinstance(value, int) else default

    @property
    def fixed(self) -> bool:
        """It computes constants from constants, which a runtime does once, when it loads the model."""
        return bool(self.outputs) and all(value is None or value.fixed for value in self.outputs)


@dataclass(slots=True, eq=False)
class Graph:
    """A graph or subgraph.

    Attributes:
        inputs: what it is given.
        outputs: what it gives.
        operators: in execution order.
        problems: operators in it, or in its bodies, that do not fit their inputs.
    """

    inputs: list[Value]
    outputs: list[Value]
    operators: list[Operator]
    problems: list[str] = field(default_factory=list)

    def everywhere(self) -> Iterator[Operator]:
        """All operators, those of subgraphs after the one that holds them."""
        for operator in self.operators:
            yield operator
            for body in operator.bodies.values():
                yield from body.everywhere()
