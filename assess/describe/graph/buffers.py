"""Which values share memory, and how many bytes each piece of memory takes when a quantised model runs in integers."""

from __future__ import annotations

from typing import Final

from assess.describe.graph.values import Graph, Operator, Value

#: Their first output is their first input under another shape or name.
_VIEWS: Final = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout", "Optional"})

#: An integer runtime fuses these with what comes before them: they only limit the range that is quantised.
_CLAMPS: Final = frozenset({"Relu", "Clip"})

QUANTISE: Final = frozenset({"QuantizeLinear"})
DEQUANTISE: Final = frozenset({"DequantizeLinear"})


class UnknownSizeError(Exception):
    """How many bytes a value takes is not known; the text says why."""


class Buffers:
    """The memory behind the values of one network."""

    def __init__(self, network: Graph) -> None:
        self._of: dict[Value, Value] = {}
        self._sized_as: dict[Value, Value] = {}
        for operator in network.everywhere():
            self._join(operator)

    def root(self, value: Value) -> Value:
        """The value whose memory this one lies in."""
        return self._of.get(value, value)

    def size(self, value: Value) -> int:
        """Bytes of a value's memory; 0 for constants, which are weights.

        Raises:
            UnknownSizeError: its shape is not known, or it has none.
        """
        root = self.root(value)
        if root.fixed:
            return 0
        typed = self._sized_as.get(root, root)
        size = typed.bytes
        if size is None:
            raise UnknownSizeError(_why(typed))
        return size

    def is_free(self, operator: Operator) -> bool:
        """Whether an operator moves no data: its output is its input, or it only looks at a shape."""
        if operator.type in ("Shape", "Size"):
            return True
        inputs, output = operator.input(0), operator.output(0)
        return inputs is not None and output is not None and self.root(inputs) is self.root(output)

    def _join(self, operator: Operator) -> None:
        first, output = operator.input(0), operator.output(0)
        if first is None or output is None or first.fixed:
            return
        if (operator.type in _VIEWS and operator.domain == "") or operator.type in DEQUANTISE:
            self._of[output] = self.root(first)
        elif operator.type in QUANTISE and _read_only_by(first, operator):
            self._shrink(first, output)
        elif operator.type in _CLAMPS and _read_only_by(first, operator) and _quantised_next(output):
            self._of[output] = self.root(first)

    def _shrink(self, value: Value, quantised: Value) -> None:
        """A value that nobody but QuantizeLinear reads is never stored in floats."""
        root = self.root(value)
        self._of[quantised] = root
        self._sized_as[root] = quantised


def _read_only_by(value: Value, operator: Operator) -> bool:
    return not value.is_output and value.producer is not None and value.consumers == [operator]


def _quantised_next(value: Value) -> bool:
    return not value.is_output and len(value.consumers) == 1 and value.consumers[0].type in QUANTISE


def _why(value: Value) -> str:
    if value.other is not None:
        return f"{value.name!r} is a {value.dtype}, which has no fixed size"
    if value.dtype == "string":
        return f"{value.name!r} holds strings, which have no fixed size"
    made = f" (output of {value.producer.type})" if value.producer is not None else ""
    why = f": {value.why_unknown}" if value.why_unknown else ""
    return f"shape of {value.name!r}{made} is not known{why}"
