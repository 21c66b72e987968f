"""Operators with how often they run in one inference: grouped by what they cost, and those of unknown cost by why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assess.describe.graph import cost, quantised
from assess.describe.graph.buffers import Buffers, UnknownSizeError
from assess.describe.graph.values import Graph, Operator, Value
from assess.describe.graph.weights import Weights, data_inputs
from assess.describe.model import OperatorGroup, UnknownCost

#: Names of nodes shown for each unknown cost.
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Executed:
    """An operator, what it costs, and how often it runs."""

    operator: Operator
    cost: cost.Cost
    count: int


def executed(graph: Graph, times: int = 1) -> Iterator[Executed]:
    """All operators that run: of an If those of the branch that is counted, of a Loop as often as it turns."""
    for operator in graph.operators:
        yield Executed(operator, cost.of(operator), times)
        if operator.type == "If":
            if operator.taken:
                yield from executed(operator.bodies[operator.taken], times)
        elif operator.trips != 0:
            for body in operator.bodies.values():
                yield from executed(body, times * (1 if operator.trips is None else operator.trips))


def grouped(runs: Iterable[Executed], weights: Weights, buffers: Buffers) -> tuple[OperatorGroup, ...]:
    """Operators that cost the same, in the order of the first of each."""
    counts: dict[tuple[Any, ...], int] = {}
    for run in runs:
        operator = run.operator
        dtypes = sorted({value.dtype for value in operator.inputs if value is not None and value.dtype})
        key = (
            operator.type, operator.domain or "ai.onnx", run.cost.kind, quantised.precision(operator), run.cost.macs,
            _read_bytes(operator, buffers), _written_bytes(operator, buffers), weights.bytes_read(operator),
            tuple(dtypes),
        )  # fmt: skip
        counts[key] = counts.get(key, 0) + run.count
    return tuple(
        OperatorGroup(
            type=key[0],
            domain=key[1],
            kind=key[2],
            precision=key[3],
            count=count,
            macs=key[4],
            input_bytes=key[5],
            output_bytes=key[6],
            weight_bytes=key[7],
            dtypes=key[8],
        )
        for key, count in counts.items()
    )


def unknown_costs(runs: Sequence[Executed]) -> tuple[UnknownCost, ...]:
    """Operators that could not be costed, by type and reason."""
    found: dict[tuple[str, str, str], list[Executed]] = {}
    for run in runs:
        if run.cost.macs is None:
            # The reasons of one kind differ in the names in them; the first stands for all.
            key = (run.operator.type, run.operator.domain, run.cost.why.split("'")[0])
            found.setdefault(key, []).append(run)
    return tuple(
        UnknownCost(
            type=name,
            domain=domain or "ai.onnx",
            count=len(same),
            why=same[0].cost.why,
            nodes=tuple(run.operator.name for run in same[:_SHOWN]),
        )
        for (name, domain, _), same in found.items()
    )


def _read_bytes(operator: Operator, buffers: Buffers) -> int | None:
    if operator.fixed or buffers.is_free(operator) or operator.bodies:
        return 0
    return _sum(data_inputs(operator), buffers)


def _written_bytes(operator: Operator, buffers: Buffers) -> int | None:
    if operator.fixed or buffers.is_free(operator) or operator.bodies:
        return 0
    return _sum((value for value in operator.outputs if value is not None), buffers)


def _sum(values: Iterable[Value], buffers: Buffers) -> int | None:
    try:
        return sum(buffers.size(value) for value in dict.fromkeys(values))
    except UnknownSizeError:
        return None
