"""The model's own node behind a name that ONNX Runtime made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assess.describe.graph.nodes import NodeFact

#: What ONNX Runtime 1.22 to 1.32 puts before and behind names when it rewrites nodes.
_BEFORE: Final = "fused "
_BEHIND: Final = re.compile(r"(/[A-Za-z]*Fusion/?|_token_\d+|_transformed|_QuantizeLinear|_DequantizeLinear|_quant)$")
#: Layout-transformed nodes are called after their output.
_LAYOUT: Final = "_nchwc"


class Own:
    """The model's own nodes, to be found by what ONNX Runtime calls them."""

    def __init__(self, facts: Sequence[NodeFact]) -> None:
        self.facts = facts
        self._places = {id(fact): index for index, fact in enumerate(facts)}
        self._by_name: dict[str, NodeFact] = {}
        self._by_output: dict[str, NodeFact] = {}
        self._by_place: dict[tuple[tuple[str, ...], str], NodeFact] = {}
        for fact in facts:
            self._by_name.setdefault(fact.name, fact)
            for output in filter(None, fact.outputs):
                self._by_output.setdefault(output, fact)
                self._by_place.setdefault((fact.path, output), fact)

    def in_order(self, facts: Iterable[NodeFact]) -> list[NodeFact]:
        """Nodes in the model's order."""
        return sorted(facts, key=lambda fact: self._places[id(fact)])

    def unnamed(self, operator: str) -> list[NodeFact]:
        """Nodes of an operator that the file gives no name, in the model's order; constants are no nodes to run."""
        return [fact for fact in self.facts if not fact.is_named and fact.operator == operator and not fact.is_fixed]

    def named(self, name: str) -> NodeFact | None:
        """The node of this name, or of what is left when ONNX Runtime's additions are taken off."""
        for candidate in _candidates(name):
            if fact := self._by_name.get(candidate):
                return fact
        return self.producer(name.removesuffix(_LAYOUT)) if name.endswith(_LAYOUT) else None

    def holder(self, fact: NodeFact) -> NodeFact | None:
        """The If, Loop or Scan in whose body a node lies; None in the main graph."""
        return self._by_name.get(fact.path[-1].rpartition(".")[0]) if fact.path else None

    def producer(self, tensor: str, path: tuple[str, ...] = ()) -> NodeFact | None:
        """The node that writes a tensor, looked for from a subgraph outwards, then anywhere."""
        for depth in range(len(path), -1, -1):
            if fact := self._by_place.get((path[:depth], tensor)):
                return fact
        return self._by_output.get(tensor)


def bears_its_output(name: str) -> bool:
    """Whether a node of the optimised graph is called after its output."""
    return name.endswith(_LAYOUT)


def written(node: NodeFact) -> list[str]:
    """Tensors that a node of the optimised graph writes; a layout-transformed one under the model's name for it."""
    named = [node.name.removesuffix(_LAYOUT)] if node.name.endswith(_LAYOUT) else []
    return [*named, *filter(None, node.outputs)]


def _candidates(name: str) -> Iterator[str]:
    yield name
    bare = name.removeprefix(_BEFORE)
    if bare != name:
        yield bare
    while (match := _BEHIND.search(bare)) and match.start():
        bare = bare[: match.start()]
        yield bare
