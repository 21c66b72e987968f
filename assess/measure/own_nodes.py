"""Which of the model's own nodes each executed node stands for: what was fused, moved or inserted, traced back.

Where the graph as it was executed has been saved, tensors tell: what lies between the tensors that an executed node
reads and those that it writes is what it computes. Otherwise names tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assess.measure.kernel_times import KernelTime
from assess.measure.node_names import Own, bears_its_output, written

if TYPE_CHECKING:
    from assess.describe.graph.nodes import NodeFact


@dataclass(slots=True)
class Owned:
    """The model's own nodes behind an executed one.

    Attributes:
        own: all of them, in the model's order as far as they are known.
        costed: those whose arithmetic is done here: of nodes that stand for the same ones, in one only.
    """

    own: list[NodeFact] = field(default_factory=list)
    costed: list[NodeFact] = field(default_factory=list)

    def add(self, facts: Iterable[NodeFact], *, costed: bool = True) -> None:
        """Add nodes that are not there yet."""
        for fact in facts:
            if all(fact is not other for other in self.own):
                self.own.append(fact)
                if costed:
                    self.costed.append(fact)


def owned(kernels: Sequence[KernelTime], own: Own, optimised: Sequence[NodeFact] = ()) -> list[Owned]:
    """For each executed node the model's own ones.

    Args:
        kernels: executed nodes.
        own: the model's nodes.
        optimised: nodes of the graph as it was executed; empty if it could not be saved.
    """
    found = [Owned() for _ in kernels]
    if optimised:
        regions = _Regions(own, optimised)
        for entry, nodes in zip(found, _executed(kernels, own, optimised), strict=True):
            for node in nodes:
                members, is_costed = regions.of(node)
                entry.add(members, costed=is_costed)
    by_name = [None if entry.own else own.named(kernel.name) for entry, kernel in zip(found, kernels, strict=True)]
    bearers = {id(fact) for fact in by_name if fact is not None}
    for entry, fact, kernel in zip(found, by_name, kernels, strict=True):
        if fact is not None:
            entry.add([*(_fused_before(fact, own, bearers) if bears_its_output(kernel.name) else ()), fact])
    return found


def _fused_before(fact: NodeFact, own: Own, bearers: set[int]) -> list[NodeFact]:
    """What was fused with the node whose output an executed one is called after, back to the one with arithmetic."""
    found: list[NodeFact] = []
    while not fact.macs and fact.inputs:
        before = own.producer(fact.inputs[0], fact.path)
        if before is None or id(before) in bearers or before.is_fixed or before in found:
            return []
        found.insert(0, before)
        fact = before
    return found if fact.macs else []


def _executed(kernels: Sequence[KernelTime], own: Own, optimised: Sequence[NodeFact]) -> list[list[NodeFact]]:
    """For each kernel the nodes of the optimised graph that it is of; several, where these have the same name."""
    by_name: dict[tuple[str, str], list[NodeFact]] = {}
    unnamed: dict[str, list[NodeFact]] = {}
    for node in optimised:
        operator = node.operator.rpartition(":")[2]
        if node.is_named:
            by_name.setdefault((node.name, operator), []).append(node)
        else:
            unnamed.setdefault(operator, []).append(node)
    found = [by_name.get((kernel.name, kernel.operator), []) for kernel in kernels]
    # The profile calls a node without name after its index, which the saved graph does not have.
    open_: dict[str, list[int]] = {}
    for index, kernel in enumerate(kernels):
        if found[index] or not kernel.name.startswith(f"{kernel.operator}_"):
            continue
        fact = own.named(kernel.name)
        same = [n for n in unnamed.get(kernel.operator, []) if fact is not None and set(n.outputs) & set(fact.outputs)]
        if same:
            found[index] = same[:1]
        else:
            open_.setdefault(kernel.operator, []).append(index)
    taken = {id(node) for nodes in found for node in nodes}
    for operator, indices in open_.items():
        left = [node for node in unnamed.get(operator, []) if id(node) not in taken]
        if len(left) == len(indices):  # As they were executed, the saved graph lists them.
            for index, node in zip(indices, left, strict=True):
                found[index] = [node]
    return found


class _Regions:
    """What each node of the optimised graph computes, in nodes of the model.

    Nodes that hand on a tensor which the model does not have belong together: they compute a region of the model in
    common. In it each keeps the nodes that bear its name or are of its operator; the rest is the leader's, the one that
    has such nodes, or the last.
    """

    def __init__(self, own: Own, optimised: Sequence[NodeFact]) -> None:
        self._own = own
        self._nodes = optimised
        self._boundary = {
            (fact.path, tensor)
            for node in optimised
            for tensor in written(node)
            if (fact := own.producer(tensor, node.path)) is not None
        }
        # A layout-transformed node writes a tensor of another name and layout than the model's.
        self._renamed = {
            (node.path, node.outputs[0]): tensor
            for node in optimised
            for tensor in written(node)[:1]
            if node.outputs and tensor != node.outputs[0]
        }
        self._found: dict[int, tuple[list[NodeFact], bool]] = {}
        for group in self._groups():
            self._divide(group)

    def of(self, node: NodeFact) -> tuple[list[NodeFact], bool]:
        """The model's nodes behind a node of the optimised graph, and whether their arithmetic is done in it."""
        return self._found[id(node)]

    def _groups(self) -> list[list[NodeFact]]:
        """Nodes of the optimised graph, together where they hand on a tensor that the model does not have."""
        parent = list(range(len(self._nodes)))

        def root(index: int) -> int:
            while parent[index] != index:
                parent[index] = parent[parent[index]]
                index = parent[index]
            return index

        makers: dict[tuple[tuple[str, ...], str], int] = {}
        for index, node in enumerate(self._nodes):
            if not any(self._own.producer(tensor, node.path) for tensor in written(node)):
                makers.update({(node.path, output): index for output in filter(None, node.outputs)})
        for index, node in enumerate(self._nodes):
            for tensor in node.inputs:
                if (node.path, tensor) in makers:
                    parent[root(index)] = root(makers[node.path, tensor])
        groups: dict[int, list[NodeFact]] = {}
        for index, node in enumerate(self._nodes):
            groups.setdefault(root(index), []).append(node)
        return list(groups.values())

    def _divide(self, group: list[NodeFact]) -> None:
        region = self._region(group)
        left = {id(fact): fact for fact in region}
        kept: list[list[NodeFact]] = [[] for _ in group]
        for is_same in (self._by_name, self._by_operator):
            for mine, node in zip(kept, group, strict=True):
                if not mine and (fact := is_same(node, left.values())) is not None:
                    mine.append(left.pop(id(fact)))
        leader = next((index for index in reversed(range(len(group))) if kept[index]), len(group) - 1)
        kept[leader] += left.values()
        for mine, node in zip(kept, group, strict=True):
            # What has nothing of its own, such as a change of layout, was inserted for the sake of the others.
            around = region or self._written_by(node)
            self._found[id(node)] = (self._own.in_order(mine), True) if mine else (around, False)

    def _region(self, group: list[NodeFact]) -> list[NodeFact]:
        """The model's nodes from the tensors that the group writes back to those that others write."""
        # A change of layout writes under the model's name what another has already computed.
        known = {self._renamed.get((node.path, tensor)) for node in group for tensor in node.inputs}
        targets = [(node, tensor) for node in group for tensor in written(node) if tensor not in known]
        waiting = [fact for node, tensor in targets if (fact := self._own.producer(tensor, node.path)) is not None]
        found: dict[int, NodeFact] = {}
        while waiting:
            fact = waiting.pop()
            if id(fact) in found or (fact.is_fixed and found):
                continue
            found[id(fact)] = fact
            for tensor in filter(None, fact.inputs):
                before = self._own.producer(tensor, fact.path)
                if before is not None and (before.path, tensor) not in self._boundary:
                    waiting.append(before)
        return self._own.in_order(found.values())

    def _written_by(self, node: NodeFact) -> list[NodeFact]:
        facts = (self._own.producer(tensor, node.path) for tensor in written(node))
        return [fact for fact in facts if fact is not None][:1]

    def _by_name(self, node: NodeFact, left: Iterable[NodeFact]) -> NodeFact | None:
        named = self._own.named(node.name) if node.is_named else None
        return next((fact for fact in left if fact is named), None)

    def _by_operator(self, node: NodeFact, left: Iterable[NodeFact]) -> NodeFact | None:
        return next((fact for fact in left if fact.operator == node.operator), None)
