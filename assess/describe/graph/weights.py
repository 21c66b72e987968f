"""Which constants are weights, and how many elements and bytes of which type they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from assess.describe.graph.settings import NOTHING, SETTINGS
from assess.describe.graph.values import Graph, Operator, Value

#: So few integers of 64 bits are shapes and axes on their way to a Reshape; weights are not of that type.
_SHAPE_ELEMENTS: Final = 16

#: Operators whose weights lie packed in bytes -> (input, bits of one element unless the attribute `bits` says so).
_PACKED: Final[dict[str, tuple[tuple[int, ...], int]]] = {
    "MatMulNBits": ((1,), 4),
    "MatMulBnb4": ((1,), 4),
    "MatMulNBitsMlp": ((3, 6), 4),
    "MatMulNBitsQkv": ((3, 6, 9), 4),
    "GatherBlockQuantized": ((0,), 4),
    "QMoE": ((2, 5, 8), 4),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight as it is stored: how many numbers, and bytes by the type of these."""

    elements: int
    by_dtype: Mapping[str, int]

    @property
    def bytes(self) -> int:
        """Bytes in all."""
        return sum(self.by_dtype.values())


class Weights:
    """The weights of a network.

    Attributes:
        stored: each weight once, however many operators read it.
    """

    def __init__(self, network: Graph) -> None:
        self.stored: dict[Value, Stored] = {}
        self._packed: dict[Value, Stored] = {}
        operators = list(network.everywhere())
        for operator in operators:
            self._note_packed(operator)
        for operator in operators:
            if not operator.fixed and not _is_shape_arithmetic(operator):
                self._mark(data_inputs(operator))
        self._mark(value for value in network.outputs if value.fixed)

    def bytes_read(self, operator: Operator) -> int:
        """Bytes of the weights that one execution reads, as stored: a dequantised weight counts in its quantised size.

        Zero for an operator that computes constants: a runtime does that once, when it loads the model.
        """
        if operator.fixed:
            return 0
        return sum(self._size_behind(value) for value in dict.fromkeys(data_inputs(operator)) if value.fixed)

    def _mark(self, values: Iterable[Value]) -> None:
        """Count the initializers and constants that these values are made of."""
        pending, seen = [value for value in values if value.fixed], set[Value]()
        while pending:
            value = pending.pop()
            if value in seen or value in self.stored:
                continue
            seen.add(value)
            if sources := _sources(value):
                pending.extend(sources)
            elif (stored := self._stored(value)) is not None:
                self.stored[value] = stored

    def _stored(self, value: Value) -> Stored | None:
        """A weight as stored; None for what only says how an operator works."""
        if value in self._packed:
            return self._packed[value]
        elements, size = value.elements, value.bytes
        if elements is None or size is None or value.shape == ():
            return None
        if value.dtype == "int64" and elements <= _SHAPE_ELEMENTS:
            return None
        if value.stored is not None and value.stored_elements is not None:
            return Stored(value.stored_elements, value.stored)
        return Stored(elements, {value.dtype: size})

    def _size_behind(self, value: Value) -> int:
        """Bytes to read for a constant: those of the quantised weight behind a DequantizeLinear, else its own."""
        source = value
        while source.producer is not None and source.producer.type in _READ_AS_STORED:
            inner = source.producer.input(0)
            if inner is None or not inner.fixed:
                break
            source = inner
        stored = self._stored(source)
        return stored.bytes if stored else source.bytes or 0

    def _note_packed(self, operator: Operator) -> None:
        positions, bits = _PACKED.get(operator.type, ((), 0))
        bits = operator.whole("bits", operator.whole("expert_weight_bits", bits))
        for index in positions:
            value = operator.input(index)
            if value is None or value.dtype not in ("uint8", "int8") or bits not in (2, 4, 8) or not value.bytes:
                continue
            elements = value.bytes * 8 // bits
            if operator.type == "MatMulNBits":  # The last block of each row is padded.
                elements = min(elements, operator.whole("N", 0) * operator.whole("K", 0))
            self._packed[value] = Stored(elements, {f"uint{bits}": value.bytes})


#: A runtime reads the stored form of what these make of a constant.
_READ_AS_STORED: Final = frozenset(
    {"DequantizeLinear", "Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"}
)


def data_inputs(operator: Operator) -> list[Value]:
    """The inputs that are data, not settings."""
    settings = SETTINGS.get(operator.type, NOTHING)
    return [value for index, value in enumerate(operator.inputs) if value is not None and index not in settings]


def _sources(value: Value) -> list[Value]:
    """What a constant is computed from; nothing if it is stored, or filled from a shape alone."""
    return data_inputs(value.producer) if value.producer is not None else []


def _is_shape_arithmetic(operator: Operator) -> bool:
    output = operator.output(0)
    return output is not None and output.known is not None and not output.fixed
