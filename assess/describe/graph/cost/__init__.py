"""What one execution of an operator costs in multiply-accumulates (MACs), or why that is not known.

The convention is that of the published figures: one multiplication with its addition is one MAC; adding a bias,
normalising, activating and pooling are none. An operator is costed by a rule, listed as free, or unknown; a quantised
operator costs what it costs in floats.
"""

from __future__ import annotations

from assess.describe.graph.cost import attention, convolution, free, learners, matmul, recurrent
from assess.describe.graph.cost.rule import Cost, Rule, UnknownCostError
from assess.describe.graph.values import SENSELESS, Graph, Operator

__all__ = ["Cost", "of", "total"]

#: (domain, operator) -> rule.
_RULES: dict[tuple[str, str], Rule] = {
    **convolution.RULES,
    **matmul.RULES,
    **attention.RULES,
    **recurrent.RULES,
    **learners.RULES,
}


def of(operator: Operator) -> Cost:
    """The cost of one execution; of If, Loop and Scan without what their bodies cost."""
    key = (operator.domain, operator.type)
    if operator.type in free.CONTROL and operator.domain == "":
        if operator.trips is None:
            return Cost("control", None, "trip count is not known; its body is counted once")
        return Cost("control", 0)
    rule = _RULES.get(key)
    if rule is not None:
        try:
            return _possible(rule(operator), operator)
        except UnknownCostError as error:
            return Cost(error.kind, None, str(error))
        except SENSELESS:
            return Cost("unknown", None, f"its inputs or attributes are not those of {operator.type}")
    kind = free.kind_of(operator.domain, operator.type)
    if kind is not None:
        return Cost(kind, 0)
    why = free.UNCOUNTABLE.get(key)
    return Cost("unknown", None, why or f"no cost rule for {operator.domain or 'ai.onnx'} {operator.type}")


def _possible(cost: Cost, operator: Operator) -> Cost:
    """The cost, if it is a number that work can have; attributes of another type or sign make others."""
    if cost.macs is None or (type(cost.macs) is int and cost.macs >= 0):
        return cost
    return Cost(cost.kind, None, f"its attributes are not those of {operator.type}")


def total(graph: Graph) -> int:
    """MACs of a graph, bodies as often as they run; what is unknown is left out."""
    macs = 0
    for operator in graph.operators:
        macs += of(operator).macs or 0
        if operator.type == "If":
            macs += total(operator.bodies[operator.taken]) if operator.taken else 0
        else:
            trips = 1 if operator.trips is None else operator.trips
            macs += sum(trips * total(body) for body in operator.bodies.values())
    return macs
